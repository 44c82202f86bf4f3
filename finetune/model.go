package finetune

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"videomae/classify"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/vit"
	"videomae/weights"
)

// ModelConfig is the classifier of a resolved recipe for a number of classes. source is the grid whose position table is interpolated
// (classify.Config), the zero grid for none.
func ModelConfig(m recipe.FinetuneModel, classes int, source masking.Grid) (classify.Config, error) {
	c := classify.Config{
		Encoder: vit.Config{
			Frames: m.Frames, Height: m.Height, Width: m.Width, Channels: m.Channels, Tubelet: m.Tubelet, Patch: m.Patch,
			Dim: m.EncoderWidth, Depth: m.EncoderDepth, Heads: m.EncoderHeads, MLP: 4 * m.EncoderWidth, DropPath: m.DropPath,
		},
		Classes: classes, Pooling: classify.Pooling(m.Pooling), InitScale: m.InitScale, HeadDropout: m.HeadDropout, Source: source,
	}
	return c, c.Validate()
}

// Trained is the classifier of a checkpoint.
type Trained struct {
	Recipe  recipe.Finetune // resolved
	Model   classify.Config
	Classes []string    // names, in the order of the logits
	Weights [][]float32 // in the order of Model.Specs; their running mean where one was kept
	Folder  string      // of the checkpoint
}

// Load reads the classifier of a run's newest checkpoint, or of one checkpoint folder. A run's best one is in its folder "best".
func Load(path string) (Trained, error) {
	folder, err := train.Newest(path)
	if err != nil {
		return Trained{}, err
	}
	t, err := describe(folder)
	if err != nil {
		return Trained{}, err
	}
	t.Weights, err = train.LoadTrained(folder, t.Model.Specs())
	return t, err
}

// LoadEncoder reads the encoder of any checkpoint of this program, pre-trained or fine-tuned.
func LoadEncoder(path string) (train.Encoder, error) {
	folder, err := train.Newest(path)
	if err != nil {
		return train.Encoder{}, err
	}
	about, err := train.About(folder)
	if err != nil || about[weights.FamilyKey] != weights.FinetuneFamily {
		return train.LoadEncoder(folder)
	}
	t, err := Load(folder)
	if err != nil {
		return train.Encoder{}, err
	}
	return t.encoder(), nil
}

// encoder takes the encoder out of a classifier: what precedes pooling, and the norm beside it.
func (t Trained) encoder() train.Encoder {
	e := train.Encoder{Config: t.Model.Encoder, Stride: t.Recipe.Data.Stride, Norm: "norm", Source: t.Folder, Positions: t.Model.Source}
	if t.Model.Pooling == classify.Mean {
		e.Norm = "fc_norm"
	}
	for i, s := range t.Model.Specs() {
		if isEncoder(s.Name) || s.Name == e.Norm+".weight" || s.Name == e.Norm+".bias" {
			e.Specs, e.Weights = append(e.Specs, s), append(e.Weights, t.Weights[i])
		}
	}
	return e
}

// about is what the weight file of a classifier says of it.
func about(model classify.Config, classes []string) (map[string]string, error) {
	names, err := json.Marshal(classes)
	if err != nil {
		return nil, fmt.Errorf("names of the classes: %w", err)
	}
	a := map[string]string{weights.FamilyKey: weights.FinetuneFamily, weights.ClassesKey: string(names)}
	if g := model.Source; g != (masking.Grid{}) {
		a[weights.PositionsKey] = fmt.Sprintf("%dx%dx%d", g.Slots, g.Rows, g.Cols)
	}
	return a, nil
}

// describe reads what a checkpoint folder says of its classifier.
func describe(folder string) (Trained, error) {
	t := Trained{Folder: folder}
	about, err := train.About(folder)
	if err != nil {
		return t, err
	}
	if family := about[weights.FamilyKey]; family != weights.FinetuneFamily {
		return t, fmt.Errorf("checkpoint %s holds no classifier but %q: fine-tune it first (videomae finetune --init %s)", folder, family, folder)
	}
	if t.Recipe, err = recipe.LoadFinetune(filepath.Join(folder, train.ConfigFile)); err == nil {
		t.Recipe, err = t.Recipe.Resolve()
	}
	if err == nil {
		err = json.Unmarshal([]byte(about[weights.ClassesKey]), &t.Classes)
	}
	var grid masking.Grid
	if text := about[weights.PositionsKey]; err == nil && text != "" {
		if _, err = fmt.Sscanf(text, "%dx%dx%d", &grid.Slots, &grid.Rows, &grid.Cols); err != nil {
			err = fmt.Errorf("grid of positions %q: %w", text, err)
		}
	}
	if err == nil && len(t.Classes) == 0 {
		err = errors.New("names no classes")
	}
	if err == nil {
		t.Model, err = ModelConfig(t.Recipe.Model, len(t.Classes), grid)
	}
	if err != nil {
		return t, fmt.Errorf("checkpoint %s: %w", folder, err)
	}
	return t, nil
}

// Resume reads the whole state of a run's newest checkpoint. An error that wraps fs.ErrNotExist says that there is none.
func Resume(run string) (train.Checkpoint[recipe.Finetune], Trained, error) {
	var c train.Checkpoint[recipe.Finetune]
	folder, err := train.Newest(train.CheckpointFolder(run))
	if err != nil {
		return c, Trained{}, err
	}
	t, err := describe(folder)
	if err != nil {
		return c, t, err
	}
	c, err = train.ReadCheckpoint(folder, t.Recipe, t.Model.Specs())
	return c, t, err
}
