package simd

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

type scatterOp = func(f compute.Function, operand, indices, updates compute.Value, indexVectorAxis int, updateWindowAxes,
	insertedWindowAxes, scatterAxesToOperandAxes []int, sorted, unique bool) (compute.Value, error)

func indexingTrials() []trial {
	return []trial{
		{"Gather", every, 0, drawGather},
		{"ScatterSum", numbers, 8, drawScatter(compute.Function.ScatterSum)},
		{"ScatterMax", numbers, 0, drawScatter(compute.Function.ScatterMax)},
		{"ScatterMin", numbers, 0, drawScatter(compute.Function.ScatterMin)},
		{"DynamicSlice", every, 0, drawDynamicSlice},
		{"DynamicUpdateSlice", every, 0, drawDynamicUpdateSlice},
	}
}

// windows is a way to look upon an operand as windows found by index vectors, which Gather and Scatter have in common.
type windows struct {
	operand    shapes.Shape
	indices    array
	vectorAxis int
	indexed    []int // operand axes that the vectors' elements stand for
	collapsed  []int // operand axes that windows lack
	sizes      []int // of the windows, along the operand's axes
	batch      []int // dimensions of the indices without the vectors' axis
}

// drawWindows draws windows that are smaller than the operand along indexed axes, or that lack these axes if partial is false.
func drawWindows(r *rand.Rand, d dtypes.DType, most int, partial bool) windows {
	w := windows{operand: shapes.Make(d, append(full(dimensions(r, most)), 2+r.IntN(4))...)}
	rank := w.operand.Rank()
	w.indexed = r.Perm(rank)[:1+r.IntN(rank)]
	for i, n := range w.operand.Dimensions {
		size := n
		switch indexed := slices.Contains(w.indexed, i); {
		case indexed && (!partial || r.IntN(3) > 0):
			size, w.collapsed = 1, append(w.collapsed, i)
		case indexed:
			size = 1 + r.IntN(min(n, 3))
		}
		w.sizes = append(w.sizes, size)
	}
	for range r.IntN(3) {
		w.batch = append(w.batch, 1+r.IntN(6))
	}
	w.drawIndices(r)
	return w
}

// drawIndices gives places in which the windows fit.
func (w *windows) drawIndices(r *rand.Rand) {
	w.vectorAxis = r.IntN(len(w.batch) + 1)
	dims := slices.Insert(slices.Clone(w.batch), w.vectorAxis, len(w.indexed))
	inner := 1
	for _, n := range dims[w.vectorAxis+1:] {
		inner *= n
	}
	place := 0
	w.indices = random(shapes.Make(dtypes.Int32, dims...), func() float64 {
		axis := w.indexed[place/inner%len(w.indexed)]
		place++
		return float64(r.IntN(w.operand.Dimensions[axis] - w.sizes[axis] + 1))
	})
}

// arrange draws which axes of windows side by side are the windows' own, and gives the dimensions of it all.
func (w *windows) arrange(r *rand.Rand) (own, dims []int) {
	var window []int
	for i, size := range w.sizes {
		if !slices.Contains(w.collapsed, i) {
			window = append(window, size)
		}
	}
	dims = make([]int, len(window)+len(w.batch))
	own = slices.Sorted(slices.Values(r.Perm(len(dims))[:len(window)]))
	batch := w.batch
	for i := range dims {
		if slices.Contains(own, i) {
			dims[i], window = window[0], window[1:]
		} else {
			dims[i], batch = batch[0], batch[1:]
		}
	}
	return own, dims
}

func drawGather(r *rand.Rand, d dtypes.DType, most int) example {
	w := drawWindows(r, d, most, true)
	own, _ := w.arrange(r)
	return example{
		operands: []array{random(w.operand, wide(r, d)), w.indices},
		build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Gather(x[0], x[1], w.vectorAxis, own, w.collapsed, w.indexed, w.sizes, false))
		}),
	}
}

