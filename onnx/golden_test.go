package onnx

import (
	"math"
	"path/filepath"
	"testing"

	"videomae/classify"
	"videomae/golden"
	"videomae/internal/given"
	"videomae/vit"
)

// goldenTrials are the classifiers whose logits the official code has computed: those that take at most so many bytes.
func goldenTrials(t *testing.T, most int64) (list []trial) {
	cases := must[[]*golden.Finetune](t)(golden.FinetuneCases(given.Golden(t)))
	for _, c := range cases {
		t.Cleanup(func() { _ = c.Arrays.Close() })
		m := classify.Config{Pooling: classify.Mean, Classes: c.Classes, Encoder: vit.Config{Frames: c.Frames, Height: c.Image[0], Width: c.Image[1], Channels: 3, Tubelet: 2, Patch: 16,
			Dim: c.Width, Depth: c.Depth, Heads: c.Heads, MLP: 4 * c.Width}}
		var values [][]float32
		for _, s := range m.Specs() {
			amplitude, offset := float32(math.Sqrt(3/float64(s.Size()/s.Shape[0]))), float32(0)
			switch {
			case len(s.Shape) == 1 && filepath.Ext(s.Name) == ".weight":
				amplitude, offset = 0.1, 1
			case len(s.Shape) == 1:
				amplitude = 0.02
			}
			values = append(values, golden.Array(c.Salt+s.Name, s.Size(), amplitude, offset))
		}
		model := must[*Model](t)(Classifier(m, of(m.Specs(), values), Build{Opset: MinOpset}))
		if model.Size() > most {
			continue
		}
		stored, err := c.Arrays.Tensor("out.logits")
		if err != nil {
			t.Fatal(err)
		}
		theirs, _ := video(c.Salt+"video", m.Encoder, c.Batch)
		list = append(list, trial{"official " + c.Name, model, map[string]array{ClipsInput: theirs},
			map[string][]float32{"logits": must[[]float32](t)(stored.Float32s())}, 1e-4})
	}
	if len(list) == 0 {
		t.Fatal("no case is small enough")
	}
	return list
}

func TestFilesComputeWhatTheOfficialCodeDoes(t *testing.T) {
	for _, c := range goldenTrials(t, 1<<20) {
		c.check(t)
	}
}
