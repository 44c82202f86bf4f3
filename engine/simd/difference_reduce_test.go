package simd

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

type reduction = func(f compute.Function, x compute.Value, axes ...int) (compute.Value, error)

func reducingTrials() []trial {
	F := func(op string, types []dtypes.DType, f reduction) trial {
		return trial{op, types, 0, func(r *rand.Rand, d dtypes.DType, most int) example {
			shape := shapes.Make(d, dimensions(r, most)...)
			axes := someAxes(r, shape)
			return example{
				operands: []array{random(shape, wide(r, d))},
				build:    one(func(g *recorder, x []compute.Value) compute.Value { return g.ok(f(g, x[0], axes...)) }),
			}
		}}
	}
	return []trial{
		{"ReduceSum", floats, 8, drawSum},
		{"ReduceProduct", floats, 8, drawProduct},
		F("ReduceSum of integers", ints, compute.Function.ReduceSum),
		F("ReduceProduct of integers", ints, compute.Function.ReduceProduct),
		F("ReduceMax", numbers, compute.Function.ReduceMax),
		F("ReduceMin", numbers, compute.Function.ReduceMin),
		F("ReduceBitwiseAnd", ints, compute.Function.ReduceBitwiseAnd),
		F("ReduceBitwiseOr", ints, compute.Function.ReduceBitwiseOr),
		F("ReduceBitwiseXor", ints, compute.Function.ReduceBitwiseXor),
		F("ReduceLogicalAnd", booleans, compute.Function.ReduceLogicalAnd),
		F("ReduceLogicalOr", booleans, compute.Function.ReduceLogicalOr),
		F("ReduceLogicalXor", booleans, compute.Function.ReduceLogicalXor),
		{"ArgMinMax", numbers, 0, drawArgMinMax},
		{"ReduceWindow", []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float64, dtypes.Int32, dtypes.Uint8}, 8, drawWindow},
	}
}

// someAxes draws axes in any order; none stands for all.
func someAxes(r *rand.Rand, s shapes.Shape) []int { return r.Perm(s.Rank())[:r.IntN(s.Rank()+1)] }

// inFloat64 is a reference for a reduction of floats: the oracle itself adds up in the type of the values.
func inFloat64(f reduction, d dtypes.DType, axes []int) recipe {
	return one(func(g *recorder, x []compute.Value) compute.Value {
		wide := g.ok(g.ConvertDType(x[0], dtypes.Float64))
		return g.ok(g.ConvertDType(g.ok(f(g, wide, axes...)), d))
	})
}

func drawSum(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, dimensions(r, most)...)
	axes := someAxes(r, shape)
	return example{
		operands:  []array{random(shape, between(r, -1, 1))},
		build:     one(func(g *recorder, x []compute.Value) compute.Value { return g.ok(g.ReduceSum(x[0], axes...)) }),
		reference: inFloat64(compute.Function.ReduceSum, d, axes),
		floor:     float64(reduced(shape, axes)) / 2, // the sum of the magnitudes
	}
}

// drawProduct keeps to magnitudes near 1, which no product of so many leaves the type's range with.
func drawProduct(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, dimensions(r, min(most, 1000))...)
	axes := someAxes(r, shape)
	draw := func() float64 { return 1 + (r.Float64()-0.5)/64 }
	return example{
		operands: []array{random(shape, draw)},
		build: one(func(g *recorder, x []compute.Value) compute.Value {
			return g.ok(g.ReduceProduct(x[0], axes...))
		}),
		reference: inFloat64(compute.Function.ReduceProduct, d, axes),
		floor:     float64(reduced(shape, axes)) / 8, // each factor is a rounding
	}
}

// reduced is the number of values that make one.
func reduced(s shapes.Shape, axes []int) int {
	n := 1
	for i, size := range s.Dimensions {
		if len(axes) == 0 || slices.Contains(axes, i) {
			n *= size
		}
	}
	return n
}

// drawArgMinMax leaves out NaNs, which the oracle does not choose in halves.
func drawArgMinMax(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, append(full(dimensions(r, most)), 1+r.IntN(7))...)
	axis, isMin := r.IntN(shape.Rank()), r.IntN(2) == 0
	to := ints[r.IntN(2)+2]
	return example{
		operands: []array{random(shape, withoutNaN(wide(r, d)))},
		build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.ArgMinMax(x[0], axis, to, isMin))
		}),
	}
}

func drawWindow(r *rand.Rand, d dtypes.DType, most int) example {
	dims := full(dimensions(r, min(most, 300)))
	rank := len(dims)
	window, strides, gaps, holes, paddings := make([]int, rank), make([]int, rank), make([]int, rank), make([]int, rank), make([][2]int, rank)
	for i := range dims {
		window[i], strides[i], gaps[i], holes[i] = 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(2), 1+r.IntN(2)
		paddings[i] = [2]int{4 + r.IntN(3), r.IntN(3)}
	}
	kind := []compute.ReduceOpType{compute.ReduceOpSum, compute.ReduceOpMax, compute.ReduceOpMin}[r.IntN(3)]
	return example{
		operands: []array{random(shapes.Make(d, dims...), between(r, 0, 9))},
		build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.ReduceWindow(x[0], kind, window, strides, gaps, holes, paddings))
		}),
	}
}
