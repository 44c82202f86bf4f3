package vit

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/seed"
)

// tiny is the smallest transformer with several blocks, heads and tokens.
var tiny = Config{Frames: 4, Height: 4, Width: 6, Channels: 3, Tubelet: 2, Patch: 2, Dim: 24, Depth: 2, Heads: 3, MLP: 40}

// run computes a graph and returns the values of its outputs.
func run(t *testing.T, graph func(in []*Node) []*Node, inputs ...*tensors.Tensor) [][]float32 {
	t.Helper()
	var values [][]float32
	for _, x := range graphtest.Run(t, graph, inputs...) {
		values = append(values, graphtest.Flat(t, x))
	}
	return values
}

// normal draws n values of the given deviation.
func normal(rng *rand.Rand, n int, deviation float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(deviation * rng.NormFloat64())
	}
	return values
}

// of makes a tensor of drawn values with a deviation of 1.
func of(rng *rand.Rand, dims ...int) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return tensors.FromFlatDataAndDimensions(normal(rng, n, 1), dims...)
}

// drawn draws every tensor at random, biases and norms too: matrices keep the size of what they multiply.
func drawn(specs []Spec) map[string][]float32 {
	weights := map[string][]float32{}
	for _, s := range specs {
		rng, deviation := seed.Rand(5, s.Name), 0.3
		if len(s.Shape) > 1 {
			deviation = 1 / math.Sqrt(float64(s.Shape[1]))
		}
		weights[s.Name] = normal(rng, s.Size(), deviation)
	}
	return weights
}

// tensorsOf lists weights in the order of their specs.
func tensorsOf(specs []Spec, weights map[string][]float32) []*tensors.Tensor {
	var list []*tensors.Tensor
	for _, s := range specs {
		list = append(list, tensors.FromFlatDataAndDimensions(weights[s.Name], s.Shape...))
	}
	return list
}

// blockWeights and blockTensors are those of the blocks.
func blockWeights(c Config) map[string][]float32 { return drawn(BlockSpecs("", c)) }

func blockTensors(c Config, weights map[string][]float32) []*tensors.Tensor {
	return tensorsOf(BlockSpecs("", c), weights)
}
