// The transformer's formulas in float64 and plain loops, for one clip, as a reference for the graph. Source: spec 1.4.

package vit

import (
	"fmt"
	"math"
)

func layerNorm(x []float64, scale, shift []float32) []float64 {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(variance+1e-6)*float64(scale[i]) + float64(shift[i])
	}
	return out
}

func gelu(x float64) float64 { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) }

func softmax64(x []float64) []float64 {
	highest, sum := math.Inf(-1), 0.0
	for _, v := range x {
		highest = math.Max(highest, v)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Exp(v - highest)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// linear is weight [out, in] times x plus bias, which may be nil.
func linear(x []float64, weight, bias []float32) []float64 {
	out := make([]float64, len(weight)/len(x))
	for o := range out {
		if bias != nil {
			out[o] = float64(bias[o])
		}
		for i, v := range x {
			out[o] += float64(weight[o*len(x)+i]) * v
		}
	}
	return out
}

// attention mixes the normalised tokens of one clip.
func attention(c Config, weight func(string) []float32, tokens [][]float64) [][]float64 {
	head := c.Dim / c.Heads
	var qkv [][]float64
	for _, x := range tokens {
		row := linear(x, weight("qkv.weight"), nil)
		for j := range c.Dim {
			row[j] += float64(weight("q_bias")[j])
			row[2*c.Dim+j] += float64(weight("v_bias")[j])
		}
		qkv = append(qkv, row)
	}
	var out [][]float64
	for i := range tokens {
		mixed := make([]float64, c.Dim)
		for h := 0; h < c.Dim; h += head {
			scores := make([]float64, len(tokens))
			for k := range tokens {
				for j := h; j < h+head; j++ {
					scores[k] += qkv[i][j] * qkv[k][c.Dim+j] / math.Sqrt(float64(head))
				}
			}
			for k, share := range softmax64(scores) {
				for j := h; j < h+head; j++ {
					mixed[j] += share * qkv[k][2*c.Dim+j]
				}
			}
		}
		out = append(out, linear(mixed, weight("proj.weight"), weight("proj.bias")))
	}
	return out
}

// blocks64 runs the tokens of one clip, laid end to end, through all blocks with two branch factors for each.
func blocks64(c Config, weights map[string][]float32, x, keep []float64) []float64 {
	for i := range c.Depth {
		weight := func(name string) []float32 { return weights[fmt.Sprintf("blocks.%d.%s", i, name)] }
		tokens := func(norm string) (rows [][]float64) {
			for at := 0; at < len(x); at += c.Dim {
				rows = append(rows, layerNorm(x[at:at+c.Dim], weight(norm+".weight"), weight(norm+".bias")))
			}
			return rows
		}
		add := func(at int, branch []float64, factor float64) {
			for j, v := range branch {
				x[at*c.Dim+j] += factor * v
			}
		}
		for at, branch := range attention(c, func(name string) []float32 { return weight("attn." + name) }, tokens("norm1")) {
			add(at, branch, keep[2*i])
		}
		for at, token := range tokens("norm2") {
			hidden := linear(token, weight("mlp.fc1.weight"), weight("mlp.fc1.bias"))
			for j, v := range hidden {
				hidden[j] = gelu(v)
			}
			add(at, linear(hidden, weight("mlp.fc2.weight"), weight("mlp.fc2.bias")), keep[2*i+1])
		}
	}
	return x
}
