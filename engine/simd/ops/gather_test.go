package ops

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// windowCase is a random gather or scatter: windows of x at places given by an index tensor.
type windowCase struct {
	x, index                             shapes.Shape
	along                                int
	windowAxes, collapsed, places, sizes []int
	windows                              shapes.Shape // what is gathered, or scattered
}

func randomWindows(t *testing.T, rng *rand.Rand, dtype dtypes.DType, size int) windowCase {
	t.Helper()
	c := windowCase{x: shapes.Make(dtype, dims(rng, 1+rng.IntN(4), size, false)...)}
	c.places = rng.Perm(c.x.Rank())[:1+rng.IntN(c.x.Rank())]
	for k, n := range c.x.Dimensions {
		switch rng.IntN(3) {
		case 0:
			c.sizes, c.collapsed = append(c.sizes, 1), append(c.collapsed, k)
		case 1:
			c.sizes = append(c.sizes, n)
		default:
			c.sizes = append(c.sizes, 1+rng.IntN(n))
		}
	}
	vectors := dims(rng, rng.IntN(3), 20, false)
	c.along = rng.IntN(len(vectors) + 1)
	c.index = shapes.Make(pick(rng, wholeTypes), slices.Insert(slices.Clone(vectors), c.along, len(c.places))...)
	rank := len(vectors) + c.x.Rank() - len(c.collapsed)
	c.windowAxes = rng.Perm(rank)[:c.x.Rank()-len(c.collapsed)]
	slices.Sort(c.windowAxes)
	var err error
	c.windows, err = shapeinference.Gather(c.x, c.index, c.along, c.windowAxes, c.collapsed, c.places, c.sizes, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGather(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		c := randomWindows(t, rng, pick(rng, allTypes), sizes(rng))
		x, index := random(rng, c.x), below(rng, c.index, 1+slices.Max(c.x.Dimensions)%128)
		if !c.index.DType.IsUnsigned() {
			index = filled(c.index, func(int) float64 { return float64(rng.IntN(20) - 4) })
		}
		want := oracle(t, func(f compute.Function, v []value) (value, error) {
			return f.Gather(v[0], v[1], c.along, c.windowAxes, c.collapsed, c.places, c.sizes, false)
		}, x, index)
		k, err := NewGather(c.x, c.index, c.along, c.windowAxes, c.collapsed, c.places, c.sizes, want.Shape)
		same(t, run(t, k, err, want.Shape, x, index), want, 0)
	}
}

// Rows as the autoencoder takes them: by one number each, with and without an axis for it, and by pairs.
func TestGatherOfRows(t *testing.T) {
	rng := newRand(t)
	const b, n, d, count = 3, 50, 768, 2000
	x := random(rng, shapes.Make(dtypes.Float32, b, n, d))
	flat := tensor{shapes.Make(dtypes.Float32, b*n, d), x.data}
	rows := below(rng, shapes.Make(dtypes.Int32, count), b*n)
	pairs := filled(shapes.Make(dtypes.Int32, count, 2), func(i int) float64 {
		row := int(rows.at(i / 2))
		return float64([]int{row / n, row % n}[i%2])
	})
	out := shapes.Make(dtypes.Float32, count, d)
	want := tensor{out, aligned(int(out.ByteSize()))}
	for i := range count {
		copy(want.data[i*d*4:][:d*4], x.data[int(rows.at(i))*d*4:])
	}
	k, err := NewGather(flat.Shape, rows.Shape, 1, []int{1}, []int{0}, []int{0}, []int{1, d}, out)
	same(t, run(t, k, err, out, flat, rows), want, 0)
	column := tensor{shapes.Make(dtypes.Int32, count, 1), rows.data}
	k, err = NewGather(flat.Shape, column.Shape, 1, []int{1}, []int{0}, []int{0}, []int{1, d}, out)
	same(t, run(t, k, err, out, flat, column), want, 0)
	k, err = NewGather(x.Shape, pairs.Shape, 1, []int{1}, []int{0, 1}, []int{0, 1}, []int{1, 1, d}, out)
	same(t, run(t, k, err, out, x, pairs), want, 0)
	// One large window, shared out by its elements.
	one := below(rng, shapes.Make(dtypes.Uint8, 1), 1)
	k, err = NewGather(flat.Shape, one.Shape, 0, []int{0, 1}, nil, []int{0}, []int{b * n, d}, flat.Shape)
	same(t, run(t, k, err, flat.Shape, flat, one), flat, 0)
	if k.Tasks() < 2 {
		t.Error("one large window is not shared out")
	}
}

// scattered is a scatter by its definition, element by element of the updates.
func scattered(c windowCase, x, index, updates tensor, combine func(a, b float64) float64) tensor {
	sums := make([]float64, x.Size())
	for i := range sums {
		sums[i] = x.at(i)
	}
	steps, vectorStep := strides(x.Dimensions, 1), strides(index.Dimensions, 1)
	for i, at := range updates.Iter() {
		var vector, window []int
		for k, n := range at {
			if slices.Contains(c.windowAxes, k) {
				window = append(window, n)
			} else {
				vector = append(vector, n)
			}
		}
		vector = slices.Insert(vector, c.along, 0)
		place := make([]int, x.Rank())
		for number, k := range c.places {
			vector[c.along] = number
			first := 0
			for axis, n := range vector {
				first += n * vectorStep[axis]
			}
			place[k] = int(index.at(first))
		}
		target, fits := 0, true
		for k, n := range place {
			fits = fits && n >= 0 && n+c.sizes[k] <= x.Dimensions[k]
			if !slices.Contains(c.collapsed, k) {
				n, window = n+window[0], window[1:]
			}
			target += n * steps[k]
		}
		if fits {
			sums[target] = combine(sums[target], updates.at(i))
		}
	}
	return filled(x.Shape, func(i int) float64 { return sums[i] })
}

func TestScatter(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		c := randomWindows(t, rng, pick(rng, allTypes[1:]), min(sizes(rng), 5000))
		x, updates := below(rng, c.x, 9), below(rng, c.windows, 5)
		index := below(rng, c.index, 6)
		if !c.index.DType.IsUnsigned() {
			index = filled(c.index, func(int) float64 { return float64(rng.IntN(8) - 1) })
		}
		op, combine := compute.OpTypeScatterSum, func(a, b float64) float64 { return a + b }
		switch rng.IntN(3) {
		case 0:
			op, combine = compute.OpTypeScatterMax, func(a, b float64) float64 { return max(a, b) }
		case 1:
			op, combine = compute.OpTypeScatterMin, func(a, b float64) float64 { return min(a, b) }
		}
		want := scattered(c, x, index, updates, combine)
		k, err := NewScatter(op, c.x, c.index, c.windows, c.along, c.windowAxes, c.collapsed, c.places, c.x)
		same(t, run(t, k, err, c.x, x, index, updates), want, 0)
	}
}

