package vit

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/internal/graphtest"
	"videomae/seed"
)

// Rows with a large mean lose the digits that the mean takes up, and no more.
func TestLayerNorm(t *testing.T) {
	const d = 40
	rng := seed.Rand(1, "layer norm")
	for _, c := range []struct{ mean, deviation, limit float64 }{{0, 1, 2e-6}, {3, 0.01, 1e-4}, {1000, 1, 1e-4}, {0, 1e-4, 2e-6}} {
		x, scale, shift := normal(rng, 2*d, c.deviation), normal(rng, d, 1), normal(rng, d, 1)
		for i := range x {
			x[i] += float32(c.mean)
		}
		specs := NormSpecs("norm", d)
		got := run(t, func(in []*Node) []*Node { return []*Node{LayerNorm(NewParams(specs, in[1:]), "norm", in[0])} },
			tensors.FromFlatDataAndDimensions(x, 2, d), tensors.FromFlatDataAndDimensions(scale, d), tensors.FromFlatDataAndDimensions(shift, d))
		want := append(layerNorm(graphtest.Doubles(x[:d]), scale, shift), layerNorm(graphtest.Doubles(x[d:]), scale, shift)...)
		graphtest.Near(t, "layer norm", got[0], want, c.limit)
	}
}

func TestGELU(t *testing.T) {
	var x []float32
	for v := float32(-12); v <= 12; v += 0.03125 {
		x = append(x, v)
	}
	x = append(x, 0, 1e-20, -1e-20, 1e4, -1e4)
	got := run(t, func(in []*Node) []*Node { return []*Node{GELU(in[0])} }, tensors.FromFlatDataAndDimensions(x, len(x)))[0]
	for i, v := range x {
		want := gelu(float64(v))
		if !(math.Abs(float64(got[i])-want) <= 1e-6*math.Max(1, math.Abs(want))) {
			t.Errorf("GELU(%v) = %v, want %v", v, got[i], want)
		}
	}
}

func TestSoftmax(t *testing.T) {
	rows := [][]float64{
		{0, 0, 0, 0}, {1, 2, 3, 4}, {1000, 999, -1000, 1000}, {-1e4, -1e4 - 1, -2e4, -1e4}, {80, -80, 0, 90},
	}
	var x []float32
	var want []float64
	for _, row := range rows {
		want = append(want, softmax64(row)...)
		for _, v := range row {
			x = append(x, float32(v))
		}
	}
	got := run(t, func(in []*Node) []*Node { return []*Node{softmax(in[0])} }, tensors.FromFlatDataAndDimensions(x, len(rows), 4))
	graphtest.Near(t, "soft-max", got[0], want, 1e-6)
}

// The subtracted maximum is left out of the gradient; the gradient is that of the formula all the same.
func TestGradientOfSoftmax(t *testing.T) {
	x, weight := []float32{0.5, -1, 2, 0.25}, []float32{1, -2, 0.5, 3}
	got := run(t, func(in []*Node) []*Node { return Gradient(ReduceAllSum(Mul(softmax(in[0]), in[1])), in[0]) },
		tensors.FromFlatDataAndDimensions(x, 1, 4), tensors.FromFlatDataAndDimensions(weight, 1, 4))
	p, mean := softmax64(graphtest.Doubles(x)), 0.0
	for i, w := range weight {
		mean += p[i] * float64(w)
	}
	want := make([]float64, 4)
	for i, w := range weight {
		want[i] = p[i] * (float64(w) - mean)
	}
	graphtest.Near(t, "gradient of soft-max", got[0], want, 1e-6)
}

// The formula is the convolution's: its kernel has the channel before the place, a cube has it after. Source: spec 1.2.
func TestEmbedCubesIsTheConvolution(t *testing.T) {
	c := Config{Frames: 4, Height: 3, Width: 3, Channels: 2, Tubelet: 2, Patch: 3, Dim: 5}
	rng := seed.Rand(1, "embedding")
	n, p := 2, c.CubeSize()
	cubes, weight, bias := normal(rng, n*p, 1), normal(rng, c.Dim*p, 1), normal(rng, c.Dim, 1)
	specs := EmbeddingSpecs("", c)
	got := run(t, func(in []*Node) []*Node { return []*Node{EmbedCubes(NewParams(specs, in[1:]), in[0], inFloat32)} },
		tensors.FromFlatDataAndDimensions(cubes, 1, n, p), tensors.FromFlatDataAndDimensions(weight, specs[0].Shape...),
		tensors.FromFlatDataAndDimensions(bias, c.Dim))
	places := c.Tubelet * c.Patch * c.Patch
	var want []float64
	for i := range n {
		for d := range c.Dim {
			sum := float64(bias[d])
			for channel := range c.Channels {
				for place := range places {
					sum += float64(weight[(d*c.Channels+channel)*places+place]) * float64(cubes[i*p+place*c.Channels+channel])
				}
			}
			want = append(want, sum)
		}
	}
	graphtest.Near(t, "embedding", got[0], want, 1e-5)
}

func TestMissingTensorIsNamedWhole(t *testing.T) {
	p := NewParams(nil, nil).In("encoder.").Block(3).In("attn.")
	err := engine.Try(func() error { p.Get("q_bias"); return nil })
	if err == nil || !strings.Contains(err.Error(), `"encoder.blocks.3.attn.q_bias"`) {
		t.Errorf("got %v, want an error that names the tensor", err)
	}
}
