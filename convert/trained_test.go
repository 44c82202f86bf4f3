package convert

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/classify"
	"videomae/finetune"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// trained writes a checkpoint as fine-tuning does.
func trained(t *testing.T, pooling, positions string) string {
	t.Helper()
	f := recipe.DefaultFinetune()
	m := &f.Model
	m.Frames, m.Height, m.Width, m.EncoderWidth, m.EncoderDepth, m.EncoderHeads, m.Pooling = 4, 32, 32, 12, 1, 3, pooling
	f, err := f.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	model, err := finetune.ModelConfig(f.Model, 2, masking.Grid{})
	if err != nil {
		t.Fatal(err)
	}
	classes, err := json.Marshal([]string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	about := map[string]string{weights.FamilyKey: weights.FinetuneFamily, "classes": string(classes)}
	if positions != "" {
		about["positions"] = positions
	}
	state := train.State{Weights: train.InitialWeights(model.Specs(), 1), Average: train.InitialWeights(model.Specs(), 2)}
	run := t.TempDir()
	if _, err := (train.Checkpoint[recipe.Finetune]{Config: f, About: about, State: state}).Save(train.CheckpointFolder(run), model.Specs()); err != nil {
		t.Fatal(err)
	}
	return run
}

// A run's checkpoint is converted with the running mean of its weights, its classes and its pooling; other programs get what they can compute.
func TestRunsAreConverted(t *testing.T) {
	for _, pooling := range classify.Poolings {
		run := trained(t, string(pooling), "")
		out := filepath.Join(t.TempDir(), "native")
		r, err := Run(context.Background(), Options{In: run, Out: out, To: Native})
		if err != nil {
			t.Fatal(err)
		}
		want, err := finetune.Load(run)
		if err != nil {
			t.Fatal(err)
		}
		got, err := finetune.Load(out)
		if err != nil {
			t.Fatal(err)
		}
		if got.Model.Pooling != pooling || !slices.Equal(got.Classes, want.Classes) || r.Origin.NonCommercial {
			t.Errorf("%s: %+v %v, origin %+v", pooling, got.Model, got.Classes, r.Origin)
		}
		for i := range want.Weights {
			if !slices.Equal(got.Weights[i], want.Weights[i]) {
				t.Errorf("%s: tensor %d changed", pooling, i)
			}
		}
		_, err = Run(context.Background(), Options{In: run, Out: filepath.Join(t.TempDir(), "hub"), To: Hub})
		if (err == nil) != (pooling == classify.Mean) || err != nil && !strings.Contains(err.Error(), "pooling") {
			t.Errorf("%s for the hub: %v", pooling, err)
		}
	}
}

// Interpolated positions belong to the model: they stay where they can be said, and nothing else is written in silence.
func TestInterpolatedPositions(t *testing.T) {
	run := trained(t, "mean", "2x3x3")
	out := filepath.Join(t.TempDir(), "native")
	if _, err := Run(context.Background(), Options{In: run, Out: out, To: Native}); err != nil {
		t.Fatal(err)
	}
	if got, err := finetune.Load(out); err != nil || got.Model.Source != (masking.Grid{Slots: 2, Rows: 3, Cols: 3}) {
		t.Errorf("%+v, %v", got.Model.Source, err)
	}
	for name, o := range map[string]Options{"hub": {To: Hub}, "encoder": {To: Native, Open: checkpoint.Options{As: checkpoint.Encoder}}} {
		o.In, o.Out = run, filepath.Join(t.TempDir(), "out")
		if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "interpolated") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
