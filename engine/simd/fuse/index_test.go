package fuse

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// at evaluates an index at a point of the space.
func (l Linear) at(point []int) int {
	i := l.Offset
	for _, p := range l.Parts {
		i += p.Stride * point[p.Atom]
	}
	return i
}

// points calls f with every point of a space.
func points(s Space, f func(point []int)) {
	point := make([]int, len(s))
	var walk func(atom int)
	walk = func(atom int) {
		if atom == len(s) {
			f(point)
			return
		}
		for point[atom] = 0; point[atom] < s[atom]; point[atom]++ {
			walk(atom + 1)
		}
	}
	walk(0)
}

// move is a random moving op on x, and where the element at a given position of its value comes from in x.
func move(r *rand.Rand, g *ir.Graph, x *ir.Node) (n *ir.Node, source func(to []int) []int) {
	dims := x.Shape.Dimensions
	switch r.IntN(4) {
	case 0: // transpose
		axes := ir.Axes(r.Perm(len(dims)))
		out := make([]int, len(dims))
		for i, axis := range axes {
			out[i] = dims[axis]
		}
		n = &ir.Node{Op: compute.OpTypeTranspose, In: []*ir.Node{x}, Attr: axes, Shape: shapes.Make(dtypes.Float32, out...)}
		return n, func(to []int) []int {
			from := make([]int, len(dims))
			for i, axis := range axes {
				from[axis] = to[i]
			}
			return from
		}
	case 1: // slice
		cut := ir.Range{Starts: make([]int, len(dims)), Limits: make([]int, len(dims)), Strides: make([]int, len(dims))}
		out := make([]int, len(dims))
		for i, d := range dims {
			cut.Starts[i], cut.Strides[i] = r.IntN(d), 1+r.IntN(2)
			cut.Limits[i] = cut.Starts[i] + 1 + r.IntN(d-cut.Starts[i])
			out[i] = (cut.Limits[i] - cut.Starts[i] + cut.Strides[i] - 1) / cut.Strides[i]
		}
		n = &ir.Node{Op: compute.OpTypeSlice, In: []*ir.Node{x}, Attr: cut, Shape: shapes.Make(dtypes.Float32, out...)}
		return n, func(to []int) []int {
			from := make([]int, len(dims))
			for i := range from {
				from[i] = cut.Starts[i] + cut.Strides[i]*to[i]
			}
			return from
		}
	case 2: // broadcast: a new first axis
		out := append([]int{2}, dims...)
		axes := make(ir.Axes, len(dims))
		for i := range axes {
			axes[i] = i + 1
		}
		n = &ir.Node{Op: compute.OpTypeBroadcastInDim, In: []*ir.Node{x}, Attr: axes, Shape: shapes.Make(dtypes.Float32, out...)}
		return n, func(to []int) []int { return slices.Clone(to[1:]) }
	}
	// reshape: two axes become one, or one becomes two
	out := slices.Clone(dims)
	if i := r.IntN(len(out)); len(out) > 1 && i > 0 {
		out[i-1] *= out[i]
		out = slices.Delete(out, i, i+1)
	} else if out[0]%2 == 0 {
		out = append([]int{2, out[0] / 2}, out[1:]...)
	}
	n = &ir.Node{Op: compute.OpTypeReshape, In: []*ir.Node{x}, Shape: shapes.Make(dtypes.Float32, out...)}
	return n, func(to []int) []int {
		flat := 0
		for i, d := range out {
			flat = flat*d + to[i]
		}
		from := make([]int, len(dims))
		for i, d := range slices.Backward(dims) {
			from[i] = flat % d
			flat /= d
		}
		return from
	}
}

func TestPulledIndexFindsWhatMovesMoved(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	followed := 0
	for range 3000 {
		g := ir.New()
		dims := []int{2 * (1 + r.IntN(3)), 1 + r.IntN(4), 1 + r.IntN(6)}
		x := g.Param("x", shapes.Make(dtypes.Float32, dims...))
		chain := []*ir.Node{}
		sources := []func([]int) []int{}
		top := x
		for range 1 + r.IntN(4) {
			n, source := move(r, g, top)
			chain, sources, top = append(chain, n), append(sources, source), n
		}
		space, index := dense(top.Shape.Dimensions)
		ok := true
		for i := len(chain) - 1; i >= 0 && ok; i-- {
			var need *split
			var in Index
			for {
				in, need, ok = space.pull(chain[i], index)
				if need == nil {
					break
				}
				space, index = space.cut(*need), index.cut(*need)
			}
			index = in
		}
		if !ok {
			continue // a carry: the value would be copied
		}
		followed++
		place := linear(dims, index)
		flat := 0
		points(space, func(point []int) {
			// Points run in the order of the value's memory, as cuts keep it.
			to := make([]int, top.Shape.Rank())
			rest := flat
			for i, d := range slices.Backward(top.Shape.Dimensions) {
				to[i] = rest % d
				rest /= d
			}
			for i := len(sources) - 1; i >= 0; i-- {
				to = sources[i](to)
			}
			want := 0
			for i, d := range dims {
				want = want*d + to[i]
			}
			if got := place.at(point); got != want {
				t.Fatalf("%v: point %v of %v is read at %d, want %d", chain, point, space, got, want)
			}
			flat++
		})
	}
	if followed < 2000 {
		t.Errorf("only %d of 3000 chains of moves could be followed", followed)
	}
}

func TestAxesUndoesLinear(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		dims := []int{1 + r.IntN(4), 1 + r.IntN(4), 1 + r.IntN(4)}
		space, index := dense(dims)
		back, need, ok := space.axes(linear(dims, index), dims)
		if need != nil || !ok {
			t.Fatalf("%v: the axes of a dense value were not found", dims)
		}
		for i := range index {
			if !equal(index[i], back[i]) {
				t.Fatalf("%v: axis %d is %v, want %v", dims, i, back[i], index[i])
			}
		}
	}
}
