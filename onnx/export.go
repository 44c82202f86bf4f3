package onnx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"videomae/convert"
	"videomae/frames"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights/checkpoint"
)

// What names a part of a checkpoint that can be exported.
type What string

// The parts.
const (
	OfFeatures       What = "features"       // the encoder
	OfClassifier     What = "classifier"     // the encoder and the head
	OfReconstruction What = "reconstruction" // the encoder and the decoder
)

// Whats lists them.
var Whats = []What{OfFeatures, OfClassifier, OfReconstruction}

// Options are what to export, and how.
type Options struct {
	Checkpoint string             // run, or checkpoint of any family
	Open       checkpoint.Options // of those that do not tell all
	What       What
	Out        string // the file to make
	Build
	Inline   int64                   // longest file that holds its weights (Model.Write); 0: MaxInline
	Progress func(done, total int64) // bytes dealt with; may be nil
}

// Exported tells what an export has made.
type Exported struct {
	Written
	Checkpoint string            `json:"checkpoint"` // that was read
	What       What              `json:"what"`
	Opset      int               `json:"opset"`
	Inputs     []Value           `json:"inputs"`
	Outputs    []Value           `json:"outputs"`
	Nodes      int               `json:"nodes"`
	Tensors    int               `json:"tensors"`
	Metadata   map[string]string `json:"metadata"`
	Origin     checkpoint.Origin `json:"origin"`
	Remarks    []string          `json:"remarks"` // what was assumed of the checkpoint
}

// Export writes a part of a checkpoint as an ONNX file. One tensor is in memory at a time.
func Export(ctx context.Context, o Options) (Exported, error) {
	if !slices.Contains(Whats, o.What) {
		return Exported{}, fmt.Errorf("onnx: cannot export %q (have %v)", o.What, Whats)
	}
	if err := absent(o.Out); err != nil {
		return Exported{}, fmt.Errorf("onnx: %w", err)
	}
	c, err := convert.Open(o.Checkpoint, o.Open)
	if err != nil {
		return Exported{}, err
	}
	e, err := o.export(ctx, c)
	return e, errors.Join(err, c.Close())
}

func (o Options) export(ctx context.Context, c *checkpoint.Checkpoint) (Exported, error) {
	m, err := o.load(c)
	if err != nil {
		return Exported{}, fmt.Errorf("onnx: %s: %w", c.Tensors, err)
	}
	dealt, total := int64(0), c.Hashed()+m.Size()
	done := func(bytes int64) {
		if dealt += bytes; o.Progress != nil {
			o.Progress(dealt, total)
		}
	}
	origin, err := c.FindOrigin(ctx, "", done)
	if err != nil {
		return Exported{}, err
	}
	if o.Half {
		origin.Changed = strings.TrimPrefix(origin.Changed+"; stored as F16", "; ")
	}
	if err := m.describe(map[string]any{"what": o.What, "origin": origin, "licence": origin.Licence, "non_commercial": origin.NonCommercial}); err != nil {
		return Exported{}, err
	}
	m.producer = version()
	written, err := m.Write(ctx, o.Out, o.Inline, done)
	return Exported{Written: written, Checkpoint: c.Tensors, What: o.What, Opset: o.Opset, Inputs: m.Inputs, Outputs: m.Outputs,
		Nodes: len(m.graph.nodes), Tensors: len(m.graph.constants), Metadata: m.Metadata, Origin: origin, Remarks: append([]string{}, c.Remarks...)}, err
}

// load makes the graph of a part of a checkpoint, and says in its metadata what its users must know, under keys that begin with "videomae.".
func (o Options) load(c *checkpoint.Checkpoint) (*Model, error) {
	source, err := c.Complete(convert.FirstValues)
	if err != nil {
		return nil, err
	}
	if err := c.Model.CheckRunnable(); err != nil {
		return nil, fmt.Errorf("%w; videomae convert --to native takes that and makes a checkpoint that says it", err)
	}
	values := func(name string) ([]float32, error) {
		t, err := source.Tensor(name)
		if err == nil {
			err = t.CheckFinite()
		}
		if err != nil {
			return nil, err
		}
		return t.Float32s()
	}
	run, err := settingsOf(c)
	if err != nil {
		return nil, err
	}
	m, err := o.build(c.Model, run, values)
	if err != nil {
		return nil, err
	}
	return m, m.describe(run.facts(c.Model))
}

