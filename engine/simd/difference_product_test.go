package simd

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func productTrials() []trial {
	F := func(op string, types []dtypes.DType, config compute.DotGeneralConfig) trial {
		return trial{op, types, 2, func(r *rand.Rand, d dtypes.DType, most int) example {
			s := drawSides(r, d, most)
			return example{
				operands:  []array{random(s.left, between(r, -1.5, 1.5)), random(s.right, between(r, -1.5, 1.5))},
				build:     one(s.product(config)),
				reference: one(s.reference(config)),
				floor:     s.floor(config),
			}
		}}
	}
	return []trial{
		F("DotGeneral", numbers, compute.DotGeneralConfig{}),
		F("DotGeneral to Float32", floats, compute.DotGeneralConfig{OutputDType: dtypes.Float32}),
		F("DotGeneral by Float32", floats, compute.DotGeneralConfig{AccumulatorDType: dtypes.Float32}),
		F("DotGeneral by Float64 to BFloat16", floats,
			compute.DotGeneralConfig{AccumulatorDType: dtypes.Float64, OutputDType: dtypes.BFloat16}),
		F("DotGeneral of bytes by Int32", []dtypes.DType{dtypes.Int8, dtypes.Uint8},
			compute.DotGeneralConfig{AccumulatorDType: dtypes.Int32, OutputDType: dtypes.Int32}),
	}
}

// sides are a product's operands, their axes in any order.
type sides struct {
	left, right                                        shapes.Shape
	leftContract, leftBatch, rightContract, rightBatch []int
	terms                                              int // in a sum
}

// drawSides draws up to two axes of each kind, about the cubic root of most values together.
func drawSides(r *rand.Rand, d dtypes.DType, most int) sides {
	extent := 1 + math.Cbrt(float64(most))
	if most >= manyValues {
		extent *= 3
	}
	var sizes []int
	axes := func(extent float64) []int {
		var list []int
		count := r.IntN(3)
		for range count {
			list = append(list, len(sizes))
			sizes = append(sizes, 1+r.IntN(int(math.Pow(extent, 1/float64(count)))))
		}
		return list
	}
	contract, batch := axes(extent), axes(4)
	arrange := func(free []int) (s shapes.Shape, contracted, batched []int) {
		order := slices.Concat(contract, batch, free)
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		s = shapes.Make(d)
		for _, axis := range order {
			s.Dimensions = append(s.Dimensions, sizes[axis])
		}
		return s, places(order, contract), places(order, batch)
	}
	s := sides{terms: 1}
	s.left, s.leftContract, s.leftBatch = arrange(axes(extent))
	s.right, s.rightContract, s.rightBatch = arrange(axes(extent))
	for _, axis := range contract {
		s.terms *= sizes[axis]
	}
	return s
}

// places tells where values are in a list.
func places(list, values []int) []int {
	var at []int
	for _, v := range values {
		at = append(at, slices.Index(list, v))
	}
	return at
}

func (s sides) product(config compute.DotGeneralConfig) formula {
	return func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.DotGeneral(x[0], s.leftContract, s.leftBatch, x[1], s.rightContract, s.rightBatch, config))
	}
}

// reference multiplies and adds in Float64, or in the accumulator's type if that is whole. The oracle's own products of
// halves are not always right.
func (s sides) reference(config compute.DotGeneralConfig) formula {
	exact := dtypes.Float64
	if s.left.DType.IsInt() {
		exact = s.accumulator(config)
	}
	return func(f *recorder, x []compute.Value) compute.Value {
		var wide []compute.Value
		for _, v := range x {
			rounded := f.ok(f.ConvertDType(v, s.accumulator(config)))
			wide = append(wide, f.ok(f.ConvertDType(rounded, exact)))
		}
		y := s.product(compute.DotGeneralConfig{})(f, wide)
		return f.ok(f.ConvertDType(y, s.output(config)))
	}
}

// accumulator is the type that operands are converted to.
func (s sides) accumulator(config compute.DotGeneralConfig) dtypes.DType {
	if config.AccumulatorDType != dtypes.InvalidDType {
		return config.AccumulatorDType
	}
	return s.left.DType
}

func (s sides) output(config compute.DotGeneralConfig) dtypes.DType {
	if config.OutputDType != dtypes.InvalidDType {
		return config.OutputDType
	}
	return s.left.DType
}

// floor allows for roundings of Float32 sums, or of Float64 ones where they are asked for, as units of the output's type.
func (s sides) floor(config compute.DotGeneralConfig) float64 {
	sum := dtypes.Float32
	if s.accumulator(config) == dtypes.Float64 {
		sum = dtypes.Float64
	}
	return float64(s.terms) / 2 * epsilon(sum) / max(epsilon(s.output(config)), epsilon(dtypes.Float64))
}
