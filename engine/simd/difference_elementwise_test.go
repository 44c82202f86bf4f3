package simd

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func elementwiseTrials() []trial {
	return slices.Concat(unaryTrials(), binaryTrials(), totalOrderTrials(), choiceTrials(), conversionTrials())
}

type unary = func(compute.Function, compute.Value) (compute.Value, error)
type binary = func(f compute.Function, x, y compute.Value) (compute.Value, error)

func unaryTrials() []trial {
	F := func(op string, units float64, types []dtypes.DType, f unary) trial {
		return trial{op, types, units, func(r *rand.Rand, d dtypes.DType, most int) example {
			draw := wide(r, d)
			if op == "Sign" {
				draw = withoutNaN(draw)
			}
			return example{
				operands: []array{random(shapes.Make(d, dimensions(r, most)...), draw)},
				build:    one(func(g *recorder, x []compute.Value) compute.Value { return g.ok(f(g, x[0])) }),
			}
		}}
	}
	both := slices.Concat(floats, signed)
	return []trial{
		F("Abs", 0, numbers, compute.Function.Abs),
		F("Neg", 0, both, compute.Function.Neg),
		F("Sign", 0, numbers, compute.Function.Sign),
		F("Ceil", 0, floats, compute.Function.Ceil),
		F("Floor", 0, floats, compute.Function.Floor),
		F("Round", 0, floats, compute.Function.Round),
		F("Sqrt", 1, floats, compute.Function.Sqrt),
		F("Rsqrt", 2, floats, compute.Function.Rsqrt),
		F("Exp", 4, floats, compute.Function.Exp),
		F("Expm1", 4, floats, compute.Function.Expm1),
		F("Log", 4, floats, compute.Function.Log),
		F("Log1p", 4, floats, compute.Function.Log1p),
		F("Logistic", 6, floats, compute.Function.Logistic),
		F("Erf", 6, floats, compute.Function.Erf),
		F("Tanh", 6, floats, compute.Function.Tanh),
		F("Sin", 4, floats, compute.Function.Sin),
		F("Cos", 4, floats, compute.Function.Cos),
		F("IsFinite", 0, floats, compute.Function.IsFinite),
		F("IsNaN", 0, floats, compute.Function.IsNaN),
		F("BitCount", 0, ints, compute.Function.BitCount),
		F("Clz", 0, ints, compute.Function.Clz),
		F("BitwiseNot", 0, ints, compute.Function.BitwiseNot),
		F("LogicalNot", 0, booleans, compute.Function.LogicalNot),
		F("Identity", 0, every, compute.Function.Identity),
	}
}

// pair draws the shapes of two operands that can be combined: equal, one a scalar, or with axes of size 1.
func pair(r *rand.Rand, d dtypes.DType, most int) (x, y shapes.Shape) {
	dims := dimensions(r, most)
	x, y = shapes.Make(d, dims...), shapes.Make(d, dims...)
	switch r.IntN(5) {
	case 0:
		x = shapes.Make(d)
	case 1:
		y = shapes.Make(d)
	case 2, 3:
		for i, n := range dims {
			switch {
			case n == 0: // the oracle makes one value of an axis of size 0 and one of size 1
			case r.IntN(3) == 0:
				x.Dimensions[i] = 1
			case r.IntN(3) == 0:
				y.Dimensions[i] = 1
			}
		}
	}
	return x, y
}

func binaryTrials() []trial {
	F := func(op string, units float64, types []dtypes.DType, f binary, right func(*rand.Rand, dtypes.DType) func() float64) trial {
		return trial{op, types, units, func(r *rand.Rand, d dtypes.DType, most int) example {
			x, y := pair(r, d, most)
			return example{
				operands: []array{random(x, wide(r, d)), random(y, right(r, d))},
				build:    one(func(g *recorder, x []compute.Value) compute.Value { return g.ok(f(g, x[0], x[1])) }),
			}
		}}
	}
	divisor := func(r *rand.Rand, d dtypes.DType) func() float64 {
		if d.IsInt() {
			return between(r, 1, 50)
		}
		return wide(r, d)
	}
	exponent := func(r *rand.Rand, d dtypes.DType) func() float64 {
		if d.IsInt() {
			return between(r, 0, 9)
		}
		return between(r, -3, 3)
	}
	distance := func(r *rand.Rand, d dtypes.DType) func() float64 { return between(r, 0, float64(d.Bits()+2)) }
	return []trial{
		F("Add", 0, numbers, compute.Function.Add, wide),
		F("Sub", 0, numbers, compute.Function.Sub, wide),
		F("Mul", 0, numbers, compute.Function.Mul, wide),
		F("Div", 1, numbers, compute.Function.Div, divisor),
		F("Rem", 0, numbers, compute.Function.Rem, divisor),
		F("Max", 0, numbers, compute.Function.Max, wide),
		F("Min", 0, numbers, compute.Function.Min, wide),
		F("Pow", 4, numbers, compute.Function.Pow, exponent),
		F("Atan2", 4, floats, compute.Function.Atan2, wide),
		F("BitwiseAnd", 0, ints, compute.Function.BitwiseAnd, wide),
		F("BitwiseOr", 0, ints, compute.Function.BitwiseOr, wide),
		F("BitwiseXor", 0, ints, compute.Function.BitwiseXor, wide),
		F("ShiftLeft", 0, ints, compute.Function.ShiftLeft, distance),
		F("ShiftRightArithmetic", 0, ints, compute.Function.ShiftRightArithmetic, distance),
		F("ShiftRightLogical", 0, ints, compute.Function.ShiftRightLogical, distance),
		F("LogicalAnd", 0, booleans, compute.Function.LogicalAnd, wide),
		F("LogicalOr", 0, booleans, compute.Function.LogicalOr, wide),
		F("LogicalXor", 0, booleans, compute.Function.LogicalXor, wide),
		F("Equal", 0, numbers, compute.Function.Equal, wide),
		F("NotEqual", 0, numbers, compute.Function.NotEqual, wide),
		F("LessThan", 0, numbers, compute.Function.LessThan, wide),
		F("LessOrEqual", 0, numbers, compute.Function.LessOrEqual, wide),
		F("GreaterThan", 0, numbers, compute.Function.GreaterThan, wide),
		F("GreaterOrEqual", 0, numbers, compute.Function.GreaterOrEqual, wide),
	}
}

