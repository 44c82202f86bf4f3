package ops

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

type reduceOp = func(f compute.Function, x value, axes ...int) (value, error)

// roundings is how far results may be apart whose intermediate values were rounded to a type in another order.
var roundings = map[dtypes.DType]float64{dtypes.Float16: 2e-3, dtypes.BFloat16: 1e-2, dtypes.Float32: 2e-4, dtypes.Float64: 1e-12}

func TestReduce(t *testing.T) {
	rng := newRand(t)
	numbers := map[compute.OpType]reduceOp{
		compute.OpTypeReduceSum: compute.Function.ReduceSum, compute.OpTypeReduceProduct: compute.Function.ReduceProduct,
		compute.OpTypeReduceMax: compute.Function.ReduceMax, compute.OpTypeReduceMin: compute.Function.ReduceMin,
	}
	whole := map[compute.OpType]reduceOp{
		compute.OpTypeReduceBitwiseAnd: compute.Function.ReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr: compute.Function.ReduceBitwiseOr,
		compute.OpTypeReduceBitwiseXor: compute.Function.ReduceBitwiseXor,
	}
	logic := map[compute.OpType]reduceOp{
		compute.OpTypeReduceLogicalAnd: compute.Function.ReduceLogicalAnd, compute.OpTypeReduceLogicalOr: compute.Function.ReduceLogicalOr,
		compute.OpTypeReduceLogicalXor: compute.Function.ReduceLogicalXor,
	}
	check := func(list []dtypes.DType, ops map[compute.OpType]reduceOp) {
		for _, dtype := range list {
			for op, build := range ops {
				x := random(rng, shapes.Make(dtype, dims(rng, rng.IntN(5), sizes(rng), true)...))
				if dtype.IsFloat() { // positive, so that the oracle's order of additions matters little
					x = filled(x.Shape, func(int) float64 { return 0.5 + rng.Float64() })
				}
				axes := rng.Perm(x.Rank())[:rng.IntN(x.Rank()+1)]
				want := oracle(t, func(f compute.Function, v []value) (value, error) { return build(f, v[0], axes...) }, x)
				k, err := NewReduce(op, x.Shape, axes, want.Shape)
				if err != nil {
					t.Fatalf("%s of %s: %v", op, dtype, err)
				}
				same(t, run(t, k, err, want.Shape, x), want, roundings[dtype])
			}
		}
	}
	for range 4 {
		check(wholeTypes, numbers)
		check(realTypes, numbers)
		check(wholeTypes, whole)
		check([]dtypes.DType{dtypes.Bool}, logic)
	}
}

func TestReduceOfNothing(t *testing.T) {
	for op, want := range map[compute.OpType]float64{
		compute.OpTypeReduceSum: 0, compute.OpTypeReduceProduct: 1,
		compute.OpTypeReduceMax: math.Inf(-1), compute.OpTypeReduceMin: math.Inf(1),
	} {
		x := random(nil, shapes.Make(dtypes.Float64, 3, 0, 2))
		out := shapes.Make(dtypes.Float64, 3, 2)
		k, err := NewReduce(op, x.Shape, []int{1}, out)
		same(t, run(t, k, err, out, x), filled(out, func(int) float64 { return want }), 0)
	}
	for dtype, want := range map[dtypes.DType][2]float64{
		dtypes.Int8: {-128, 127}, dtypes.Uint16: {0, 65535}, dtypes.Int32: {math.MinInt32, math.MaxInt32},
	} {
		for i, op := range []compute.OpType{compute.OpTypeReduceMax, compute.OpTypeReduceMin} {
			k, err := NewReduce(op, shapes.Make(dtype, 0), nil, shapes.Make(dtype))
			y := run(t, k, err, shapes.Make(dtype), random(nil, shapes.Make(dtype, 0)))
			if y.at(0) != want[i] {
				t.Errorf("%s of no %s is %v, want %v", op, dtype, y.at(0), want[i])
			}
		}
	}
}

