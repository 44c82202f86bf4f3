package ops

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// value builds a graph of one op.
type value = compute.Value

func TestTranspose(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(6), sizes(rng), true)...))
		permutation := rng.Perm(x.Rank())
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.Transpose(v[0], permutation...) }, x)
		k, err := NewTranspose(x.Shape, permutation, want.Shape)
		same(t, run(t, k, err, want.Shape, x), want, 0)
	}
}

func TestTransposeOfLargeMatrices(t *testing.T) {
	rng := newRand(t)
	for _, dtype := range []dtypes.DType{dtypes.Bool, dtypes.BFloat16, dtypes.Float32, dtypes.Float64} {
		for _, d := range [][2]int{{512, 512}, {1, 5000}, {37, 4099}, {4099, 37}, {1000, 333}} {
			x := random(rng, shapes.Make(dtype, d[0], d[1]))
			out := shapes.Make(dtype, d[1], d[0])
			k, err := NewTranspose(x.Shape, []int{1, 0}, out)
			y := run(t, k, err, out, x)
			for range 2000 {
				i, j := rng.IntN(d[0]), rng.IntN(d[1])
				if y.at(j*d[0]+i) != x.at(i*d[1]+j) {
					t.Fatalf("%s: element %d, %d is not that of %d, %d", x.Shape, j, i, i, j)
				}
			}
		}
	}
}

func TestBroadcastInDim(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		out := shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(5), sizes(rng), true)...)
		var places, from []int
		for k, n := range out.Dimensions {
			switch rng.IntN(3) {
			case 0:
				places, from = append(places, k), append(from, n)
			case 1:
				places, from = append(places, k), append(from, 1)
			}
		}
		x := random(rng, shapes.Make(out.DType, from...))
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.BroadcastInDim(v[0], out, places) }, x)
		k, err := NewBroadcastInDim(x.Shape, places, out)
		same(t, run(t, k, err, out, x), want, 0)
	}
}

func TestSlice(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(5), sizes(rng), true)...))
		var starts, limits, by []int
		for _, n := range x.Dimensions {
			starts = append(starts, rng.IntN(n+1))
			limits = append(limits, starts[len(starts)-1]+rng.IntN(n-starts[len(starts)-1]+1))
			by = append(by, 1+rng.IntN(3)*rng.IntN(2))
		}
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.Slice(v[0], starts, limits, by) }, x)
		k, err := NewSlice(x.Shape, starts, limits, by, want.Shape)
		same(t, run(t, k, err, want.Shape, x), want, 0)
	}
}

func TestReverse(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(5), sizes(rng), false)...))
		axes := rng.Perm(x.Rank())[:rng.IntN(x.Rank()+1)]
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.Reverse(v[0], axes...) }, x)
		k, err := NewReverse(x.Shape, axes, x.Shape)
		same(t, run(t, k, err, x.Shape, x), want, 0)
	}
}

func TestConcatenate(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		first := shapes.Make(pick(rng, allTypes), dims(rng, 1+rng.IntN(4), sizes(rng), true)...)
		along := rng.IntN(first.Rank())
		var xs []tensor
		var parts []shapes.Shape
		for range 1 + rng.IntN(4) {
			s := first.Clone()
			s.Dimensions[along] = rng.IntN(5) * rng.IntN(1+first.Dimensions[along])
			xs, parts = append(xs, random(rng, s)), append(parts, s)
		}
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.Concatenate(along, v...) }, xs...)
		k, err := NewConcatenate(parts, along, want.Shape)
		same(t, run(t, k, err, want.Shape, xs...), want, 0)
	}
}

func TestPad(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(5), sizes(rng), true)...))
		around := make([]compute.PadAxis, rng.IntN(x.Rank()+1))
		for k := range around {
			if rng.IntN(2) == 0 {
				around[k] = compute.PadAxis{Start: rng.IntN(4), End: rng.IntN(4), Interior: rng.IntN(3) * rng.IntN(2)}
				if rng.IntN(4) == 0 && x.Size() < 3000 {
					around[k].End = 100
				}
			}
		}
		value0 := random(rng, shapes.Make(x.DType))
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.Pad(v[0], v[1], around...) }, x, value0)
		k, err := NewPad(x.Shape, value0.Shape, around, want.Shape)
		same(t, run(t, k, err, want.Shape, x, value0), want, 0)
	}
}