// totalOrderTrials compare floats by their bits, which is how the references do it with whole numbers: those of negative
// floats, but for the sign, have to be turned around to be in order.
func totalOrderTrials() []trial {
	F := func(op string, f, whole binary) trial {
		types := []dtypes.DType{dtypes.Float32, dtypes.Float64}
		return trial{op, types, 0, func(r *rand.Rand, d dtypes.DType, most int) example {
			x, y := pair(r, d, most)
			return example{
				operands: []array{random(x, wide(r, d)), random(y, wide(r, d))},
				build:    one(func(g *recorder, x []compute.Value) compute.Value { return g.ok(f(g, x[0], x[1])) }),
				reference: one(func(g *recorder, x []compute.Value) compute.Value {
					return g.ok(whole(g, ordered(g, x[0], d), ordered(g, x[1], d)))
				}),
			}
		}}
	}
	return []trial{
		F("EqualTotalOrder", compute.Function.EqualTotalOrder, compute.Function.Equal),
		F("NotEqualTotalOrder", compute.Function.NotEqualTotalOrder, compute.Function.NotEqual),
		F("LessThanTotalOrder", compute.Function.LessThanTotalOrder, compute.Function.LessThan),
		F("LessOrEqualTotalOrder", compute.Function.LessOrEqualTotalOrder, compute.Function.LessOrEqual),
		F("GreaterThanTotalOrder", compute.Function.GreaterThanTotalOrder, compute.Function.GreaterThan),
		F("GreaterOrEqualTotalOrder", compute.Function.GreaterOrEqualTotalOrder, compute.Function.GreaterOrEqual),
	}
}

// ordered gives whole numbers in the order of floats.
func ordered(f *recorder, x compute.Value, d dtypes.DType) compute.Value {
	whole, last, allButSign := dtypes.Int32, any([]int32{31}), any([]int32{math.MaxInt32})
	if d == dtypes.Float64 {
		whole, last, allButSign = dtypes.Int64, any([]int64{63}), any([]int64{math.MaxInt64})
	}
	bits := f.ok(f.Bitcast(x, whole))
	negative := f.ok(f.ShiftRightArithmetic(bits, f.ok(f.Constant(last))))
	return f.ok(f.BitwiseXor(bits, f.ok(f.BitwiseAnd(negative, f.ok(f.Constant(allButSign))))))
}

// choiceTrials are Where and Clamp. The oracle has no Where of empty values.
func choiceTrials() []trial {
	where := func(r *rand.Rand, d dtypes.DType, most int) example {
		dims := full(dimensions(r, most))
		operands := []array{}
		for _, d := range []dtypes.DType{dtypes.Bool, d, d} {
			shape := shapes.Make(d, dims...)
			if r.IntN(3) == 0 {
				shape = shapes.Make(d)
			}
			operands = append(operands, random(shape, wide(r, d)))
		}
		return example{operands: operands, build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Where(x[0], x[1], x[2]))
		})}
	}
	clamp := func(r *rand.Rand, d dtypes.DType, most int) example {
		shape, limit := shapes.Make(d, dimensions(r, most)...), shapes.Make(d)
		if r.IntN(2) == 0 {
			limit = shape
		}
		operands := []array{random(limit, between(r, 1, 20)), random(shape, wide(r, d)), random(limit, between(r, 10, 50))}
		return example{operands: operands, build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Clamp(x[0], x[1], x[2]))
		})}
	}
	return []trial{{"Where", every, 0, where}, {"Clamp", numbers, 0, clamp}}
}

// conversionTrials convert every type to every other. Values stay in the range of all types: beyond it the result is open.
func conversionTrials() []trial {
	var list []trial
	for _, to := range every {
		list = append(list, trial{"ConvertDType to " + to.String(), every, 0, func(r *rand.Rand, d dtypes.DType, most int) example {
			return example{
				operands: []array{random(shapes.Make(d, dimensions(r, most)...), between(r, 0, 127))},
				build: one(func(f *recorder, x []compute.Value) compute.Value {
					return f.ok(f.ConvertDType(x[0], to))
				}),
			}
		}})
	}
	return list
}
