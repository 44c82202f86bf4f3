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

// LoadWeights reads a model's weights from a safetensors file with the official names, in the order of c.Specs. Every
// tensor must be there with its shape, and no other; values must be finite.
func LoadWeights(path string, c mae.Config) ([][]float32, error) {
	file, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var want []weights.Spec
	for _, s := range c.Specs() {
		want = append(want, weights.Spec{Name: s.Name, DType: weights.F32, Shape: s.Shape})
	}
	if report, err := weights.Match(want, file); err != nil {
		return nil, fmt.Errorf("%s does not fit the model: %w\n%s", path, err, report)
	}
	return readAll(file, want)
}

// InitWeights reads the weights that a run starts from: of a run's newest checkpoint, a checkpoint folder or a safetensors file.
func InitWeights(path string, c mae.Config) ([][]float32, error) {
	if entry, err := os.Stat(path); err == nil && entry.IsDir() {
		folder, err := Newest(path)
		if err != nil {
			return nil, err
		}
		path = filepath.Join(folder, modelFile)
	}
	return LoadWeights(path, c)
}

// readAll reads the named tensors, whose values must be finite.
func readAll(file *weights.File, want []weights.Spec) ([][]float32, error) {
	var all [][]float32
	for _, s := range want {
		tensor, err := file.Tensor(s.Name)
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
		all = append(all, values)
	}
	return all, nil
}