// Padding by a negative number is a slice of padding by 0, whatever is between the elements.
func TestNegativePadIsASlice(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		x := random(rng, shapes.Make(pick(rng, allTypes), dims(rng, 1+rng.IntN(3), 200, false)...))
		fill := random(rng, shapes.Make(x.DType))
		var wide, narrow []compute.PadAxis
		var starts, limits, by []int
		inner, out := x.Shape.Clone(), x.Shape.Clone()
		for k, n := range x.Dimensions {
			gap := rng.IntN(3)
			spread := (n-1)*(gap+1) + 1
			before := rng.IntN(spread + 1)
			after := rng.IntN(spread - before + 1)
			wide = append(wide, compute.PadAxis{Interior: gap})
			narrow = append(narrow, compute.PadAxis{Start: -before, End: -after, Interior: gap})
			starts, limits, by = append(starts, before), append(limits, spread-after), append(by, 1)
			inner.Dimensions[k], out.Dimensions[k] = spread, spread-before-after
		}
		k, err := NewPad(x.Shape, fill.Shape, wide, inner)
		spread := run(t, k, err, inner, x, fill)
		k, err = NewSlice(inner, starts, limits, by, out)
		want := run(t, k, err, out, spread)
		k, err = NewPad(x.Shape, fill.Shape, narrow, out)
		same(t, run(t, k, err, out, x, fill), want, 0)
	}
}

func TestIota(t *testing.T) {
	rng := newRand(t)
	for range 200 {
		out := shapes.Make(pick(rng, allTypes[1:]), dims(rng, 1+rng.IntN(4), sizes(rng), true)...)
		along := rng.IntN(out.Rank())
		want := oracle(t, func(f compute.Function, _ []value) (value, error) { return f.Iota(out, along) })
		k, err := NewIota(along, out)
		same(t, run(t, k, err, out), want, 0)
	}
}

func TestWhere(t *testing.T) {
	rng := newRand(t)
	scalarOr := func(s shapes.Shape) shapes.Shape {
		if rng.IntN(3) == 0 {
			return shapes.Make(s.DType)
		}
		return s
	}
	for range 200 {
		s := shapes.Make(pick(rng, allTypes), dims(rng, rng.IntN(4), sizes(rng), false)...)
		ins := []tensor{
			random(rng, scalarOr(shapes.Make(dtypes.Bool, s.Dimensions...))), random(rng, scalarOr(s)), random(rng, scalarOr(s)),
		}
		want := oracle(t, func(f compute.Function, v []value) (value, error) { return f.Where(v[0], v[1], v[2]) }, ins...)
		k, err := NewWhere(ins[0].Shape, ins[1].Shape, ins[2].Shape, want.Shape)
		same(t, run(t, k, err, want.Shape, ins...), want, 0)
	}
}

func TestCopy(t *testing.T) {
	rng := newRand(t)
	for _, n := range []int{0, 1, 7, 300_001} {
		x := random(rng, shapes.Make(dtypes.Uint32, n))
		out := shapes.Make(dtypes.Uint8, n, 4)
		k, err := NewCopy(compute.OpTypeBitcast, x.Shape, out)
		same(t, run(t, k, err, out, x), tensor{out, x.data}, 0)
	}
	if _, err := NewCopy(compute.OpTypeReshape, shapes.Make(dtypes.Uint8, 3), shapes.Make(dtypes.Uint8, 4)); err == nil {
		t.Error("3 bytes become 4")
	}
}

// Whatever a nest is cut into, its parts together make the same turns, each of them once.
func TestSplitKeepsEveryTurn(t *testing.T) {
	rng := newRand(t)
	turns := func(list []nest) []offsets {
		var all []offsets
		for _, p := range list {
			p.rows(0, func(at offsets) { all = append(all, at) })
		}
		slices.SortFunc(all, func(a, b offsets) int { return slices.Compare(a[:], b[:]) })
		return all
	}
	for range 200 {
		d := dims(rng, rng.IntN(5), 500, true)
		axes := make([]axis, len(d))
		for k, step := range strides(d, 1) {
			axes[k] = axis{d[k], offsets{rand.IntN(5) - 2, step}}
		}
		p := newNest(axes, offsets{7, 9})
		whole, cut := turns([]nest{{axes, offsets{7, 9}}}), turns(p.split(1+rng.IntN(200)))
		if !slices.Equal(whole, cut) {
			t.Fatalf("%v: %d turns became %d others", axes, len(whole), len(cut))
		}
	}
}
