package onnx

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/extract"
	"videomae/golden"
	"videomae/internal/graphtest"
	"videomae/mae"
	"videomae/masking"
	"videomae/train"
	"videomae/vit"
)

// tiny is an encoder of clips whose sides all differ.
var tiny = vit.Config{Frames: 4, Height: 16, Width: 24, Channels: 3, Tubelet: 2, Patch: 8, Dim: 24, Depth: 2, Heads: 3, MLP: 96}

// clips is how many clips a trial has.
const clips = 3

var inFloat32 = vit.Compute{DType: dtypes.Float32}

// trial is a model, inputs, and the outputs that it must have.
type trial struct {
	name   string
	model  *Model
	inputs map[string]array
	want   map[string][]float32
	limit  float64 // share of the largest magnitude
}

// drawn makes weights that are all of consequence.
func drawn(salt string, specs []vit.Spec) (all [][]float32) {
	for _, s := range specs {
		amplitude, offset := float32(math.Sqrt(3/float64(s.Size()/s.Shape[0]))), float32(0)
		if len(s.Shape) == 1 {
			amplitude, offset = 0.3, 0.6
		}
		all = append(all, golden.Array(salt+s.Name, s.Size(), amplitude, offset))
	}
	return all
}

// video makes clips in the order of the exported models' input, and the same for ours.
func video(name string, c vit.Config, b int) (theirs array, ours *tensors.Tensor) {
	n := c.Frames * c.Height * c.Width
	values := golden.Array(name, b*c.Channels*n, 2, 0)
	theirs = array{Float, []int{b, c.Channels, c.Frames, c.Height, c.Width}, graphtest.Doubles(values)}
	last := make([]float32, len(values))
	for i, v := range values {
		clip, channel, place := i/n/c.Channels, i/n%c.Channels, i%n
		last[(clip*n+place)*c.Channels+channel] = v
	}
	return theirs, tensors.FromFlatDataAndDimensions(last, b, c.Frames, c.Height, c.Width, c.Channels)
}