// The gradient of a gather of rows, against the oracle, in the memory of its first input too.
func TestScatterOfRows(t *testing.T) {
	rng := newRand(t)
	const n, d, count = 60, 384, 500
	for _, dtype := range realTypes[1:] { // the oracle has no Float16
		x, updates := random(rng, shapes.Make(dtype, n, d)), random(rng, shapes.Make(dtype, count, d))
		rows := below(rng, shapes.Make(dtypes.Int32, count, 1), n)
		numbers := shapes.Make(dtypes.Int32, count)
		want := oracle(t, func(f compute.Function, v []value) (value, error) {
			return f.ScatterSum(v[0], v[1], v[2], 1, []int{1}, []int{0}, []int{0}, false, false)
		}, x, rows, updates)
		k, err := NewScatter(compute.OpTypeScatterSum, x.Shape, rows.Shape, updates.Shape, 1, []int{1}, []int{0}, []int{0}, x.Shape)
		same(t, run(t, k, err, x.Shape, x, rows, updates), want, 0)
		k, err = NewScatter(compute.OpTypeScatterSum, x.Shape, numbers, updates.Shape, 1, []int{1}, []int{0}, []int{0}, x.Shape)
		same(t, run(t, k, err, x.Shape, x, tensor{numbers, rows.data}, updates), want, 0)
		if k.Tasks() < 2 {
			t.Errorf("%s: %d task", dtype, k.Tasks())
		}
		for task := range k.Tasks() {
			k.Do(task, 0, [][]byte{x.data, rows.data, updates.data}, [][]byte{x.data})
		}
		same(t, x, want, 0)
	}
}

func TestDynamicSliceAndUpdate(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(4), sizes(rng), true)...))
		part := x.Shape.Clone()
		ins, starts, limits, by := []tensor{x}, []int{}, []int{}, []int{}
		var scalars []shapes.Shape
		for k, n := range x.Dimensions {
			part.Dimensions[k] = rng.IntN(n + 1)
			start := filled(shapes.Make(dtypes.Int16), func(int) float64 { return float64(rng.IntN(n+8) - 4) })
			ins, scalars = append(ins, start), append(scalars, start.Shape)
			from := min(max(int(start.at(0)), 0), n-part.Dimensions[k])
			starts, limits, by = append(starts, from), append(limits, from+part.Dimensions[k]), append(by, 1)
		}
		slice, err := NewSlice(x.Shape, starts, limits, by, part)
		want := run(t, slice, err, part, x)
		k, err := NewDynamicSlice(x.Shape, scalars, part)
		same(t, run(t, k, err, part, ins...), want, 0)

		// An update is read back where it was written, and writing back what was there restores the rest.
		update := random(rng, part)
		ins = slices.Insert(ins, 1, update)
		k, err = NewDynamicUpdateSlice(x.Shape, part, scalars, x.Shape)
		y := run(t, k, err, x.Shape, ins...)
		same(t, run(t, slice, nil, part, y), update, 0)
		ins[0], ins[1] = y, want
		same(t, run(t, k, err, x.Shape, ins...), x, 0)
	}
}
