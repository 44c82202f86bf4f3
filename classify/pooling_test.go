package classify

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/seed"
	"videomae/vit"
)

const clips = 2

// tiny is the smallest classifier with several blocks, heads and cubes, of 4x6 pixels cut into cubes of 2x2x2.
func tiny(pooling Pooling) Config {
	return Config{Classes: 3, Pooling: pooling, InitScale: 1, Encoder: vit.Config{Frames: 4, Height: 4, Width: 6, Channels: 3, Tubelet: 2, Patch: 2,
		Dim: 24, Depth: 2, Heads: 3, MLP: 40}}
}

// drawn draws n values.
func drawn(name string, n int, deviation float64) []float32 {
	rng, values := seed.Rand(1, name), make([]float32, n)
	for i := range values {
		values[i] = float32(deviation * rng.NormFloat64())
	}
	return values
}

// run builds a graph on a model with drawn weights and drawn cubes of two clips, and on more inputs.
func run(t *testing.T, c Config, build func(m Model, weights []*Node, cubes *Node, more []*Node) []*Node, more ...*tensors.Tensor) [][]float32 {
	t.Helper()
	specs := c.Specs()
	var inputs []*tensors.Tensor
	for _, s := range specs {
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(drawn(s.Name, s.Size(), 0.3), s.Shape...))
	}
	n, p := c.Encoder.Tokens(), c.Encoder.CubeSize()
	inputs = append(inputs, tensors.FromFlatDataAndDimensions(drawn("cubes", clips*n*p, 1), clips, n, p))
	var values [][]float32
	for _, x := range graphtest.Run(t, func(in []*Node) []*Node {
		k := len(specs)
		m := Model{Config: c, Params: vit.NewParams(specs, in[:k]), Compute: vit.Compute{DType: dtypes.Float32}}
		return build(m, in[:k], in[k], in[k+1:])
	}, append(inputs, more...)...) {
		values = append(values, graphtest.Flat(t, x))
	}
	return values
}

// normalised is the layer norm of a vector in double precision, with the drawn weights of a norm.
func normalised(x []float64, norm string) []float64 {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	scale, shift := drawn(norm+".weight", len(x), 0.3), drawn(norm+".bias", len(x), 0.3)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(variance+1e-6)*float64(scale[i]) + float64(shift[i])
	}
	return out
}

// Where the norm stands, before the mean or after it, is all that the two means differ by.
func TestMeansAreTheFormula(t *testing.T) {
	for _, pooling := range []Pooling{Mean, NormMean} {
		c := tiny(pooling)
		out := run(t, c, func(m Model, _ []*Node, cubes *Node, _ []*Node) []*Node {
			return []*Node{m.Tokens(cubes, nil), m.Features(cubes, nil)}
		})
		n, d := c.Encoder.Tokens(), c.Encoder.Dim
		var want []float64
		for clip := range clips {
			mean := make([]float64, d)
			for token := range n {
				x := graphtest.Doubles(out[0][(clip*n+token)*d:][:d])
				if pooling == NormMean {
					x = normalised(x, "norm")
				}
				for j, v := range x {
					mean[j] += v / float64(n)
				}
			}
			if pooling == Mean {
				mean = normalised(mean, "fc_norm")
			}
			want = append(want, mean...)
		}
		graphtest.Near(t, string(pooling), out[1], want, 1e-5)
	}
}

