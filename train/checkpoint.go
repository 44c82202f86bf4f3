package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"videomae/mae"
	"videomae/recipe"
	"videomae/vit"
	"videomae/weights"
)

// The files of a checkpoint folder.
const (
	modelFile      = "model.safetensors"     // weights under their official names
	optimizerFile  = "optimizer.safetensors" // first.NAME and second.NAME for every weight NAME
	progressFile   = "state.json"
	configFile     = "config.yaml"
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
}

// Checkpoint is a run's whole state at a step.
type Checkpoint struct {
	Progress   Progress
	Config     recipe.Pretrain // resolved
	Provenance Provenance
	State      State
}

// checkpointFolder is where a run keeps its checkpoints, and stepName a checkpoint's name in it.
func checkpointFolder(run string) string { return filepath.Join(run, "checkpoints") }
func stepName(step int) string           { return fmt.Sprintf("step-%08d", step) }

// Prefixes of folders that are not whole checkpoints: one being written, one being removed.
const (
	writingPrefix  = ".writing-"
	removingPrefix = ".removing-"
)

// Save writes a checkpoint of a model with the given tensors into a run's folder and returns its path. It is written beside and renamed when all of it is on
// the disk, so that a kill or a full disk leaves the checkpoints before it as they were.
func (c Checkpoint) Save(run string, specs []vit.Spec) (string, error) {
	folder := checkpointFolder(run)
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
func (c Checkpoint) writeFiles(folder string, specs []vit.Spec) error {
	var model, moments []weights.Tensor
	for i, spec := range specs {
		for _, part := range []struct {
			list   *[]weights.Tensor
			prefix string
			values []float32
		}{{&model, "", c.State.Weights[i]}, {&moments, "first.", c.State.First[i]}, {&moments, "second.", c.State.Second[i]}} {
			tensor, err := weights.FromFloat32s(part.prefix+spec.Name, spec.Shape, part.values)
			if err != nil {
				return err
			}
			*part.list = append(*part.list, tensor)
		}
	}
	about := map[string]string{"format": "pt", "family": "videomae-pretrain"}
	return errors.Join(
		weights.Save(filepath.Join(folder, modelFile), about, model),
		weights.Save(filepath.Join(folder, optimizerFile), nil, moments),
		writeJSON(filepath.Join(folder, progressFile), c.Progress),
		writeJSON(filepath.Join(folder, provenanceFile), c.Provenance),
		writeSynced(filepath.Join(folder, configFile), c.Config.YAML()),
	)
}

// LoadCheckpoint reads a whole checkpoint folder.
func LoadCheckpoint(folder string) (Checkpoint, error) {
	c, model, err := loadSettings(folder)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.State.Weights, err = LoadWeights(filepath.Join(folder, modelFile), model); err != nil {
		return Checkpoint{}, err
	}
	err = errors.Join(readJSON(filepath.Join(folder, progressFile), &c.Progress), readJSON(filepath.Join(folder, provenanceFile), &c.Provenance))
	if err != nil {
		return Checkpoint{}, err
	}
	c.State.Updates = c.Progress.Updates
	file, err := weights.Open(filepath.Join(folder, optimizerFile))
	if err != nil {
		return Checkpoint{}, err
	}
	defer file.Close()
	var first, second []weights.Spec
	for _, s := range model.Specs() {
		first = append(first, weights.Spec{Name: "first." + s.Name, Shape: s.Shape})
		second = append(second, weights.Spec{Name: "second." + s.Name, Shape: s.Shape})
	}
	if report, err := weights.Match(slices.Concat(first, second), file); err != nil {
		return Checkpoint{}, fmt.Errorf("%s does not fit the model: %w\n%s", file.Path(), err, report)
	}
	c.State.First, err = readAll(file, first)
	if err != nil {
		return Checkpoint{}, err
	}
	c.State.Second, err = readAll(file, second)
	return c, err
}

// LoadModel reads the settings and the weights, in the order of the model's Specs, of a run's newest checkpoint or of one checkpoint folder.
func LoadModel(path string) (recipe.Pretrain, mae.Config, [][]float32, error) {
	folder, err := Newest(path)
	if err != nil {
		return recipe.Pretrain{}, mae.Config{}, nil, err
	}
	c, model, err := loadSettings(folder)
	if err != nil {
		return recipe.Pretrain{}, mae.Config{}, nil, err
	}
	values, err := LoadWeights(filepath.Join(folder, modelFile), model)
	return c.Config, model, values, err
}

// loadSettings reads a checkpoint's recipe and the model it describes.
func loadSettings(folder string) (Checkpoint, mae.Config, error) {
	config, err := recipe.Load(filepath.Join(folder, configFile))
	if err == nil {
		config, err = config.Resolve()
	}
	if err != nil {
		return Checkpoint{}, mae.Config{}, fmt.Errorf("checkpoint %s: %w", folder, err)
	}
	model, err := ModelConfig(config.Model)
	return Checkpoint{Config: config}, model, err
}

// Newest gives the checkpoint folder that path stands for: path itself if it holds a model, or the newest checkpoint of the
// run at path. An error that wraps fs.ErrNotExist says that there is none.
func Newest(path string) (string, error) {
	if _, err := os.Stat(filepath.Join(path, modelFile)); err == nil {
		return path, nil
	}
	names, err := checkpointNames(path)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("no checkpoint in %s: %w", path, fs.ErrNotExist)
	}
	return filepath.Join(checkpointFolder(path), names[len(names)-1]), nil
}

// checkpointNames lists the whole checkpoints of a run, oldest first.
func checkpointNames(run string) ([]string, error) {
	entries, err := os.ReadDir(checkpointFolder(run))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoints of %s: %w", run, err)
	}
	var steps []int
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "step-")
		if step, err := strconv.Atoi(digits); ok && err == nil && stepName(step) == e.Name() {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	var names []string
	for _, step := range steps {
		names = append(names, stepName(step))
	}
	return names, nil
}

// Prune removes all but the newest keep checkpoints of a run, and what a killed run left half written or half removed.
func Prune(run string, keep int) error {
	folder := checkpointFolder(run)
	names, err := checkpointNames(run)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names[:max(0, len(names)-keep)] {
		errs = append(errs, discard(filepath.Join(folder, name)))
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), writingPrefix) || strings.HasPrefix(e.Name(), removingPrefix) {
			errs = append(errs, os.RemoveAll(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// discard removes a checkpoint, renaming it first: a kill in the middle leaves nothing that looks whole.
func discard(folder string) error {
	aside := filepath.Join(filepath.Dir(folder), removingPrefix+filepath.Base(folder))
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := os.Rename(folder, aside); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return os.RemoveAll(aside)
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

// syncFolder waits until a folder's entries are on the disk.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
