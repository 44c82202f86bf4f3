package train

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"videomae/engine"
	"videomae/mae"
	"videomae/recipe"
	"videomae/vit"
	"videomae/weights"
)

// ModelConfig is the model of a resolved recipe.
func ModelConfig(m recipe.PretrainModel) (mae.Config, error) {
	encoder := vit.Config{
		Frames: m.Frames, Height: m.Height, Width: m.Width, Channels: m.Channels, Tubelet: m.Tubelet, Patch: m.Patch,
		Dim: m.EncoderWidth, Depth: m.EncoderDepth, Heads: m.EncoderHeads, MLP: 4 * m.EncoderWidth, DropPath: m.DropPath,
	}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = m.DecoderWidth, m.DecoderDepth, m.DecoderHeads, 4*m.DecoderWidth
	c := mae.Config{Encoder: encoder, Decoder: decoder, Target: mae.Target(m.Target), Loss: mae.LossKind(m.Loss)}
	return c, c.Validate()
}

// Compute is how a precision ("f32" or "bf16") is computed on a backend, with everything stored for the backward pass.
func Compute(backend compute.Backend, precision string) (vit.Compute, error) {
	dtype, roundOnly, err := engine.Precision(backend, precision)
	return vit.Compute{DType: dtype, RoundOnly: roundOnly}, err
}

// LoadWeights reads a model's weights from a safetensors file with the official names, in the order of specs, and what the file says of
// itself. Every tensor must be there with its shape, and no other; values must be finite.
func LoadWeights(path string, specs []vit.Spec) ([][]float32, map[string]string, error) {
	file, err := weights.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	var want []weights.Spec
	for _, s := range specs {
		want = append(want, weights.Spec{Name: s.Name, DType: weights.F32, Shape: s.Shape})
	}
	if report, err := weights.Match(want, file); err != nil {
		return nil, nil, fmt.Errorf("%s does not fit the model: %w\n%s", path, err, report)
	}
	var all [][]float32
	for _, s := range want {
		values, err := ReadTensor(file, s.Name)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, values)
	}
	return all, file.Metadata(), nil
}

// InitWeights reads the weights that a run starts from: of a run's newest checkpoint, a checkpoint folder or a safetensors file.
func InitWeights(path string, c mae.Config) ([][]float32, error) {
	path, err := WeightFile(path)
	if err != nil {
		return nil, err
	}
	values, _, err := LoadWeights(path, c.Specs())
	return values, err
}

// WeightFile gives the file that path stands for: path itself, or the weights of a run's newest checkpoint or of a checkpoint folder.
func WeightFile(path string) (string, error) {
	if entry, err := os.Stat(path); err != nil || !entry.IsDir() {
		return path, nil
	}
	folder, err := Newest(path)
	return filepath.Join(folder, modelFile), err
}

// ReadTensor reads a tensor, whose values must be finite.
func ReadTensor(file *weights.File, name string) ([]float32, error) {
	tensor, err := file.Tensor(name)
	if err != nil {
		return nil, err
	}
	if err := tensor.CheckFinite(); err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path(), err)
	}
	values, err := tensor.Float32s()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path(), err)
	}
	return values, nil
}