// An attention that cannot tell cubes apart, as its queries are zero, gives the mean of their values; the block's parts are tested in vit.
func TestAttentionWithoutQueriesIsAMean(t *testing.T) {
	c := tiny(Attention)
	out := run(t, c, func(m Model, weights []*Node, cubes *Node, _ []*Node) []*Node {
		silenced := make([]*Node, len(weights))
		for i, s := range c.Specs() {
			silenced[i] = weights[i]
			switch s.Name {
			case "pool.attn.q.weight", "pool.attn.q_bias", "pool.mlp.fc2.weight", "pool.mlp.fc2.bias", "pool.query":
				silenced[i] = ZerosLike(weights[i])
			}
		}
		m.Params = vit.NewParams(c.Specs(), silenced)
		tokens := vit.LayerNorm(m.Params, "norm", m.Tokens(cubes, nil))
		mean := ReduceMean(vit.LayerNorm(m.Params, "pool.norm1", tokens), 1)
		kv := m.Compute.Linear(mean, m.Params.Get("pool.attn.kv.weight"), nil)
		value := Add(Slice(kv, AxisRange(), AxisRangeToEnd(c.Encoder.Dim)), ExpandLeftToRank(m.Params.Get("pool.attn.v_bias"), 2))
		return []*Node{m.Features(cubes, nil), m.Compute.Linear(value, m.Params.Get("pool.attn.proj.weight"), m.Params.Get("pool.attn.proj.bias"))}
	})
	graphtest.Near(t, "features", out[0], graphtest.Doubles(out[1]), 1e-5)
}

// Every tensor of every pooling takes part in the loss, and storing less for the backward pass changes nothing.
func TestEveryTensorHasAGradient(t *testing.T) {
	targets := tensors.FromFlatDataAndDimensions([]float32{0.7, 0.2, 0.1, 0, 0, 1}, clips, 3)
	for _, pooling := range Poolings {
		gradients := func(checkpoint bool) [][]float32 {
			return run(t, tiny(pooling), func(m Model, weights []*Node, cubes *Node, more []*Node) []*Node {
				m.Compute.Checkpoint = checkpoint
				return Gradient(CrossEntropy(m.Logits(cubes, nil, nil), more[0]), weights...)
			}, targets)
		}
		stored, anew := gradients(false), gradients(true)
		for i, s := range tiny(pooling).Specs() {
			largest := 0.0
			for _, v := range stored[i] {
				largest = math.Max(largest, math.Abs(float64(v)))
			}
			if largest < 1e-6 {
				t.Errorf("%s: the gradient of %s reaches %g only", pooling, s.Name, largest)
			}
			graphtest.Near(t, string(pooling)+": "+s.Name+" recomputed", anew[i], graphtest.Doubles(stored[i]), 1e-4)
		}
	}
}

// The head sees features times their factors.
func TestHeadDropout(t *testing.T) {
	c := tiny(Mean)
	factors := drawn("factors", clips*c.Encoder.Dim, 1)
	for i := range factors {
		if i%3 == 0 {
			factors[i] = 0
		}
	}
	out := run(t, c, func(m Model, _ []*Node, cubes *Node, more []*Node) []*Node {
		return []*Node{m.Features(cubes, nil), m.Logits(cubes, nil, more[0])}
	}, tensors.FromFlatDataAndDimensions(factors, clips, c.Encoder.Dim))
	d, weight, bias := c.Encoder.Dim, drawn("head.weight", 3*c.Encoder.Dim, 0.3), drawn("head.bias", 3, 0.3)
	var want []float64
	for clip := range clips {
		for class := range 3 {
			sum := float64(bias[class])
			for j := range d {
				sum += float64(out[0][clip*d+j]) * float64(factors[clip*d+j]) * float64(weight[class*d+j])
			}
			want = append(want, sum)
		}
	}
	graphtest.Near(t, "logits", out[1], want, 1e-5)
}

// Positions interpolated from the classifier's own grid are those built anew, and those from another grid are not.
func TestPositionsOfAnotherGrid(t *testing.T) {
	features := func(source masking.Grid) []float32 {
		c := tiny(Mean)
		c.Source = source
		return run(t, c, func(m Model, _ []*Node, cubes *Node, _ []*Node) []*Node { return []*Node{m.Features(cubes, nil)} })[0]
	}
	rebuilt := features(masking.Grid{})
	graphtest.Near(t, "features by the same grid", features(tiny(Mean).Encoder.Grid()), graphtest.Doubles(rebuilt), 1e-6)
	difference := 0.0
	for i, v := range features(masking.Grid{Slots: 8, Rows: 14, Cols: 14}) {
		difference = math.Max(difference, math.Abs(float64(v-rebuilt[i])))
	}
	if difference < 1e-2 {
		t.Errorf("positions of another grid change features by %v only", difference)
	}
}