// drawScatter leaves out windows smaller than the operand along an axis that they have, which the oracle puts in wrong places.
// Its reference for halves is in Float32: the oracle rounds after every update, or has no such op at all.
func drawScatter(scatter scatterOp) func(r *rand.Rand, d dtypes.DType, most int) example {
	return func(r *rand.Rand, d dtypes.DType, most int) example {
		w := drawWindows(r, d, most, false)
		own, dims := w.arrange(r)
		build := func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(scatter(f, x[0], x[1], x[2], w.vectorAxis, own, w.collapsed, w.indexed, false, false))
		}
		ex := example{
			operands: []array{random(w.operand, between(r, 0, 3)), w.indices, random(shapes.Make(d, dims...), between(r, 0, 3))},
			build:    one(build),
		}
		if d.IsHalfPrecision() {
			ex.reference = inFloat32(build, d)
		}
		return ex
	}
}

// inFloat32 is a formula of which the parameters of a type are converted to Float32, and the value back.
func inFloat32(build formula, d dtypes.DType) recipe {
	return one(func(f *recorder, x []compute.Value) compute.Value {
		wide := slices.Clone(x)
		for i := range wide {
			if s, _ := f.Shape(x[i]); s.DType == d {
				wide[i] = f.ok(f.ConvertDType(x[i], dtypes.Float32))
			}
		}
		return f.ok(f.ConvertDType(build(f, wide), d))
	})
}

// drawStarts draws a window and a start on each axis, which may be out of range, and where it begins after all.
func drawStarts(r *rand.Rand, operand shapes.Shape) (sizes, begins []int, starts []array) {
	for _, n := range operand.Dimensions {
		size := r.IntN(n + 1)
		start := r.IntN(n+4) - 2
		sizes = append(sizes, size)
		begins = append(begins, min(max(start, 0), n-size))
		starts = append(starts, random(shapes.Make(dtypes.Int32), func() float64 { return float64(start) }))
	}
	return sizes, begins, starts
}

// drawDynamicSlice has a slice at a fixed place as its reference: the oracle lacks the op.
func drawDynamicSlice(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, dimensions(r, most)...)
	sizes, begins, starts := drawStarts(r, shape)
	ends := make([]int, len(sizes))
	for i := range ends {
		ends[i] = begins[i] + sizes[i]
	}
	return example{
		operands: append([]array{random(shape, wide(r, d))}, starts...),
		build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.DynamicSlice(x[0], x[1:], sizes))
		}),
		reference: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Slice(x[0], begins, ends, nil))
		}),
	}
}

// drawDynamicUpdateSlice has a choice between the operand and the padded update as its reference.
func drawDynamicUpdateSlice(r *rand.Rand, d dtypes.DType, most int) example {
	shape := shapes.Make(d, full(dimensions(r, most))...)
	sizes, begins, starts := drawStarts(r, shape)
	padding := make([]compute.PadAxis, len(sizes))
	for i := range padding {
		padding[i] = compute.PadAxis{Start: begins[i], End: shape.Dimensions[i] - sizes[i] - begins[i]}
	}
	update := random(shapes.Make(d, sizes...), wide(r, d))
	inside := random(shapes.Make(dtypes.Bool, sizes...), func() float64 { return 1 })
	return example{
		operands: append([]array{random(shape, wide(r, d)), update}, starts...),
		build: one(func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.DynamicUpdateSlice(x[0], x[1], x[2:]))
		}),
		reference: one(func(f *recorder, x []compute.Value) compute.Value {
			zero := f.ok(f.Constant(random(shapes.Make(d), func() float64 { return 0 }).flat))
			placed := f.ok(f.Pad(x[1], zero, padding...))
			mask := f.ok(f.Pad(f.ok(f.Constant(inside.flat, sizes...)), f.ok(f.Constant([]bool{false})), padding...))
			return f.ok(f.Where(mask, placed, x[0]))
		}),
	}
}
