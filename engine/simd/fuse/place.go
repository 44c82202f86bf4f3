package fuse

import (
	"github.com/gomlx/compute"

	"videomae/engine/simd/ir"
)

// place is where a value is written that has no memory of its own: into that of the concatenation which is its only reader.
type place struct {
	into    *ir.Node
	offset  int   // elements
	strides []int // of the value's axes
}

// decidePlaces has the parts of concatenations written where they belong, if all of one can be.
func (p *partition) decidePlaces(outputs []*ir.Node) {
	p.places = map[*ir.Node]place{}
	readers := map[*ir.Node]int{}
	for _, n := range p.nodes {
		for _, in := range n.In {
			readers[in]++
		}
	}
	for _, n := range outputs {
		readers[n]++
	}
	for _, u := range p.units {
		if u.node != nil && !u.dead && u.node.Op == compute.OpTypeConcatenate {
			p.placeParts(u.node, readers)
		}
	}
}

// placeParts places the parts of a concatenation, or none.
func (p *partition) placeParts(c *ir.Node, readers map[*ir.Node]int) {
	found := map[*ir.Node]place{}
	groups := map[*unit]*group{}
	start := 0
	for _, in := range c.In {
		base := in
		for base.Op == compute.OpTypeReshape && readers[base] == 1 {
			base = base.In[0]
		}
		u := p.of[base]
		if u == nil || moves(base) || readers[base] != 1 || found[base].into != nil {
			return
		}
		to, ok := placeIn(c, in, base, start)
		if !ok {
			return
		}
		switch {
		case u.group != nil:
			if groups[u] == nil {
				groups[u] = u.group.clone()
			}
			g := groups[u]
			g.loads[load{member: base, in: c}] = to.linear(g.at[base])
			if _, ok := g.frameOf(); !ok {
				return
			}
		case !IsAttention(u.node):
			return
		}
		found[base] = to
		start += in.Shape.Dimensions[c.Attr.(ir.Axis)]
	}
	for base, to := range found {
		p.places[base] = to
	}
	for u, g := range groups {
		u.group = g
	}
}

// placeIn is the place of a part that begins at start along the concatenation's axis, for the axes of the value it is a reshape of.
func placeIn(c, in, base *ir.Node, start int) (place, bool) {
	axis := int(c.Attr.(ir.Axis))
	to := place{into: c, strides: make([]int, base.Shape.Rank())}
	strides := rowMajor(c.Shape.Dimensions)
	to.offset = start * strides[axis]
	space, x := dense(base.Shape.Dimensions)
	seen, need, ok := space.axes(linear(base.Shape.Dimensions, x), in.Shape.Dimensions)
	if need != nil || !ok {
		return place{}, false
	}
	for i, along := range seen {
		for _, part := range along.Parts {
			for j := range x {
				if len(x[j].Parts) > 0 && x[j].Parts[0].Atom == part.Atom {
					to.strides[j] = part.Stride * strides[i]
				}
			}
		}
	}
	return to, true
}

// linear is where in memory the value's point at an index is written.
func (to place) linear(x Index) Linear {
	l := x.in(to.strides)
	l.Offset += to.offset
	return l
}

// placeOf is where a value is written: its own memory, or its place in a concatenation.
func (p *partition) placeOf(n *ir.Node) View {
	v := View{Node: n, Dims: n.Shape.Dimensions, Strides: rowMajor(n.Shape.Dimensions)}
	if to, ok := p.places[n]; ok {
		v.Node, v.Offset = to.into, to.offset
		copy(v.Strides, to.strides)
		return v
	}
	for i, d := range v.Dims {
		if d == 1 {
			v.Strides[i] = 0
		}
	}
	return v
}

// joins tells a concatenation whose parts are all written in place, so that nothing is left to do, and marks them as needed.
func (p *partition) joins(n *ir.Node) bool {
	if n.Op != compute.OpTypeConcatenate || len(n.In) == 0 || p.places[p.rawBase(n.In[0])].into != n {
		return false
	}
	for _, in := range n.In {
		p.needed[p.rawBase(in)] = p.needed[n]
	}
	return true
}
