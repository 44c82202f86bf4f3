package simd

import (
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// bitcasts pairs types whose bits can be seen as each other's.
var bitcasts = map[dtypes.DType]dtypes.DType{
	dtypes.Float32: dtypes.Int32, dtypes.Int32: dtypes.Float32, dtypes.BFloat16: dtypes.Uint16, dtypes.Float64: dtypes.Uint32,
	dtypes.Uint64: dtypes.Int8, dtypes.Int16: dtypes.Uint16, dtypes.Float16: dtypes.Uint8,
}

// step records what is done to one value.
type step func(f *recorder, x compute.Value) compute.Value

func movingTrials() []trial {
	F := func(op string, types []dtypes.DType, plan func(r *rand.Rand, s shapes.Shape) step) trial {
		return trial{op, types, 0, func(r *rand.Rand, d dtypes.DType, most int) example {
			shape := shapes.Make(d, dimensions(r, most)...)
			build := plan(r, shape)
			return example{
				operands: []array{random(shape, wide(r, d))},
				build:    one(func(f *recorder, x []compute.Value) compute.Value { return build(f, x[0]) }),
			}
		}}
	}
	return []trial{
		F("Reshape", every, reshapePlan),
		F("Transpose", every, transposePlan),
		F("BroadcastInDim", every, broadcastPlan),
		F("Slice", every, slicePlan),
		F("Reverse", every, reversePlan),
		F("Bitcast", []dtypes.DType{dtypes.Float32, dtypes.Int32, dtypes.BFloat16, dtypes.Float64, dtypes.Uint64, dtypes.Int16,
			dtypes.Float16}, func(_ *rand.Rand, s shapes.Shape) step {
			return func(f *recorder, x compute.Value) compute.Value {
				return f.ok(f.Bitcast(x, bitcasts[s.DType]))
			}
		}),
		F("Bitcast to wider", []dtypes.DType{dtypes.Uint8, dtypes.Int16, dtypes.Uint32}, widerPlan),
		F("OptimizationBarrier", every, func(*rand.Rand, shapes.Shape) step {
			return func(f *recorder, x compute.Value) compute.Value {
				y, err := f.OptimizationBarrier(x, x)
				return f.ok(y[1], err)
			}
		}),
		F("SchedulingBarrier", every, func(*rand.Rand, shapes.Shape) step {
			return func(f *recorder, x compute.Value) compute.Value { return f.ok(f.SchedulingBarrier(x, x)) }
		}),
		{"Iota", numbers, 0, drawIota},
		{"Pad", every, 0, drawPad},
		{"Concatenate", every, 0, drawConcatenate},
	}
}

// reshapePlan joins axes into one, or splits one of even size.
func reshapePlan(r *rand.Rand, s shapes.Shape) step {
	dims := append([]int{1}, s.Dimensions...)
	for range 3 {
		switch i := r.IntN(len(dims)); {
		case dims[i]%2 == 0 && dims[i] > 0:
			dims = append(append(append([]int{}, dims[:i]...), 2, dims[i]/2), dims[i+1:]...)
		case i > 0:
			dims = append(append(append([]int{}, dims[:i-1]...), dims[i-1]*dims[i]), dims[i+1:]...)
		}
	}
	return func(f *recorder, x compute.Value) compute.Value { return f.ok(f.Reshape(x, dims...)) }
}

func transposePlan(r *rand.Rand, s shapes.Shape) step {
	permutation := r.Perm(s.Rank())
	return func(f *recorder, x compute.Value) compute.Value {
		return f.ok(f.Transpose(x, permutation...))
	}
}

// broadcastPlan puts new axes between those of the operand and repeats some of its axes of size 1.
func broadcastPlan(r *rand.Rand, s shapes.Shape) step {
	var dims, axes []int
	for _, n := range append(s.Dimensions, -1) {
		if r.IntN(3) == 0 {
			dims = append(dims, 1+r.IntN(5))
		}
		if n == 1 {
			n += r.IntN(4)
		}
		if n >= 0 {
			axes = append(axes, len(dims))
			dims = append(dims, n)
		}
	}
	out := shapes.Make(s.DType, dims...)
	return func(f *recorder, x compute.Value) compute.Value {
		return f.ok(f.BroadcastInDim(x, out, axes))
	}
}

func slicePlan(r *rand.Rand, s shapes.Shape) step {
	starts, limits, strides := make([]int, s.Rank()), make([]int, s.Rank()), make([]int, s.Rank())
	for i, n := range s.Dimensions {
		starts[i] = r.IntN(n/2 + 1)
		limits[i] = starts[i] + r.IntN(n-starts[i]+1)
		strides[i] = 1 + r.IntN(3)
		if r.IntN(2) == 0 {
			starts[i], limits[i], strides[i] = 0, n, 1
		}
	}
	return func(f *recorder, x compute.Value) compute.Value {
		return f.ok(f.Slice(x, starts, limits, strides))
	}
}

func reversePlan(r *rand.Rand, s shapes.Shape) step {
	axes := r.Perm(s.Rank())[:r.IntN(s.Rank()+1)]
	return func(f *recorder, x compute.Value) compute.Value { return f.ok(f.Reverse(x, axes...)) }
}

// widerPlan sees the last axis, cut to the size it takes, as values of a wider type.
func widerPlan(_ *rand.Rand, s shapes.Shape) step {
	wider := map[dtypes.DType]dtypes.DType{dtypes.Uint8: dtypes.Int32, dtypes.Int16: dtypes.Int32, dtypes.Uint32: dtypes.Uint64}[s.DType]
	group := wider.Size() / s.DType.Size()
	return func(f *recorder, x compute.Value) compute.Value {
		y := f.ok(f.Reshape(x, s.Size()))
		y = f.ok(f.Slice(y, []int{0}, []int{s.Size() / group * group}, []int{1}))
		return f.ok(f.Bitcast(f.ok(f.Reshape(y, s.Size()/group, group)), wider))
	}
}

func drawIota(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, append(dimensions(r, min(most, 100)), 1+r.IntN(9))...)
	axis := r.IntN(shape.Rank())
	return example{build: one(func(f *recorder, _ []compute.Value) compute.Value { return f.ok(f.Iota(shape, axis)) })}
}

func drawPad(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, dimensions(r, most/2)...)
	padding := make([]compute.PadAxis, r.IntN(shape.Rank()+1))
	for i := range padding {
		padding[i] = compute.PadAxis{Start: r.IntN(3), End: r.IntN(3), Interior: max(r.IntN(4)-1, 0)}
	}
	return example{
		operands: []array{random(shape, wide(r, d)), random(shapes.Make(d), wide(r, d))},
		build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Pad(x[0], x[1], padding...))
		}),
	}
}

func drawConcatenate(r *rand.Rand, d dtypes.DType, most int) example {
	dims := append(dimensions(r, most/4), 1+r.IntN(4))
	axis := r.IntN(len(dims))
	ex := example{build: one(func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Concatenate(axis, x...))
	})}
	for range 1 + r.IntN(4) {
		shape := shapes.Make(d, dims...)
		shape.Dimensions[axis] = r.IntN(dims[axis] + 2)
		ex.operands = append(ex.operands, random(shape, wide(r, d)))
	}
	return ex
}
