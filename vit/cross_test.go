package vit

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/seed"
)

// crossBlock64 is CrossBlock on one clip in plain loops.
func crossBlock64(c Config, weight func(string) []float32, queries, x [][]float64) (out []float64) {
	var keys, values [][]float64
	for _, token := range x {
		kv := linear(layerNorm(token, weight("norm1.weight"), weight("norm1.bias")), weight("attn.kv.weight"), nil)
		for j, bias := range weight("attn.v_bias") {
			kv[c.Dim+j] += float64(bias)
		}
		keys, values = append(keys, kv[:c.Dim]), append(values, kv[c.Dim:])
	}
	head := c.Dim / c.Heads
	for _, query := range queries {
		q, mixed := linear(query, weight("attn.q.weight"), weight("attn.q_bias")), make([]float64, c.Dim)
		for h := 0; h < c.Dim; h += head {
			scores := make([]float64, len(x))
			for k := range x {
				for j := h; j < h+head; j++ {
					scores[k] += q[j] * keys[k][j] / math.Sqrt(float64(head))
				}
			}
			for k, share := range softmax64(scores) {
				for j := h; j < h+head; j++ {
					mixed[j] += share * values[k][j]
				}
			}
		}
		y := slices.Clone(query)
		for j, v := range linear(mixed, weight("attn.proj.weight"), weight("attn.proj.bias")) {
			y[j] += v
		}
		hidden := linear(layerNorm(y, weight("norm2.weight"), weight("norm2.bias")), weight("mlp.fc1.weight"), weight("mlp.fc1.bias"))
		for j, v := range hidden {
			hidden[j] = gelu(v)
		}
		for j, v := range linear(hidden, weight("mlp.fc2.weight"), weight("mlp.fc2.bias")) {
			y[j] += v
		}
		out = append(out, y...)
	}
	return out
}

// rowsOf cuts values into rows of width d in double precision.
func rowsOf(values []float32, d int) (rows [][]float64) {
	for at := 0; at < len(values); at += d {
		rows = append(rows, graphtest.Doubles(values[at:at+d]))
	}
	return rows
}

func TestCrossBlockIsTheFormula(t *testing.T) {
	const b, m, n = 2, 3, 7
	specs := CrossBlockSpecs("", tiny.Dim, tiny.MLP)
	weights := drawn(specs)
	queries, x := of(seed.Rand(1, "queries"), b, m, tiny.Dim), of(seed.Rand(1, "x"), b, n, tiny.Dim)
	got := run(t, func(in []*Node) []*Node {
		p := NewParams(specs, in)
		return []*Node{CrossBlock(p, in[len(specs)], in[len(specs)+1], tiny.Heads, inFloat32)}
	}, append(tensorsOf(specs, weights), queries, x)...)[0]
	var want []float64
	allQueries, allTokens := rowsOf(tensors.MustCopyFlatData[float32](queries), tiny.Dim), rowsOf(tensors.MustCopyFlatData[float32](x), tiny.Dim)
	for clip := range b {
		want = append(want, crossBlock64(tiny, func(name string) []float32 { return weights[name] },
			allQueries[clip*m:][:m], allTokens[clip*n:][:n])...)
	}
	graphtest.Near(t, "cross block", got, want, 1e-5)
}
