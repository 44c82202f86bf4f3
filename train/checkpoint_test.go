package train

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/mae"
	"videomae/recipe"
)

// minuteRecipe is a resolved recipe of a model as small as they get.
func minuteRecipe(t *testing.T) (recipe.Pretrain, mae.Config) {
	t.Helper()
	p := recipe.Default()
	for _, s := range []string{"model.frames=2", "model.height=32", "model.width=32", "model.encoder_width=24", "model.encoder_depth=1",
		"model.decoder_width=12", "model.decoder_depth=1", "mask.ratio=0.75"} {
		if err := recipe.Set(&p, s); err != nil {
			t.Fatal(err)
		}
	}
	p, err := p.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	model, err := ModelConfig(p.Model)
	if err != nil {
		t.Fatal(err)
	}
	return p, model
}

// save writes a checkpoint at a step whose weights come from the step.
func save(t *testing.T, run string, step int) (string, Checkpoint[recipe.Pretrain]) {
	t.Helper()
	p, model := minuteRecipe(t)
	c := Checkpoint[recipe.Pretrain]{Progress: Progress{Step: step, Updates: step, Epoch: 1, InEpoch: 2, Manifest: "hash"}, Config: p,
		Provenance: Provenance{Program: "videomae test"}, State: NewState(InitialWeights(model.Specs(), uint64(step)))}
	c.State.Updates = step
	path, err := c.Save(CheckpointFolder(run), model.Specs())
	if err != nil {
		t.Fatal(err)
	}
	return path, c
}

func TestCheckpointsReadBackAsWritten(t *testing.T) {
	run := t.TempDir()
	path, want := save(t, run, 3)
	got, err := LoadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	if !equal(got.State, want.State) || got.Progress != want.Progress || got.Provenance != want.Provenance {
		t.Error("state, progress or provenance changed on the way")
	}
	if d := recipe.Differences(want.Config, got.Config); len(d) > 0 {
		t.Errorf("settings changed on the way: %v", d)
	}
}

func TestPruneKeepsTheNewestAndClearsLeftovers(t *testing.T) {
	run := t.TempDir()
	for _, step := range []int{2, 10, 1, 9} {
		save(t, run, step)
	}
	for _, leftover := range []string{".writing-step-00000011", ".removing-step-00000001"} {
		if err := os.MkdirAll(filepath.Join(run, "checkpoints", leftover), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := Prune(CheckpointFolder(run), 2); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(run, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"step-00000009", "step-00000010"}; !slices.Equal(names, want) {
		t.Errorf("left %v, want %v", names, want)
	}
	newest, err := Newest(run)
	if err != nil || filepath.Base(newest) != "step-00000010" {
		t.Errorf("newest is %s (%v)", newest, err)
	}
}

func TestNewestOfNothing(t *testing.T) {
	if _, err := Newest(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error that wraps fs.ErrNotExist", err)
	}
}

func TestDamagedCheckpointsAreNamed(t *testing.T) {
	for _, file := range []string{modelFile, optimizerFile, progressFile, provenanceFile} {
		path, _ := save(t, t.TempDir(), 1)
		if err := os.Truncate(filepath.Join(path, file), 9); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadCheckpoint(path); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s cut short: got %v, want an error that names it", file, err)
		}
	}
}

// The first lines of a recipe are a recipe, with defaults for the rest: what gives them away is that the weights do not fit.
func TestSettingsCutShortAreRefused(t *testing.T) {
	path, _ := save(t, t.TempDir(), 1)
	if err := os.Truncate(filepath.Join(path, ConfigFile), 9); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCheckpoint(path); err == nil || !strings.Contains(err.Error(), "does not fit the model") {
		t.Errorf("got %v, want the weights refused", err)
	}
}

func TestWeightsThatAreNotNumbersAreNamed(t *testing.T) {
	_, model := minuteRecipe(t)
	run := t.TempDir()
	p, _ := minuteRecipe(t)
	c := Checkpoint[recipe.Pretrain]{Config: p, State: NewState(InitialWeights(model.Specs(), 1))}
	c.State.Weights[4][7] = float32(math.NaN())
	path, err := c.Save(CheckpointFolder(run), model.Specs())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := InitWeights(path, model); err == nil || !strings.Contains(err.Error(), model.Specs()[4].Name) {
		t.Errorf("got %v, want an error that names %s", err, model.Specs()[4].Name)
	}
}

func TestWeightsOfAnotherModelAreRefused(t *testing.T) {
	path, _ := save(t, t.TempDir(), 1)
	_, model := minuteRecipe(t)
	model.Encoder.Depth = 2
	if _, err := InitWeights(path, model); err == nil || !strings.Contains(err.Error(), "encoder.blocks.1.attn.qkv.weight") {
		t.Errorf("got %v, want an error that names the missing block", err)
	}
}

func TestSaveOntoAFileInTheWay(t *testing.T) {
	run := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(run, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	p, model := minuteRecipe(t)
	c := Checkpoint[recipe.Pretrain]{Config: p, State: NewState(InitialWeights(model.Specs(), 1))}
	if _, err := c.Save(CheckpointFolder(run), model.Specs()); err == nil || !strings.Contains(err.Error(), run) {
		t.Errorf("got %v, want an error that names %s", err, run)
	}
}
