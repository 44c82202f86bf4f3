package vit

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/seed"
)

const mapTokens = 7

// deep has a block more than tiny, so that a rollout multiplies more than once.
func deep() Config {
	c := tiny
	c.Depth = 3
	return c
}

// maps runs graphs of attention on one clip's tokens x.
func maps(t *testing.T, c Config, x []float32, graph func(p Params, x *Node) []*Node) [][]float32 {
	t.Helper()
	specs := BlockSpecs("", c)
	input := tensors.FromFlatDataAndDimensions(x, 1, mapTokens, c.Dim)
	return run(t, func(in []*Node) []*Node { return graph(NewParams(specs, in), in[len(specs)]) }, append(blockTensors(c, blockWeights(c)), input)...)
}

// attention64 is the attention of block i in double precision, laid out [head, query, key].
func attention64(c Config, i int, x []float32) (shares []float64) {
	weights := blockWeights(c)
	weight := func(name string) []float32 { return weights[fmt.Sprintf("blocks.%d.%s", i, name)] }
	before := c
	before.Depth = i
	keep := make([]float64, 2*c.Depth)
	for i := range keep {
		keep[i] = 1
	}
	var input [][]float64
	flat := blocks64(before, weights, graphtest.Doubles(x), keep)
	for at := 0; at < len(flat); at += c.Dim {
		input = append(input, layerNorm(flat[at:at+c.Dim], weight("norm1.weight"), weight("norm1.bias")))
	}
	project := func(token []float64) []float64 {
		row := linear(token, weight("attn.qkv.weight"), nil)
		for j := range c.Dim {
			row[j] += float64(weight("attn.q_bias")[j])
			row[2*c.Dim+j] += float64(weight("attn.v_bias")[j])
		}
		return row
	}
	head := c.Dim / c.Heads
	for h := range c.Heads {
		for _, q := range input {
			scores := make([]float64, len(input))
			for k, key := range input {
				for j := h * head; j < (h+1)*head; j++ {
					scores[k] += project(q)[j] * project(key)[c.Dim+j] / math.Sqrt(float64(head))
				}
			}
			shares = append(shares, softmax64(scores)...)
		}
	}
	return shares
}

func TestAttentionWeightsAreTheFormula(t *testing.T) {
	c := deep()
	x := normal(seed.Rand(1, "tokens"), mapTokens*c.Dim, 1)
	for layer := 1; layer <= c.Depth; layer++ {
		want := attention64(c, layer-1, x)
		for dtype, limit := range map[dtypes.DType]float64{dtypes.Float32: 1e-5, dtypes.BFloat16: 3e-2} {
			got := maps(t, c, x, func(p Params, x *Node) []*Node {
				return []*Node{LayerAttention(p, x, c, Compute{DType: dtype}, layer)}
			})[0]
			graphtest.Near(t, fmt.Sprintf("layer %d in %s", layer, dtype), got, want, limit)
			for row := 0; row < len(got); row += mapTokens {
				sum := 0.0
				for _, v := range got[row : row+mapTokens] {
					sum += float64(v)
				}
				if math.Abs(sum-1) > 1e-5 {
					t.Fatalf("layer %d in %s: the weights of query %d sum to %v", layer, dtype, row/mapTokens, sum)
				}
			}
		}
	}
}

// The weights times the values are what the block's attention puts out, which the engine computes without them.
func TestAttentionWeightsReproduceTheAttention(t *testing.T) {
	c := deep()
	x := normal(seed.Rand(2, "tokens"), mapTokens*c.Dim, 1)
	out := maps(t, c, x, func(p Params, x *Node) []*Node {
		block, normed := p.Block(0), LayerNorm(p.Block(0), "norm1", x)
		_, _, values := queriesKeysValues(block.In("attn."), normed, c.Heads, inFloat32)
		mixed := Reshape(Einsum("bhqk,bkhd->bqhd", AttentionWeights(block, x, c.Heads, inFloat32), values), 1, mapTokens, c.Dim)
		mixed = inFloat32.Linear(mixed, block.Get("attn.proj.weight"), block.Get("attn.proj.bias"))
		return []*Node{mixed, Attention(block.In("attn."), normed, c.Heads, inFloat32)}
	})
	graphtest.Near(t, "attention", out[0], graphtest.Doubles(out[1]), 1e-5)
}

func TestRolloutIsTheProductOfTheLayers(t *testing.T) {
	c := deep()
	const n = mapTokens
	x := normal(seed.Rand(3, "tokens"), n*c.Dim, 1)
	var want []float64
	for layer := 1; layer <= c.Depth; layer++ {
		shares := attention64(c, layer-1, x)
		step := make([]float64, n*n) // half the residual, half the mean over heads
		for i, v := range shares {
			step[i%(n*n)] += v / float64(2*c.Heads)
		}
		for i := range n {
			step[i*n+i] += .5
		}
		want = product(step, want, n)
		for dtype, limit := range map[dtypes.DType]float64{dtypes.Float32: 1e-5, dtypes.BFloat16: 3e-2} {
			got := maps(t, c, x, func(p Params, x *Node) []*Node {
				return []*Node{Rollout(p, x, c, Compute{DType: dtype}, layer)}
			})[0]
			graphtest.Near(t, fmt.Sprintf("%d layers in %s", layer, dtype), got, want, limit)
		}
	}
}

// product is a times b, both n x n; nil is the identity.
func product(a, b []float64, n int) []float64 {
	if b == nil {
		return a
	}
	out := make([]float64, n*n)
	for i := range n {
		for k := range n {
			for j := range n {
				out[i*n+j] += a[i*n+k] * b[k*n+j]
			}
		}
	}
	return out
}