func TestReduceMaxOfNaN(t *testing.T) {
	x := filled(shapes.Make(dtypes.BFloat16, 3, 300), func(i int) float64 {
		if i == 450 {
			return math.NaN()
		}
		return float64(i % 100)
	})
	out := shapes.Make(dtypes.BFloat16, 3)
	k, err := NewReduce(compute.OpTypeReduceMax, x.Shape, []int{1}, out)
	y := run(t, k, err, out, x)
	if y.at(0) != 99 || !math.IsNaN(y.at(1)) || y.at(2) != 99 {
		t.Errorf("maxima %v, %v, %v, want 99, NaN, 99", y.at(0), y.at(1), y.at(2))
	}
}

// Two million values, summed along rows, along columns and all at once, are within one rounding of the exact sum.
func TestSumsAreExactToOneRounding(t *testing.T) {
	rng := newRand(t)
	const rows, cols = 2000, 1000
	for dtype, unit := range map[dtypes.DType]float64{dtypes.Float32: 0x1p-24, dtypes.BFloat16: 0x1p-8, dtypes.Float16: 0x1p-11, dtypes.Float64: 1e-13} {
		x := filled(shapes.Make(dtype, rows, cols), func(int) float64 { return rng.Float64() / 64 })
		sums := [3][]float64{make([]float64, cols), make([]float64, rows), make([]float64, 1)}
		for i := range x.Size() {
			v := x.at(i)
			sums[0][i%cols] += v
			sums[1][i/cols] += v
			sums[2][0] += v
		}
		for i, axes := range [][]int{{0}, {1}, {0, 1}} {
			out, err := shapeinference.Reduce(x.Shape, axes)
			if err != nil {
				t.Fatal(err)
			}
			k, err := NewReduce(compute.OpTypeReduceSum, x.Shape, axes, out)
			y := run(t, k, err, out, x)
			for j, want := range sums[i] {
				if got := y.at(j); math.Abs(got-want) > (unit+1e-9)*want {
					t.Fatalf("%s over %v: sum %d is %v, want %v", dtype, axes, j, got, want)
				}
			}
		}
	}
}

func TestArgMinMax(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes[1:]), dims(rng, 1+rng.IntN(4), sizes(rng), false)...))
		along, isMin, to := rng.IntN(x.Rank()), rng.IntN(2) == 0, pick(rng, wholeTypes)
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.ArgMinMax(v[0], along, to, isMin) }, x)
		k, err := NewArgMinMax(x.Shape, along, isMin, want.Shape)
		same(t, run(t, k, err, want.Shape, x), want, 0)
	}
}

func TestArgMinMaxTakesTheFirstNaN(t *testing.T) {
	x := filled(shapes.Make(dtypes.Float16, 5), func(i int) float64 { return []float64{1, math.NaN(), -7, math.NaN(), 9}[i] })
	for _, isMin := range []bool{false, true} {
		k, err := NewArgMinMax(x.Shape, 0, isMin, shapes.Make(dtypes.Int32))
		if y := run(t, k, err, shapes.Make(dtypes.Int32), x); y.at(0) != 1 {
			t.Errorf("place %v, want 1", y.at(0))
		}
	}
}

func TestReduceWindow(t *testing.T) {
	rng := newRand(t)
	for range 150 {
		x := random(rng, shapes.Make(pick(rng, allTypes[1:]), dims(rng, 1+rng.IntN(4), min(sizes(rng), 20_000), false)...))
		list := func(n int) []int {
			if rng.IntN(3) == 0 {
				return nil
			}
			l := make([]int, x.Rank())
			for k := range l {
				l[k] = 1 + rng.IntN(n)
			}
			return l
		}
		windowSizes, by, dilations, windowDilations := list(3), list(3), list(2), list(2)
		paddings := make([][2]int, x.Rank())
		for k := range paddings {
			paddings[k] = [2]int{rng.IntN(3), rng.IntN(3)}
		}
		if _, err := shapeinference.ReduceWindow(x.Shape, windowSizes, by, dilations, windowDilations, paddings); err != nil {
			continue // the window is larger than the tensor
		}
		kind := pick(rng, []compute.ReduceOpType{compute.ReduceOpSum, compute.ReduceOpProduct, compute.ReduceOpMax, compute.ReduceOpMin})
		if kind == compute.ReduceOpProduct {
			x = below(rng, x.Shape, 3)
		}
		want := oracle(t, func(f compute.Function, v []value) (value, error) {
			return f.ReduceWindow(v[0], kind, windowSizes, by, dilations, windowDilations, paddings)
		}, x)
		k, err := NewReduceWindow(x.Shape, kind, windowSizes, by, dilations, windowDilations, paddings, want.Shape)
		same(t, run(t, k, err, want.Shape, x), want, 20*roundings[x.DType])
	}
}

