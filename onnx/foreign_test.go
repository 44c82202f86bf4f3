package onnx

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"videomae/convert"
	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// Reference checkpoints of other programs, whose outputs package convert compares with those programs', are exported as they are read.
func TestExportOfForeignCheckpoints(t *testing.T) {
	folder, backend := given.Golden(t, "pipeline", "checkpoints"), graphtest.Open(t)
	var list struct {
		Config struct {
			Heads        int
			DecoderHeads int `json:"decoder_heads"`
			Image        int
			Frames       int
		}
		Files map[string]struct{ Expected []string }
	}
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "checkpoints.json"))), &list); err != nil {
		t.Fatal(err)
	}
	open := checkpoint.Options{Heads: list.Config.Heads, DecoderHeads: list.Config.DecoderHeads, Frames: list.Config.Frames, Height: list.Config.Image, Width: list.Config.Image}
	exported := 0
	for name, about := range list.Files {
		if len(about.Expected) == 0 {
			continue
		}
		exported++
		path := filepath.Join(folder, name)
		c := must[*checkpoint.Checkpoint](t)(convert.Open(path, open))
		m := c.Model
		what, output := OfFeatures, "features"
		switch m.Kind {
		case checkpoint.Pretrain:
			what, output = OfReconstruction, "predictions"
		case checkpoint.Classifier:
			what, output = OfClassifier, "logits"
		}
		theirs, ours := video("clip", m.Vit(), 1)
		mask := make(masking.Mask, m.Vit().Tokens())
		for i := range len(mask) / 2 {
			mask[2*i] = true
		}
		inputs := map[string]array{}
		if what == OfReconstruction {
			inputs, _, _ = indices(mask)
		}
		inputs[ClipsInput] = theirs
		source := must[weights.Source](t)(c.Complete(convert.FirstValues))
		want := must[[]float32](t)(convert.Outputs(backend, m, source, graphtest.Flat(t, ours), mask))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "model.onnx")
		must[Exported](t)(Export(context.Background(), Options{Checkpoint: path, Open: open, What: what, Out: out, Build: Build{Opset: MinOpset}}))
		near(t, name, read(t, out).run(t, inputs)[output], want)
	}
	if exported == 0 {
		t.Error("no checkpoint was exported")
	}
}
