package convert

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/finetune"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// small writes a model of a kind with official names and gives its file.
func small(t *testing.T, kind checkpoint.Kind) string {
	t.Helper()
	m := checkpoint.Model{Kind: kind, Frames: 4, Height: 16, Width: 16, Channels: 3, Tubelet: 2, Patch: 8, EncoderWidth: 12, EncoderDepth: 2, EncoderHeads: 3, EncoderMLP: 48}
	switch kind {
	case checkpoint.Pretrain:
		m.DecoderWidth, m.DecoderDepth, m.DecoderHeads, m.DecoderMLP, m.Target = 6, 1, 2, 24, "normalised"
	case checkpoint.Classifier:
		m.Norm, m.Pooling, m.Head = "fc_norm", "mean", 5
	case checkpoint.Detector:
		m.Norm, m.Head = "norm", 5
	case checkpoint.Encoder:
		m.Norm = "norm"
	}
	var list []weights.Tensor
	for _, s := range m.Specs() {
		tensor, err := weights.FromFloat32s(s.Name, s.Shape, FirstValues(s))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, tensor)
	}
	path := filepath.Join(t.TempDir(), string(kind)+".safetensors")
	if err := weights.Save(path, nil, list); err != nil {
		t.Fatal(err)
	}
	return path
}

// options say what the small models' weights do not tell.
var options = checkpoint.Options{Heads: 3, DecoderHeads: 2, Frames: 4, Height: 16, Width: 16}

func convertSmall(t *testing.T, kind checkpoint.Kind, change func(*Options)) (string, error) {
	t.Helper()
	o := Options{In: small(t, kind), Out: filepath.Join(t.TempDir(), "out"), To: Native, Open: options}
	if change != nil {
		change(&o)
	}
	_, err := Run(context.Background(), o)
	return o.Out, err
}

// What training, evaluation and extraction load is what was converted.
func TestNativeCheckpointsAreLoaded(t *testing.T) {
	folder, err := convertSmall(t, checkpoint.Pretrain, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, model, values, err := train.LoadModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	if config.Model.Target != "normalised" || model.Encoder.Heads != 3 || model.Decoder.Heads != 2 || model.Encoder.Frames != 4 || !slices.Equal(values[0], FirstValues(model.Specs()[0])) {
		t.Errorf("%+v", model)
	}
	if _, err := train.InitWeights(folder, model); err != nil {
		t.Error(err)
	}
	classes := []string{"run", "jump", "fall", "sit", "stand"}
	folder, err = convertSmall(t, checkpoint.Classifier, func(o *Options) { o.Classes = classes })
	if err != nil {
		t.Fatal(err)
	}
	trained, err := finetune.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(trained.Classes, classes) || trained.Model.Encoder.Heads != 3 || len(trained.Weights) != len(trained.Model.Specs()) {
		t.Errorf("%+v", trained.Model)
	}
	for _, kind := range []checkpoint.Kind{checkpoint.Pretrain, checkpoint.Classifier, checkpoint.Encoder} {
		folder, err := convertSmall(t, kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		encoder, err := finetune.LoadEncoder(folder)
		if err != nil || encoder.Config.Heads != 3 || len(encoder.Weights) != 2+2*13+2 {
			t.Errorf("%s: %+v, %v", kind, encoder.Config, err)
		}
		origin, err := finetune.BaseOf(folder)
		if err != nil || !origin.Known {
			t.Errorf("%s: origin %+v, %v", kind, origin, err)
		}
		f := recipe.DefaultFinetune()
		origin.Adopt(&f)
		if f, err = f.Resolve(); err != nil {
			t.Fatal(err)
		}
		c, err := finetune.ModelConfig(f.Model, 2, origin.Source(f))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := finetune.Init(folder, c, []string{"a", "b"}, 0); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// Where weights come from stays with them through further conversions, and so does what was done to them.
func TestOriginTravels(t *testing.T) {
	folder, err := convertSmall(t, checkpoint.Classifier, func(o *Options) { o.Licence = "CC-BY-NC-4.0" })
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "hub")
	r, err := Run(context.Background(), Options{In: folder, Out: out, To: Hub, DType: weights.F16})
	if err != nil {
		t.Fatal(err)
	}
	if o := r.Origin; o.Source != "classifier.safetensors" || len(o.SHA256) != 64 || !o.NonCommercial || !o.Stated || !strings.Contains(o.Changed, "F16") {
		t.Errorf("%+v", o)
	}
	card, err := os.ReadFile(filepath.Join(out, "README.md"))
	if err != nil || !strings.HasPrefix(string(card), "---\nlicense: CC-BY-NC-4.0\n") {
		t.Errorf("%s, %v", card, err)
	}
	text, err := os.ReadFile(filepath.Join(out, "provenance.json"))
	var p provenance
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Imported != r.Origin {
		t.Errorf("%+v, %v", p, err)
	}
}

// What cannot be written is refused, and nothing is left of it.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		kind   checkpoint.Kind
		change func(*Options)
		want   string
	}{
		"detector in ours":    {checkpoint.Detector, nil, "--as encoder"},
		"detector in the hub": {checkpoint.Detector, func(o *Options) { o.To = Hub }, "--as encoder"},
		"unknown heads":       {checkpoint.Encoder, func(o *Options) { o.Open.Heads = 0 }, "--heads"},
		"wrong heads":         {checkpoint.Encoder, func(o *Options) { o.Open.Heads = 5 }, "cannot be shared"},
		"wrong clips":         {checkpoint.Encoder, func(o *Options) { o.Open.Height = 20 }, "20x16"},
		"too many names":      {checkpoint.Classifier, func(o *Options) { o.Classes = make([]string, 6) }, "6 names"},
		"other format":        {checkpoint.Encoder, func(o *Options) { o.To = "onnx" }, "onnx"},
		"range of a half":     {checkpoint.Encoder, func(o *Options) { o.In, o.DType = large(t), weights.F16 }, "range of F16"},
		"not finite":          {checkpoint.Encoder, func(o *Options) { o.In = notFinite(t) }, "NaN"},
	} {
		out, err := convertSmall(t, c.kind, c.change)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

// large and notFinite write an encoder with a value that spoils it.
func large(t *testing.T) string     { return spoiled(t, []byte{0, 0, 0x80, 0x7e}) } // 8.5e37
func notFinite(t *testing.T) string { return spoiled(t, []byte{0, 0, 0xc0, 0x7f}) }

func spoiled(t *testing.T, value []byte) string {
	t.Helper()
	path := small(t, checkpoint.Encoder)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[len(text)-4:], value)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A job that is stopped leaves nothing.
func TestInterruptedConversion(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := Options{In: small(t, checkpoint.Encoder), Out: filepath.Join(t.TempDir(), "out"), To: Native, Open: options}
	o.Progress = func(done, total int64) {
		if done > total/2 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); err == nil {
		t.Error("nobody noticed")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(o.Out), "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
