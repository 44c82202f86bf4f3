package mae

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/seed"
	"videomae/vit"
)

// minute is the smallest model of 4 frames of 32x48 pixels: 2x2x3 cubes of the paper's size.
func minute() Config {
	encoder := vit.Config{Frames: 4, Height: 32, Width: 48, Channels: 3, Tubelet: 2, Patch: 16, Dim: 24, Depth: 2, Heads: 3, MLP: 48}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = 12, 1, 2, 24
	return Config{Encoder: encoder, Decoder: decoder, Target: Normalised, Loss: MSE}
}

// values runs a graph of one output.
func values(t *testing.T, graph func(in []*Node) *Node, inputs ...*tensors.Tensor) []float32 {
	t.Helper()
	return graphtest.Flat(t, graphtest.Run(t, func(in []*Node) []*Node { return []*Node{graph(in)} }, inputs...)[0])
}

// model runs a graph of the model with weights drawn by its own rules.
func model(t *testing.T, c Config, graph func(m Model, in []*Node) []*Node, inputs ...*tensors.Tensor) []*tensors.Tensor {
	t.Helper()
	specs := c.Specs()
	var all []*tensors.Tensor
	for _, s := range specs {
		v := make([]float32, s.Size())
		s.Init(v, seed.Rand(1, s.Name))
		all = append(all, tensors.FromFlatDataAndDimensions(v, s.Shape...))
	}
	return graphtest.Run(t, func(in []*Node) []*Node {
		m := Model{Config: c, Params: vit.NewParams(specs, in[:len(specs)]), Compute: vit.Compute{DType: dtypes.Float32}}
		return graph(m, in[len(specs):])
	}, append(all, inputs...)...)
}

// uniform draws values between -1 and 1.
func uniform(rng *rand.Rand, dims ...int) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = 2*rng.Float32() - 1
	}
	return tensors.FromFlatDataAndDimensions(v, dims...)
}

// clip draws b clips of a model.
func clip(c vit.Config, b int) *tensors.Tensor {
	return uniform(seed.Rand(1, "clip"), b, c.Frames, c.Height, c.Width, c.Channels)
}

// index makes a matrix of cube indices with one row for each clip.
func index(rows ...[]int32) *tensors.Tensor { return tensors.FromValue(rows) }
