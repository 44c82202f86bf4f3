package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/isa"
)

func TestAttentionIsRefusedInTheForwardOp(t *testing.T) {
	b := open(t, "workers=1")
	for says, c := range map[string]struct {
		q, kv   []int
		dtype   dtypes.DType
		options compute.ScaledDotProductAttentionConfig
	}{
		"Float16":                 {[]int{1, 2, 3, 4}, []int{1, 2, 5, 4}, dtypes.Float16, compute.ScaledDotProductAttentionConfig{}},
		"2 heads of queries on 1": {[]int{1, 2, 3, 4}, []int{1, 1, 5, 4}, dtypes.Float32, compute.ScaledDotProductAttentionConfig{}},
		"257 wide":                {[]int{1, 2, 3, 257}, []int{1, 2, 5, 257}, dtypes.Float32, compute.ScaledDotProductAttentionConfig{}},
		"mask or a bias":          {[]int{1, 2, 3, 4}, []int{1, 2, 5, 4}, dtypes.Float32, compute.ScaledDotProductAttentionConfig{Causal: true}},
		"a mask":                  {[]int{1, 2, 3, 4}, []int{1, 2, 5, 4}, dtypes.Float32, compute.ScaledDotProductAttentionConfig{Mask: value{}}},
		"a bias":                  {[]int{1, 2, 3, 4}, []int{1, 2, 5, 4}, dtypes.Float32, compute.ScaledDotProductAttentionConfig{Bias: value{}}},
		"different lengths":       {[]int{1, 2, 3, 4}, []int{1, 2, 5, 4}, dtypes.Float32, compute.ScaledDotProductAttentionConfig{QuerySeqLen: value{}}},
	} {
		f := &recorder{Function: b.Builder("test").Main()}
		q := f.ok(f.Parameter("q", shapes.Make(c.dtype, c.q...), nil))
		kv := f.ok(f.Parameter("kv", shapes.Make(c.dtype, c.kv...), nil))
		_, _, err := f.FusedScaledDotProductAttention(q, kv, kv, compute.AttentionAxesLayoutBHSD, &c.options)
		if f.err != nil || !compute.IsNotImplemented(err) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v (%v), want ErrNotImplemented with %q", err, f.err, says)
		}
	}
}

func TestBadAttention(t *testing.T) {
	f := &recorder{Function: open(t, "workers=1").Builder("test").Main()}
	x := f.ok(f.Parameter("x", shapes.Make(dtypes.Float32, 1, 2, 3, 4), nil))
	y := f.ok(f.Parameter("y", shapes.Make(dtypes.Float32, 1, 2, 3, 5), nil))
	z := f.ok(f.Parameter("z", shapes.Make(dtypes.Float32, 2, 3, 4), nil))
	refuse := func(says string, err error) {
		t.Helper()
		if err == nil || compute.IsNotImplemented(err) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q that is not ErrNotImplemented", err, says)
		}
	}
	_, _, err := f.FusedScaledDotProductAttention(x, y, y, compute.AttentionAxesLayoutBHSD, nil)
	refuse("do not fit together", err)
	_, _, err = f.FusedScaledDotProductAttention(x, z, z, compute.AttentionAxesLayoutBHSD, nil)
	refuse("4 axes", err)
	_, _, err = f.FusedScaledDotProductAttention(x, x, x, 7, nil)
	refuse("unknown layout 7", err)
	_, _, _, err = f.FusedScaledDotProductAttentionVJP(x, x, x, compute.AttentionAxesLayoutBHSD, nil, x, nil, x)
	refuse("0 states", err)
	_, _, _, err = f.FusedScaledDotProductAttentionVJP(x, x, x, compute.AttentionAxesLayoutBHSD, nil, x, []compute.Value{x}, y)
	refuse("gradient is (Float32)[1, 2, 3, 5]", err)
	if f.err != nil {
		t.Error(f.err)
	}
}

func TestAttentionIsRecorded(t *testing.T) {
	b := open(t, "workers=1").Builder("test")
	f := &recorder{Function: b.Main()}
	q := f.ok(f.Parameter("q", shapes.Make(dtypes.BFloat16, 2, 7, 3, 16), nil))
	kv := f.ok(f.Parameter("kv", shapes.Make(dtypes.BFloat16, 2, 5, 3, 16), nil))
	y, states, err := f.FusedScaledDotProductAttention(q, kv, kv, compute.AttentionAxesLayoutBSHD, nil)
	if err != nil || f.err != nil {
		t.Fatal(err, f.err)
	}
	if got := y.(value).node.Shape; !got.Equal(shapes.Make(dtypes.BFloat16, 2, 7, 3, 16)) {
		t.Errorf("output %s", got)
	}
	if len(states) != 1 || !states[0].(value).node.Shape.Equal(shapes.Make(dtypes.Float32, 2, 3, 7)) {
		t.Errorf("states %v, want one of Float32 [batch, heads, queries]", states)
	}
	want := ir.Attention{Layout: compute.AttentionAxesLayoutBSHD, Scale: 0.25}
	if got := y.(value).node.In[0].Attr; got != want {
		t.Errorf("%+v is recorded, want %+v", got, want)
	}
}

