package fuse

import (
	"slices"

	"github.com/gomlx/compute"

	"videomae/engine/simd/ir"
)

// Space is what a loop runs over: the sizes of its atoms, outermost first. An axis of a value runs along one atom or several, or
// stands still. Atoms are cut in two when two values see one axis differently (a reshape).
type Space []int

// Part is an atom's share in an index: it grows by Stride with each step along the atom.
type Part struct{ Atom, Stride int }

// Linear is an index: a place to begin, and how it grows along the atoms.
type Linear struct {
	Offset int
	Parts  []Part
}

// Index says where in a value a point of the space is found: one index for each axis.
type Index []Linear

// split asks for an atom to be cut in two, of which the inner one has size inner.
type split struct{ atom, inner int }

// size is the number of points of the space.
func (s Space) size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// cut gives the space with one atom cut in two.
func (s Space) cut(c split) Space {
	return slices.Insert(slices.Clone(s), c.atom+1, c.inner)[:len(s)+1].set(c.atom, s[c.atom]/c.inner)
}

func (s Space) set(atom, size int) Space {
	s[atom] = size
	return s
}

// cut rewrites an index after its space was cut.
func (x Index) cut(c split) Index {
	out := make(Index, len(x))
	for i, axis := range x {
		out[i] = axis.cut(c)
	}
	return out
}

func (l Linear) cut(c split) Linear {
	out := Linear{Offset: l.Offset}
	for _, p := range l.Parts {
		switch {
		case p.Atom < c.atom:
			out.Parts = append(out.Parts, p)
		case p.Atom > c.atom:
			out.Parts = append(out.Parts, Part{p.Atom + 1, p.Stride})
		default:
			out.Parts = append(out.Parts, Part{p.Atom, p.Stride * c.inner}, Part{p.Atom + 1, p.Stride})
		}
	}
	return out
}

// dense is the space of a value in which each axis is an atom, and its index.
func dense(dims []int) (Space, Index) {
	var space Space
	index := make(Index, len(dims))
	for i, d := range dims {
		if d != 1 {
			index[i] = Linear{Parts: []Part{{len(space), 1}}}
			space = append(space, d)
		}
	}
	return space, index
}

// run is the index that counts the points of the atoms from one to another, which is left out, in order.
func (s Space) run(from, to int) Linear {
	var out Linear
	for i, stride := range rowMajor(s[from:to]) {
		out.Parts = append(out.Parts, Part{from + i, stride})
	}
	return out
}

// rowMajor gives the strides of axes that lie in memory without gaps, the last the closest.
func rowMajor(dims []int) []int {
	strides := make([]int, len(dims))
	stride := 1
	for i, d := range slices.Backward(dims) {
		strides[i] = stride
		stride *= d
	}
	return strides
}

// linear gives the place in memory of a row-major value.
func linear(dims []int, x Index) Linear { return x.in(rowMajor(dims)) }

// in gives the place in memory of a value whose axes have these strides.
func (x Index) in(strides []int) Linear {
	var out Linear
	for i, axis := range x {
		out.Offset += axis.Offset * strides[i]
		for _, p := range axis.Parts {
			out.Parts = append(out.Parts, Part{p.Atom, p.Stride * strides[i]})
		}
	}
	return out
}

// axes undoes linear for a value of the given axes. It may need an atom cut, and fails where an index would carry from one axis into another.
func (s Space) axes(l Linear, dims []int) (x Index, need *split, ok bool) {
	x = make(Index, len(dims))
	last := make([]int, len(dims)) // greatest index reached along each axis
	below := 1
	for i := len(dims) - 1; i >= 0; i-- {
		above := below * dims[i]
		if above == 0 {
			return nil, nil, false
		}
		x[i].Offset = l.Offset % above / below
		last[i] = x[i].Offset
		for _, p := range l.Parts {
			if p.Stride < below || p.Stride >= above {
				continue
			}
			if extent := p.Stride * s[p.Atom]; extent > above && (s[p.Atom]-1)*p.Stride >= above {
				inner := above / p.Stride
				if above%p.Stride != 0 || s[p.Atom]%inner != 0 {
					return nil, nil, false
				}
				return nil, &split{p.Atom, inner}, false
			}
			if p.Stride%below != 0 {
				return nil, nil, false
			}
			x[i].Parts = append(x[i].Parts, Part{p.Atom, p.Stride / below})
			last[i] += (s[p.Atom] - 1) * p.Stride / below
		}
		if last[i] >= dims[i] {
			return nil, nil, false
		}
		below = above
	}
	for i := range x {
		slices.SortFunc(x[i].Parts, func(a, b Part) int { return a.Atom - b.Atom })
	}
	return x, nil, true
}

// pull turns an index into a moving op's value into the index into its input.
func (s Space) pull(n *ir.Node, x Index) (in Index, need *split, ok bool) {
	source := moved(n)
	dims := source.Shape.Dimensions
	switch n.Op {
	case compute.OpTypeReshape:
		return s.axes(linear(n.Shape.Dimensions, x), dims)
	case compute.OpTypeTranspose:
		in = make(Index, len(dims))
		for i, axis := range n.Attr.(ir.Axes) {
			in[axis] = x[i]
		}
	case compute.OpTypeBroadcastInDim:
		in = make(Index, len(dims))
		for i, axis := range n.Attr.(ir.Axes) {
			if dims[i] != 1 {
				in[i] = x[axis]
			}
		}
	case compute.OpTypeSlice:
		cut := n.Attr.(ir.Range)
		in = make(Index, len(dims))
		for i := range x {
			step := 1
			if cut.Strides != nil {
				step = cut.Strides[i]
			}
			in[i].Offset = cut.Starts[i] + step*x[i].Offset
			for _, p := range x[i].Parts {
				in[i].Parts = append(in[i].Parts, Part{p.Atom, p.Stride * step})
			}
		}
	default: // a barrier
		in = x
	}
	return in, nil, true
}

// operand is the index into an input of an element-wise op: along axes of size 1 it stands still.
func operand(in *ir.Node, x Index) Index {
	dims := in.Shape.Dimensions
	if len(dims) == 0 {
		return Index{}
	}
	out := make(Index, len(dims))
	for i, d := range dims {
		if d != 1 {
			out[i] = x[i]
		}
	}
	return out
}
