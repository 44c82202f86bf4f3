package onnx

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/classify"
	"videomae/finetune"
	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// origin is that of weights that must not be sold.
const origin = `{"source":"theirs.pth","sha256":"00","family":"official","licence":"CC-BY-NC-4.0","non_commercial":true,"licence_stated":true}`

// set overrides settings of a recipe with the sizes of tiny.
func set[R recipe.Recipe](t *testing.T, r *R, more ...string) {
	t.Helper()
	for _, s := range append(more, "model.frames=4", "model.height=16", "model.width=24", "model.patch=8", "model.encoder_width=24",
		"model.encoder_depth=2", "model.encoder_heads=3", "data.stride=3") {
		if err := recipe.Set(r, s); err != nil {
			t.Fatal(err)
		}
	}
}

func pretrained(t *testing.T) (run string) {
	t.Helper()
	p := recipe.Default()
	set(t, &p, "model.decoder_width=12", "model.decoder_depth=1", "model.decoder_heads=2", "mask.ratio=0.7")
	p = must[recipe.Pretrain](t)(p.Resolve())
	specs := autoencoder(tiny, 12, 1, 2).Specs()
	return saved(t, train.Checkpoint[recipe.Pretrain]{Config: p, State: train.NewState(drawn("", specs)), About: map[string]string{weights.FamilyKey: weights.PretrainFamily}}.Save)(specs)
}

func finetuned(t *testing.T) (run string) {
	t.Helper()
	f := recipe.DefaultFinetune()
	set(t, &f, "data.scheme=ssv2")
	f = must[recipe.Finetune](t)(f.Resolve())
	specs := classifierOf(classify.Mean).Specs()
	about := map[string]string{weights.FamilyKey: weights.FinetuneFamily, weights.ClassesKey: `["a","b","c","d","e"]`, weights.OriginKey: origin}
	return saved(t, train.Checkpoint[recipe.Finetune]{Config: f, State: train.NewState(drawn("", specs)), About: about}.Save)(specs)
}

func saved[S any](t *testing.T, save func(folder string, specs S) (string, error)) func(specs S) string {
	return func(specs S) string {
		t.Helper()
		run := t.TempDir()
		must[string](t)(save(train.CheckpointFolder(run), specs))
		return run
	}
}

// What is exported of a checkpoint computes what the program's own reading of it does.
func TestExportOfARun(t *testing.T) {
	backend := graphtest.Open(t)
	theirs, ours := video("clips", tiny, clips)
	run := finetuned(t)
	out := filepath.Join(t.TempDir(), "model.onnx")
	var last, total int64
	o := Options{Checkpoint: run, What: OfClassifier, Out: out, Build: Build{Opset: MinOpset}, Progress: func(done, all int64) { last, total = done, all }}
	e := must[Exported](t)(Export(context.Background(), o))
	if last != total || total == 0 || !e.Origin.NonCommercial || e.Nodes == 0 {
		t.Errorf("progress %d of %d, %+v", last, total, e)
	}
	f := read(t, out)
	for key, want := range map[string]string{
		"classes": `["a","b","c","d","e"]`, "mean": "[0.485,0.456,0.406]", "std": "[0.229,0.224,0.225]", "frames": "4", "stride": "3", "sampling": "ssv2", "kind": "classifier",
		"licence": "CC-BY-NC-4.0", "non_commercial": "true", "what": "classifier", "height": "16", "width": "24", "pooling": "mean",
	} {
		if got := f.metadata["videomae."+key]; got != want {
			t.Errorf("metadata: %s is %q, want %q", key, got, want)
		}
	}
	var from checkpoint.Origin
	if err := json.Unmarshal([]byte(f.metadata[weights.OriginKey]), &from); err != nil || from.Source != "theirs.pth" {
		t.Errorf("origin %+v, %v", from, err)
	}
	trained := must[finetune.Trained](t)(finetune.Load(run))
	c := must[*train.Classifier](t)(train.NewClassifier(backend, trained.Model, inFloat32, trained.Weights))
	defer c.Close()
	near(t, "logits", f.run(t, map[string]array{ClipsInput: theirs})["logits"], must[[]float32](t)(c.Logits(ours)))
}

func near(t *testing.T, what string, got array, want []float32) {
	t.Helper()
	values := make([]float32, len(got.v))
	for i, v := range got.v {
		values[i] = float32(v)
	}
	graphtest.Near(t, what, values, graphtest.Doubles(want), 2e-6)
}

func TestExportOfAPretrainedRun(t *testing.T) {
	backend := graphtest.Open(t)
	theirs, ours := video("clips", tiny, clips)
	run := pretrained(t)
	config, model, values, err := train.LoadModel(run)
	if err != nil {
		t.Fatal(err)
	}
	masked := must[int](t)(masking.Count(config.Mask.Kind, tiny.Grid(), config.Mask.Ratio))
	m := make(masking.Mask, tiny.Tokens())
	for i := range masked {
		m[i*2%len(m)+i*2/len(m)] = true
	}
	inputs, want := predictions(t, backend, model, values, ours, m, m, m)
	inputs[ClipsInput] = theirs
	for _, batch := range []int{0, clips} {
		out := filepath.Join(t.TempDir(), "model.onnx")
		must[Exported](t)(Export(context.Background(), Options{Checkpoint: run, What: OfReconstruction, Out: out, Build: Build{Opset: MinOpset, Batch: batch}}))
		near(t, "predictions", read(t, out).run(t, inputs)["predictions"], want)
	}
	out := filepath.Join(t.TempDir(), "model.onnx")
	must[Exported](t)(Export(context.Background(), Options{Checkpoint: run, What: OfFeatures, Out: out, Build: Build{Opset: MinOpset}}))
	f := read(t, out)
	if f.metadata["videomae.sampling"] != "dense" || f.metadata["videomae.kind"] != "pretrain" || f.metadata["videomae.non_commercial"] != "false" {
		t.Error(f.metadata)
	}
	if got := f.run(t, map[string]array{ClipsInput: theirs}); len(got) != 2 || len(got["tokens"].v) != clips*tiny.Tokens()*tiny.Dim {
		t.Errorf("%d outputs", len(got))
	}
}

func TestExportRefusals(t *testing.T) {
	pre, fine, there := pretrained(t), finetuned(t), filepath.Join(t.TempDir(), "there.onnx")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := finetuned(t)
	if err := os.Truncate(filepath.Join(must[string](t)(train.Newest(broken)), "model.safetensors"), 5000); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		checkpoint string
		what       What
		out, says  string
	}{
		"unknown part":        {fine, "loss", "", `"loss"`},
		"no classifier":       {pre, OfClassifier, "", "videomae finetune"},
		"no decoder":          {fine, OfReconstruction, "", "no decoder"},
		"nothing there":       {filepath.Join(pre, "nothing"), OfFeatures, "", "nothing"},
		"output there":        {fine, OfClassifier, there, "there.onnx is there already"},
		"checkpoint cut off":  {broken, OfClassifier, "", "model.safetensors"},
		"folder not there":    {fine, OfClassifier, filepath.Join(pre, "no", "model.onnx"), "no/model.onnx"},
		"folder for the file": {fine, OfClassifier, pre, "is there already"},
	} {
		out := c.out
		if out == "" {
			out = filepath.Join(t.TempDir(), "out.onnx")
		}
		_, err := Export(context.Background(), Options{Checkpoint: c.checkpoint, What: c.what, Out: out, Build: Build{Opset: MinOpset}})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(out + "*"); c.out == "" && len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
