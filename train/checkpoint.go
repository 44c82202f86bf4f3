package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"videomae/recipe"
	"videomae/vit"
	"videomae/weights"
)

// The files of a checkpoint folder.
const (
	modelFile      = "model.safetensors"     // weights under their official names
	optimizerFile  = "optimizer.safetensors" // first.NAME and second.NAME for every weight NAME
	progressFile   = "state.json"
	averageFile    = "average.safetensors" // the running mean of the weights, where one is kept
	ConfigFile     = "config.yaml"         // the recipe, resolved
	provenanceFile = "provenance.json"
)

// Progress is where in its run a checkpoint was taken.
type Progress struct {
	Step     int     `json:"step"`    // update steps gone through, skipped ones included
	Updates  int     `json:"updates"` // those that changed the weights
	Epoch    int     `json:"epoch"`   // place in the data of the next step
	InEpoch  int     `json:"step_in_epoch"`
	Seconds  float64 `json:"seconds"` // spent so far
	Manifest string  `json:"manifest"`

	Validation Validation `json:"validation,omitzero"` // of fine-tuning
}

// Validation is how far a fine-tuning run has been validated, and its best result.
type Validation struct {
	Epoch     int     `json:"epoch"`      // epochs gone through at the last one
	BestEpoch int     `json:"best_epoch"` // and at the best one
	BestTop1  float64 `json:"best_top1"`  // in percent
}

// Settings are a recipe of either kind.
type Settings interface {
	recipe.Recipe
	YAML() []byte
}

// Checkpoint is a run's whole state at a step.
type Checkpoint[R Settings] struct {
	Progress   Progress
	Config     R                 // resolved
	About      map[string]string // what the weight file says of the model
	Provenance Provenance
	State      State // without moments, only a model is saved
}

// Prefixes of folders that are not whole checkpoints: one being written, one being removed.
const (
	writingPrefix  = ".writing-"
	removingPrefix = ".removing-"
)

// Save writes a checkpoint of a model with the given tensors into a folder of checkpoints and returns its path. It is written beside and
// renamed when all of it is on the disk, so that a kill or a full disk leaves the checkpoints before it as they were.
func (c Checkpoint[R]) Save(folder string, specs []vit.Spec) (string, error) {
	name := stepName(c.Progress.Step)
	beside, final := filepath.Join(folder, writingPrefix+name), filepath.Join(folder, name)
	if err := errors.Join(os.RemoveAll(beside), os.MkdirAll(beside, 0o777)); err != nil {
		return "", fmt.Errorf("checkpoint %s: %w", final, err)
	}
	err := c.writeFiles(beside, specs)
	if err == nil {
		err = syncFolder(beside)
	}
	if err == nil {
		err = os.Rename(beside, final)
	}
	if err == nil {
		err = syncFolder(folder)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("checkpoint %s: %w", final, err), os.RemoveAll(beside))
	}
	return final, nil
}

// writeFiles writes the files of a checkpoint into a folder, each through to the disk.
func (c Checkpoint[R]) writeFiles(folder string, specs []vit.Spec) error {
	about := map[string]string{"format": "pt"}
	maps.Copy(about, c.About)
	errs := []error{
		saveTensors(filepath.Join(folder, modelFile), about, specs, part{values: c.State.Weights}),
		writeJSON(filepath.Join(folder, progressFile), c.Progress),
		writeJSON(filepath.Join(folder, provenanceFile), c.Provenance),
		writeSynced(filepath.Join(folder, ConfigFile), c.Config.YAML()),
	}
	if c.State.First != nil {
		errs = append(errs, saveTensors(filepath.Join(folder, optimizerFile), nil, specs, part{"first.", c.State.First}, part{"second.", c.State.Second}))
	}
	if c.State.Average != nil {
		errs = append(errs, saveTensors(filepath.Join(folder, averageFile), about, specs, part{values: c.State.Average}))
	}
	return errors.Join(errs...)
}

// part is values for each tensor of a model, and what precedes the tensor's name in a file. An empty one is not there: a frozen tensor has
// no moments.
type part struct {
	prefix string
	values [][]float32
}

// saveTensors writes the parts of a model's state to a file.
func saveTensors(path string, about map[string]string, specs []vit.Spec, parts ...part) error {
	var list []weights.Tensor
	for i, spec := range specs {
		for _, p := range parts {
			if len(p.values[i]) == 0 {
				continue
			}
			tensor, err := weights.FromFloat32s(p.prefix+spec.Name, spec.Shape, p.values[i])
			if err != nil {
				return err
			}
			list = append(list, tensor)
		}
	}
	return weights.Save(path, about, list)
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeSynced(path, append(text, '\n'))
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeSynced writes a file and waits until it is on the disk.
func writeSynced(path string, text []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
