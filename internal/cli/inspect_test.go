package cli

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// saveCheckpoint writes a run with one checkpoint of a small model; change may alter its weights.
func saveCheckpoint(t *testing.T, change func([][]float32)) (run string) {
	t.Helper()
	p, err := recipe.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	p.Model.EncoderWidth, p.Model.EncoderDepth, p.Model.DecoderWidth, p.Model.DecoderDepth = 12, 2, 6, 1
	if p, err = p.Resolve(); err != nil {
		t.Fatal(err)
	}
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		t.Fatal(err)
	}
	values := train.InitialWeights(model.Specs(), 0)
	change(values)
	run = t.TempDir()
	_, err = train.Checkpoint[recipe.Pretrain]{
		Progress:   train.Progress{Step: 7, Updates: 6},
		Provenance: train.Provenance{Program: "videomae test", Data: "clips.csv", Clips: 11},
		Config:     p, State: train.NewState(values),
		About: map[string]string{weights.FamilyKey: weights.PretrainFamily},
	}.Save(train.CheckpointFolder(run), model.Specs())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestInspectCheckpoint(t *testing.T) {
	run := saveCheckpoint(t, func([][]float32) {})
	var out bytes.Buffer
	if err := inspect(Streams{Out: &out}, run, true, false); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Path, Kind string
		Progress   train.Progress
		Provenance train.Provenance
		Work       work
		Config     struct{ Model map[string]any }
		Tensors    []tensorInfo
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "checkpoint" || got.Path != filepath.Join(run, "checkpoints", "step-00000007") {
		t.Errorf("a %s at %s, want the run's checkpoint", got.Kind, got.Path)
	}
	if got.Progress.Step != 7 || got.Progress.Updates != 6 || got.Provenance.Clips != 11 {
		t.Errorf("%+v, %+v are not what was saved", got.Progress, got.Provenance)
	}
	if width := got.Config.Model["encoder_width"]; width != 12.0 {
		t.Errorf("encoder_width %v in the settings, want 12", width)
	}
	if got.Work.Visible != 16 || got.Work.Cubes != 64 { // a quarter of 4 slots of 4x4 places
		t.Errorf("%d of %d cubes visible, want 16 of 64", got.Work.Visible, got.Work.Cubes)
	}
	// mask token; embedding 2; 13 tensors a block; two norms of 2; head 2; projection
	if want := 1 + 2 + 13*3 + 4 + 2 + 1; len(got.Tensors) != want {
		t.Errorf("%d tensors, want %d", len(got.Tensors), want)
	}
	out.Reset()
	if err := inspect(Streams{Out: &out}, run, false, false); err != nil || !strings.Contains(out.String(), "step 7 (6 updates)") {
		t.Errorf("error %v, text without progress:\n%s", err, &out)
	}
}

func TestInspectNamesTheTensorWithNaN(t *testing.T) {
	run := saveCheckpoint(t, func(values [][]float32) { values[0][3] = float32(math.NaN()) })
	err := inspect(Streams{Out: &bytes.Buffer{}}, run, false, false)
	if err == nil || !strings.Contains(err.Error(), "mask_token") || !strings.Contains(err.Error(), "model.safetensors") {
		t.Errorf("got %v, want an error that names file and tensor", err)
	}
}
