package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

// CheckpointFolder is where a run keeps its checkpoints, BestFolder where a fine-tuning run keeps the best one, and stepName a
// checkpoint's name in them.
func CheckpointFolder(run string) string { return filepath.Join(run, "checkpoints") }
func BestFolder(run string) string       { return filepath.Join(run, "best") }
func stepName(step int) string           { return fmt.Sprintf("step-%08d", step) }

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

// LoadCheckpoint reads a whole checkpoint folder of a pre-training run.
func LoadCheckpoint(folder string) (Checkpoint[recipe.Pretrain], error) {
	config, model, err := loadSettings(folder)
	if err != nil {
		return Checkpoint[recipe.Pretrain]{}, err
	}
	return ReadCheckpoint(folder, config, model.Specs())
}

// ReadCheckpoint reads a checkpoint folder, whose settings are config, of a model with these tensors. Every tensor of the model must be
// there, and no other; moments may be missing for some tensors.
func ReadCheckpoint[R Settings](folder string, config R, specs []vit.Spec) (Checkpoint[R], error) {
	c := Checkpoint[R]{Config: config}
	var err error
	if c.State.Weights, c.About, err = LoadWeights(filepath.Join(folder, modelFile), specs); err != nil {
		return c, err
	}
	err = errors.Join(readJSON(filepath.Join(folder, progressFile), &c.Progress), readJSON(filepath.Join(folder, provenanceFile), &c.Provenance))
	if err != nil {
		return c, err
	}
	c.State.Updates = c.Progress.Updates
	if path := filepath.Join(folder, averageFile); exists(path) {
		if c.State.Average, _, err = LoadWeights(path, specs); err != nil {
			return c, err
		}
	}
	c.State.First, c.State.Second, err = loadMoments(filepath.Join(folder, optimizerFile), specs)
	return c, err
}

// loadMoments reads the optimiser's moments; those that are not there are empty.
func loadMoments(path string, specs []vit.Spec) (first, second [][]float32, err error) {
	file, err := weights.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	var want []weights.Spec
	for _, prefix := range []string{"first.", "second."} {
		for _, s := range specs {
			want = append(want, weights.Spec{Name: prefix + s.Name, Shape: s.Shape})
		}
	}
	absent := map[string]bool{}
	var allow []string
	for _, w := range want {
		if _, ok := file.Spec(w.Name); !ok {
			absent[w.Name], allow = true, append(allow, w.Name)
		}
	}
	if report, err := weights.Match(want, file, allow...); err != nil {
		return nil, nil, fmt.Errorf("%s does not fit the model: %w\n%s", path, err, report)
	}
	all := make([][]float32, len(want))
	for i, w := range want {
		if absent[w.Name] {
			continue
		}
		if all[i], err = ReadTensor(file, w.Name); err != nil {
			return nil, nil, err
		}
	}
	return all[:len(specs)], all[len(specs):], nil
}

// LoadModel reads the settings and the weights, in the order of the model's Specs, of a pre-training run's newest checkpoint or of one
// checkpoint folder.
func LoadModel(path string) (recipe.Pretrain, mae.Config, [][]float32, error) {
	folder, err := Newest(path)
	if err != nil {
		return recipe.Pretrain{}, mae.Config{}, nil, err
	}
	config, model, err := loadSettings(folder)
	if err != nil {
		return recipe.Pretrain{}, mae.Config{}, nil, err
	}
	values, _, err := LoadWeights(filepath.Join(folder, modelFile), model.Specs())
	return config, model, values, err
}

// LoadTrained reads the weights that a checkpoint folder is evaluated with: their running mean where one was kept.
func LoadTrained(folder string, specs []vit.Spec) ([][]float32, error) {
	path := filepath.Join(folder, averageFile)
	if !exists(path) {
		path = filepath.Join(folder, modelFile)
	}
	values, _, err := LoadWeights(path, specs)
	return values, err
}

// About is what the weight file of a checkpoint folder says of its model.
func About(folder string) (map[string]string, error) {
	file, err := weights.Open(filepath.Join(folder, modelFile))
	if err != nil {
		return nil, err
	}
	return file.Metadata(), file.Close()
}

// loadSettings reads a checkpoint's recipe and the model it describes.
func loadSettings(folder string) (recipe.Pretrain, mae.Config, error) {
	config, err := recipe.Load(filepath.Join(folder, ConfigFile))
	if err == nil {
		config, err = config.Resolve()
	}
	if err != nil {
		return config, mae.Config{}, fmt.Errorf("checkpoint %s: %w", folder, err)
	}
	model, err := ModelConfig(config.Model)
	return config, model, err
}

// Newest gives the checkpoint folder that path stands for: path itself if it holds a model, or the newest checkpoint of the
// run or of the folder of checkpoints at path. An error that wraps fs.ErrNotExist says that there is none.
func Newest(path string) (string, error) {
	if exists(filepath.Join(path, modelFile)) {
		return path, nil
	}
	for _, folder := range []string{CheckpointFolder(path), path} {
		names, err := checkpointNames(folder)
		if err != nil {
			return "", err
		}
		if len(names) > 0 {
			return filepath.Join(folder, names[len(names)-1]), nil
		}
	}
	return "", fmt.Errorf("no checkpoint in %s: %w", path, fs.ErrNotExist)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checkpointNames lists the whole checkpoints in a folder, oldest first.
func checkpointNames(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoints of %s: %w", folder, err)
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

// Prune removes all but the newest keep checkpoints of a folder, and what a killed run left half written or half removed.
func Prune(folder string, keep int) error {
	names, err := checkpointNames(folder)
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