// of gives the values of a model's tensors.
func of(specs []vit.Spec, values [][]float32) Weights {
	return func(name string) ([]float32, error) {
		for i, s := range specs {
			if s.Name == name {
				return values[i], nil
			}
		}
		return nil, fmt.Errorf("no tensor %q", name)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// builds are ways to build that a model is tried in.
var builds = []Build{{Opset: 17}, {Opset: 18, Batch: clips}, {Opset: 20}, {Opset: 19, Half: true}}

func (b Build) String() string {
	return fmt.Sprintf("opset %d batch %d half %v", b.Opset, b.Batch, b.Half)
}

// tries gives a trial for each build of a model: of all clips, and of one where the build lets calls choose.
func tries(t *testing.T, name string, build func(Build) (*Model, error), inputs map[string]array, want map[string][]float32) (list []trial) {
	for _, b := range builds {
		one := trial{fmt.Sprint(name, ", ", b), must[*Model](t)(build(b)), inputs, want, 2e-6}
		if b.Half {
			one.limit = 1e-2
		}
		list = append(list, one)
		if b.Batch == 0 {
			first := trial{one.name + ", first clip", one.model, map[string]array{}, map[string][]float32{}, one.limit}
			for key, a := range inputs {
				first.inputs[key] = array{a.kind, append([]int{1}, a.shape[1:]...), a.v[:len(a.v)/clips]}
			}
			for key, v := range want {
				first.want[key] = v[:len(v)/clips]
			}
			list = append(list, first)
		}
	}
	return list
}

func featureTrials(t *testing.T, backend compute.Backend) (list []trial) {
	theirs, ours := video("clips", tiny, clips)
	for _, norm := range []string{"norm", "fc_norm"} {
		e := train.Encoder{Config: tiny, Norm: norm, Specs: append(append(vit.EmbeddingSpecs("", tiny), vit.BlockSpecs("", tiny)...), vit.NormSpecs(norm, tiny.Dim)...)}
		if norm == "fc_norm" {
			e.Positions = masking.Grid{Slots: 4, Rows: 3, Cols: 2}
		}
		e.Weights = drawn("", e.Specs)
		want := map[string][]float32{}
		for name, o := range map[string]extract.Options{"features": {Norm: true, Pool: extract.Mean}, "tokens": {Norm: norm == "norm", Pool: extract.None}} {
			x := must[*extract.Extractor](t)(extract.New(backend, e, inFloat32, o))
			want[name] = must[[]float32](t)(x.Run(ours))
			x.Close()
		}
		list = append(list, tries(t, "features behind "+norm, func(b Build) (*Model, error) {
			return Features(Encoder{Config: tiny, Norm: norm, Positions: e.Positions}, e.Specs, of(e.Specs, e.Weights), b)
		}, map[string]array{ClipsInput: theirs}, want)...)
	}
	return list
}

// classifierOf is a classifier.
func classifierOf(pooling classify.Pooling) classify.Config {
	m := classify.Config{Encoder: tiny, Classes: 5, Pooling: pooling}
	if pooling == classify.NormMean {
		m.Source = masking.Grid{Slots: 1, Rows: 4, Cols: 4}
	}
	return m
}

func classifierTrials(t *testing.T, backend compute.Backend) (list []trial) {
	theirs, ours := video("clips", tiny, clips)
	for _, pooling := range classify.Poolings {
		m := classifierOf(pooling)
		values := drawn("", m.Specs())
		c := must[*train.Classifier](t)(train.NewClassifier(backend, m, inFloat32, values))
		want := map[string][]float32{"logits": must[[]float32](t)(c.Logits(ours))}
		c.Close()
		list = append(list, tries(t, "classifier with "+string(pooling), func(b Build) (*Model, error) {
			return Classifier(m, of(m.Specs(), values), b)
		}, map[string]array{ClipsInput: theirs}, want)...)
	}
	return list
}

// autoencoder is a pre-training model of an encoder.
func autoencoder(c vit.Config, dim, depth, heads int) mae.Config {
	d := c
	d.Dim, d.Depth, d.Heads, d.MLP = dim, depth, heads, 4*dim
	return mae.Config{Encoder: c, Decoder: d, Target: mae.Normalised, Loss: mae.MSE}
}

// indices gives the visible and the masked cubes of masks of the same count, as the exported model takes them and as ours does.
func indices(masks ...masking.Mask) (theirs map[string]array, visible, masked *tensors.Tensor) {
	var parts [2][]int32
	for _, m := range masks {
		v, h := m.Split()
		parts[0], parts[1] = append(parts[0], v...), append(parts[1], h...)
	}
	theirs = map[string]array{}
	var ours [2]*tensors.Tensor
	for i, name := range []string{"visible", "masked"} {
		a := zeros(Int64, len(masks), len(parts[i])/len(masks))
		for k, v := range parts[i] {
			a.v[k] = float64(v)
		}
		theirs[name], ours[i] = a, tensors.FromFlatDataAndDimensions(parts[i], a.shape...)
	}
	return theirs, ours[0], ours[1]
}

// predictions are those of our model, for masks of the same count.
func predictions(t *testing.T, backend compute.Backend, c mae.Config, values [][]float32, ours *tensors.Tensor, masks ...masking.Mask) (index map[string]array, want []float32) {
	t.Helper()
	index, visible, masked := indices(masks...)
	p := must[*train.Predictor](t)(train.NewPredictor(backend, c, inFloat32))
	defer p.Close()
	_, want, err := p.Predict(train.Tensors(c.Specs(), values), train.Batch{Clips: ours, Visible: visible, Masked: masked})
	if err != nil {
		t.Fatal(err)
	}
	return index, want
}

func reconstructionTrials(t *testing.T, backend compute.Backend) []trial {
	theirs, ours := video("clips", tiny, clips)
	c := autoencoder(tiny, 12, 1, 2)
	values := drawn("", c.Specs())
	n := tiny.Tokens()
	const masked = 8
	var masks []masking.Mask
	for clip := range clips {
		m := make(masking.Mask, n)
		for i := range masked {
			m[(5*i+clip)%n] = true
		}
		masks = append(masks, m)
	}
	inputs, want := predictions(t, backend, c, values, ours, masks...)
	inputs[ClipsInput] = theirs
	return tries(t, "reconstruction", func(b Build) (*Model, error) {
		if b.Batch == 0 {
			return Reconstruction(c, of(c.Specs(), values), 0, b)
		}
		return Reconstruction(c, of(c.Specs(), values), masked, b)
	}, inputs, map[string][]float32{"predictions": want})
}

// written writes a trial's model and gives the file.
func (c trial) written(t *testing.T, limit int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if _, err := c.model.Write(context.Background(), path, limit, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// check runs the trial's model in plain loops.
func (c trial) check(t *testing.T) {
	t.Helper()
	f := read(t, c.written(t, 0))
	if f.opset != int64(c.model.graph.opset) || f.ir < 8 {
		t.Errorf("opset %d, version %d", f.opset, f.ir)
	}
	out := f.run(t, c.inputs)
	if len(out) != len(c.want) {
		t.Errorf("%d outputs, want %d", len(out), len(c.want))
	}
	for name, want := range c.want {
		got := make([]float32, len(out[name].v))
		for i, v := range out[name].v {
			got[i] = float32(v)
		}
		graphtest.Near(t, c.name+": "+name, got, graphtest.Doubles(want), c.limit)
	}
}

func TestFilesComputeWhatOurModelsDo(t *testing.T) {
	backend := graphtest.Open(t)
	for _, c := range append(append(featureTrials(t, backend), classifierTrials(t, backend)...), reconstructionTrials(t, backend)...) {
		c.check(t)
	}
}

func TestModelsThatCannotBe(t *testing.T) {
	m := classifierOf(classify.Mean)
	for _, b := range []Build{{Opset: 16}, {Opset: 21}, {}, {Opset: 17, Batch: -1}} {
		if _, err := Classifier(m, of(nil, nil), b); err == nil {
			t.Errorf("%v was built", b)
		}
	}
	_, err := Features(Encoder{Config: tiny, Norm: "norm"}, vit.EmbeddingSpecs("", tiny), of(nil, nil), Build{Opset: 17})
	if err == nil || !strings.Contains(err.Error(), "blocks.1.mlp.fc2.weight") {
		t.Errorf("an encoder without blocks: %v", err)
	}
}
