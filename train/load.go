// Reading checkpoints.

package train

import (
	"errors"
	"fmt"
	"path/filepath"

	"videomae/mae"
	"videomae/recipe"
	"videomae/vit"
	"videomae/weights"
)

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