// attentionGrads gives the output, the logarithms of the sums and the gradients of the fused op.
func attentionGrads(layout compute.AttentionAxesLayout, options *compute.ScaledDotProductAttentionConfig) recipe {
	return func(f *recorder, x []compute.Value) []compute.Value {
		y, states, err := f.FusedScaledDotProductAttention(x[0], x[1], x[2], layout, options)
		if f.ok(y, err); err != nil {
			return nil
		}
		dq, dk, dv, err := f.FusedScaledDotProductAttentionVJP(x[0], x[1], x[2], layout, options, y, states, x[3])
		f.ok(nil, err)
		return []compute.Value{y, states[0], dq, dk, dv}
	}
}

// decomposed computes in Float64 what attentionGrads does, with all scores at once. The layout is [batch, heads, tokens, width].
func decomposed(scale float64, q, kv, sums []int) recipe {
	product := func(f *recorder, x, y compute.Value, contractX, contractY int) compute.Value {
		batch := []int{0, 1}
		return f.ok(f.DotGeneral(x, []int{contractX}, batch, y, []int{contractY}, batch, compute.DotGeneralConfig{}))
	}
	return func(f *recorder, x []compute.Value) []compute.Value {
		wide := make([]compute.Value, len(x))
		for i := range x {
			wide[i] = f.ok(f.ConvertDType(x[i], dtypes.Float64))
		}
		query, key, val, dOut := wide[0], wide[1], wide[2], wide[3]
		factor := constant(f, dtypes.Float64, scale)
		scores := f.ok(f.Mul(product(f, query, key, 3, 3), factor))
		all := shapes.Make(dtypes.Float64, q[0], q[1], q[2], kv[2])
		powers := f.ok(f.Exp(scores))
		total := overLast(f, compute.Function.ReduceSum, powers, all)
		p := f.ok(f.Div(powers, total))
		dP := product(f, dOut, val, 3, 3)
		inner := overLast(f, compute.Function.ReduceSum, f.ok(f.Mul(p, dP)), all)
		dScores := f.ok(f.Mul(f.ok(f.Mul(p, f.ok(f.Sub(dP, inner)))), factor))
		return []compute.Value{
			product(f, p, val, 3, 2), f.ok(f.Reshape(f.ok(f.Log(total)), sums...)),
			product(f, dScores, key, 3, 2), product(f, dScores, query, 2, 2), product(f, p, dOut, 2, 2),
		}
	}
}

func TestAttention(t *testing.T) {
	engines, oracle := engines(t), oracle(t)
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 3))
		q := []int{1 + r.IntN(2), 1 + r.IntN(3), 1 + r.IntN(90), 1 + r.IntN(80)}
		kv := []int{q[0], q[1], 1 + r.IntN(90), q[3]}
		d := floats[seed%2]
		options := &compute.ScaledDotProductAttentionConfig{Scale: float64(seed%3) / 4}
		scale := options.Scale
		if scale == 0 {
			scale = 1 / math.Sqrt(float64(q[3]))
		}
		var operands []array
		for _, dims := range [][]int{q, kv, kv, q} {
			operands = append(operands, random(shapes.Make(d, dims...), between(r, -1, 1)))
		}
		want, err := once(oracle, operands, decomposed(scale, q, kv, q[:3]), false)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%s %v on %v", d, q, kv), func(t *testing.T) {
			compareAttention(t, engines, operands, want, attentionGrads(compute.AttentionAxesLayoutBHSD, options), false)
			for i := range operands {
				operands[i] = tokensFirst(t, oracle, operands[i])
			}
			compareAttention(t, engines, operands, want, attentionGrads(compute.AttentionAxesLayoutBSHD, options), true)
		})
	}
}

// tokensFirst swaps the axes of heads and of tokens.
func tokensFirst(t *testing.T, b compute.Backend, a array) array {
	t.Helper()
	got, err := once(b, []array{a}, one(func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Transpose(x[0], 0, 2, 1, 3))
	}), false)
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func compareAttention(t *testing.T, engines map[isa.Level][]*Backend, operands, want []array, build recipe, swapped bool) {
	t.Helper()
	tolerance := 1e-5
	if operands[0].shape.DType == dtypes.BFloat16 {
		tolerance = 2e-2
	}
	onEach(t, engines, operands, build, func(level isa.Level, got []array) {
		for i, name := range []string{"output", "log-sum-exp", "dQuery", "dKey", "dValue"} {
			g := got[i]
			if swapped && g.shape.Rank() == 4 {
				g = tokensFirst(t, engines[level][0], g)
			}
			w := array{withType(want[i].shape, g.shape.DType), want[i].flat}
			if diff := apart(g, w, tolerance*max(magnitude(w), 1)); diff != "" {
				t.Errorf("%v: %s: %s", level, name, diff)
			}
		}
	})
}