// build makes the graph of a part of a model.
func (o Options) build(m checkpoint.Model, run settings, values Weights) (*Model, error) {
	switch {
	case o.What == OfFeatures:
		e := Encoder{Config: m.Vit(), Norm: m.Norm, Positions: m.Classify().Source}
		if m.Kind == checkpoint.Pretrain {
			e.Norm, e.Prefix = "norm", "encoder."
		}
		return Features(e, m.Specs(), values, o.Build)
	case o.What == OfClassifier && m.Kind == checkpoint.Classifier:
		model, err := Classifier(m.Classify(), values, o.Build)
		if err != nil {
			return nil, err
		}
		facts := map[string]any{"pooling": m.Pooling}
		if len(m.Classes) > 0 {
			facts["classes"] = m.Classes
		}
		return model, model.describe(facts)
	case o.What == OfReconstruction && m.Kind == checkpoint.Pretrain:
		masked := 0
		if o.Batch > 0 {
			n, err := masking.Count(run.mask.Kind, m.Vit().Grid(), run.mask.Ratio)
			if err != nil {
				return nil, err
			}
			masked = n
		}
		model, err := Reconstruction(m.MAE(), values, masked, o.Build)
		if err != nil {
			return nil, err
		}
		return model, model.describe(map[string]any{"target": m.Target, "mask": run.mask.Kind, "mask_ratio": run.mask.Ratio})
	case o.What == OfClassifier:
		return nil, fmt.Errorf("it holds no classifier but a model of the kind %q: fine-tune it first (videomae finetune --init)", m.Kind)
	}
	return nil, fmt.Errorf("it holds no decoder but a model of the kind %q: reconstruction needs a pre-trained one", m.Kind)
}

// settings are what the recipe beside the weights says of how they are used; without one, the usual.
type settings struct {
	scheme string
	mask   recipe.Mask
}

func settingsOf(c *checkpoint.Checkpoint) (settings, error) {
	s := settings{recipe.DefaultFinetune().Data.Scheme, recipe.Default().Mask}
	path := filepath.Join(c.Folder, train.ConfigFile)
	if _, err := os.Stat(path); c.Folder == "" || err != nil {
		return s, nil
	}
	if c.Model.Kind == checkpoint.Classifier {
		r, err := recipe.LoadFinetune(path)
		s.scheme = r.Data.Scheme
		return s, err
	}
	r, err := recipe.Load(path)
	s.mask = r.Mask
	return s, err
}

// facts say how clips are taken of a video, and what is done to their pixels.
func (s settings) facts(m checkpoint.Model) map[string]any {
	mean, std := m.Mean, m.Std
	if len(mean) == 0 {
		a, b := frames.PixelStats(m.Channels)
		mean, std = doubles(a), doubles(b)
	}
	facts := map[string]any{
		"kind": m.Kind, "sampling": s.scheme, "layout": "batch, channel, frame, row, column", "mean": mean, "std": std,
		"channels": m.Channels, "frames": m.Frames, "height": m.Height, "width": m.Width, "tubelet": m.Tubelet, "patch": m.Patch,
	}
	if m.Stride > 0 {
		facts["stride"] = m.Stride
	}
	return facts
}

// doubles converts values so that their shortest text stays the same.
func doubles(values []float32) (out []float64) {
	for _, v := range values {
		d, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64) // a number's own text is a number
		out = append(out, d)
	}
	return out
}

// describe adds to the metadata: text as it is, all else as JSON.
func (m *Model) describe(facts map[string]any) error {
	for key, v := range facts {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		var plain string
		if json.Unmarshal(text, &plain) != nil {
			plain = string(text) // a number or a list
		}
		m.Metadata["videomae."+key] = plain
	}
	return nil
}

// version is that of this program, with the commit where the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	parts := []string{info.Main.Version}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			parts = append(parts, s.Value)
		}
	}
	return strings.Join(parts, " ")
}