// Random products: operands with their batch, contracted and other axes in any order. The oracle multiplies half types as Float32,
// because its own products of small BFloat16 matrices are wrong when it is built with vector instructions.
func TestDotGeneral(t *testing.T) {
	rng := newRand(t)
	for range 150 {
		dtype := pick(rng, allTypes[1:])
		batch, contracted := dims(rng, rng.IntN(3), 6, false), dims(rng, rng.IntN(3), 30, false)
		lhs, lhsBatch, lhsContracted := mixed(rng, dtype, batch, contracted, dims(rng, rng.IntN(3), 12, false))
		rhs, rhsBatch, rhsContracted := mixed(rng, dtype, batch, contracted, dims(rng, rng.IntN(3), 12, false))
		a, b := random(rng, lhs), random(rng, rhs)
		if !dtype.IsInt() {
			a, b = below(rng, lhs, 8), below(rng, rhs, 8)
		}
		config := compute.DotGeneralConfig{}
		if dtype == dtypes.Int8 {
			config = compute.DotGeneralConfig{AccumulatorDType: dtypes.Int32, OutputDType: dtypes.Int32}
		}
		want := oracle(t, func(f compute.Function, v []value) (value, error) {
			if !dtype.IsHalfPrecision() {
				return f.DotGeneral(v[0], lhsContracted, lhsBatch, v[1], rhsContracted, rhsBatch, config)
			}
			wide := make([]value, len(v))
			for i := range v {
				var err error
				if wide[i], err = f.ConvertDType(v[i], dtypes.Float32); err != nil {
					return nil, err
				}
			}
			product, err := f.DotGeneral(wide[0], lhsContracted, lhsBatch, wide[1], rhsContracted, rhsBatch, config)
			if err != nil {
				return nil, err
			}
			return f.ConvertDType(product, dtype)
		}, a, b)
		k, err := NewDotGeneral(lhs, lhsContracted, lhsBatch, rhs, rhsContracted, rhsBatch, config, want.Shape)
		same(t, run(t, k, err, want.Shape, a, b), want, roundings[want.DType])
	}
}

// mixed puts axes of three kinds in random order; it gives the axes of the first two kinds.
func mixed(rng *rand.Rand, dtype dtypes.DType, batch, contracted, others []int) (s shapes.Shape, batchAxes, contractedAxes []int) {
	all := append(append(append([]int{}, batch...), contracted...), others...)
	s = shapes.Make(dtype, make([]int, len(all))...)
	for i, k := range rng.Perm(len(all)) {
		s.Dimensions[k] = all[i]
		switch {
		case i < len(batch):
			batchAxes = append(batchAxes, k)
		case i < len(batch)+len(contracted):
			contractedAxes = append(contractedAxes, k)
		}
	}
	return s, batchAxes, contractedAxes
}

func TestDotGeneralRefusesMixedTypes(t *testing.T) {
	s := shapes.Make(dtypes.Int8, 3)
	for _, config := range []compute.DotGeneralConfig{
		{OutputDType: dtypes.Int32}, {AccumulatorDType: dtypes.Float32}, {AccumulatorDType: dtypes.Int32, OutputDType: dtypes.Float32},
	} {
		out := shapes.Make(dtypes.Int8)
		if config.OutputDType != dtypes.InvalidDType {
			out.DType = config.OutputDType
		}
		if _, err := NewDotGeneral(s, []int{0}, nil, s, []int{0}, nil, config, out); !compute.IsNotImplemented(err) {
			t.Errorf("%+v: %v, want ErrNotImplemented", config, err)
		}
	}
}
