// What loops do to a product's result, moved into the product.

package fuse

import (
	"slices"

	"videomae/engine/simd/ir"
)

// decideEpilogues moves into products what loops do to their results value by value, so that it happens while these are in cache.
func (p *partition) decideEpilogues() {
	for _, u := range p.units {
		if u.node == nil || !IsProduct(u.node) || len(u.node.Attr.(ir.Product).LeftBatch) > 0 || u.node.Shape.Rank() == 0 {
			continue
		}
		for _, w := range p.loopsInOrder() {
			if w.after(u) && p.moveIn(u, w) {
				break
			}
		}
	}
}

// moveIn moves those stored members of a loop that need no more than the product's value and what is there before it.
func (p *partition) moveIn(u, w *unit) bool {
	if !p.readsPlainly(w.group, u.node) {
		return false
	}
	e := &group{space: w.group.space, at: map[*ir.Node]Index{}, loads: map[load]Linear{}}
	for _, n := range w.group.members {
		if p.of[n] == w && p.early(u, w.group, e, n) {
			e.members = append(e.members, n)
			e.at[n] = w.group.at[n]
		}
	}
	var roots []*ir.Node
	for _, n := range e.members {
		if p.stored[n] {
			roots = append(roots, n)
		}
		for l, x := range w.group.loads {
			if l.member == n {
				e.loads[l] = x
			}
		}
	}
	if _, ok := p.blockFrame(e, u.node); !ok || len(roots) == 0 {
		return false
	}
	u.finish = e
	for _, n := range roots {
		p.of[n] = u
	}
	for _, n := range e.members {
		for _, in := range n.In {
			p.follow(u, slices.DeleteFunc(p.sources(in), func(s *unit) bool { return s == w || s == u }))
		}
	}
	return true
}

// readsPlainly tells whether a loop reads the product's value, and always point by point in the order of its memory.
func (p *partition) readsPlainly(g *group, n *ir.Node) bool {
	found := false
	for l, x := range g.loads {
		if p.base(l.in) != n {
			continue
		}
		parts := slices.Clone(x.Parts)
		slices.SortFunc(parts, func(a, b Part) int { return a.Atom - b.Atom })
		if !equal(Linear{x.Offset, parts}, g.space.run(0, len(g.space))) || p.throughBarrier(l.in) {
			return false
		}
		found = true
	}
	return found
}

// early tells whether a member can be computed as soon as the product u is known: from u, members that can, and values that do
// not wait for u.
func (p *partition) early(u *unit, g, e *group, n *ir.Node) bool {
	if _, reduction := g.over[n]; reduction {
		return false
	}
	for _, in := range n.In {
		base := p.base(in)
		_, member := g.at[base]
		_, chosen := e.at[base]
		switch {
		case base == u.node, chosen && !p.solid[in]:
		case member:
			return false
		default:
			for _, s := range p.sources(in) {
				if s == u || s.after(u) {
					return false
				}
			}
		}
	}
	return true
}

// blockFrame is the frame in which a row is a row of the product's matrix.
func (p *partition) blockFrame(e *group, n *ir.Node) (frame, bool) {
	columns := columns(n)
	if columns == 1 {
		return frame{}, false
	}
	for lead := range len(e.space) + 1 {
		f := frame{lead: lead}
		if e.space[lead:].size() == columns && e.fits(&f) && f.period == 0 {
			return f, true
		}
	}
	return frame{}, false
}

// columns is the size of the right operand's free axes.
func columns(n *ir.Node) int {
	a := n.Attr.(ir.Product)
	size := 1
	for axis, d := range n.In[1].Shape.Dimensions {
		if !slices.Contains(a.RightContract, axis) && !slices.Contains(a.RightBatch, axis) {
			size *= d
		}
	}
	return size
}

// finishProduct writes the loop over a product's blocks. The product's own value gets memory only if something else reads it.
func (p *partition) finishProduct(u *unit, out *Unit) error {
	if u.finish == nil {
		return nil
	}
	var roots []*ir.Node
	for _, n := range u.finish.members {
		if p.needed[n] && p.of[n] == u {
			roots = append(roots, n)
		}
	}
	if len(roots) == 0 {
		return nil
	}
	e := u.finish
	if p.needed[u.node] {
		e.at[u.node] = e.inOrder(u.node)
		roots = append([]*ir.Node{u.node}, roots...)
	}
	frames := func() (frame, bool) { return p.blockFrame(e, u.node) }
	l, err := p.writeCutting(u, e, frames, u.node, roots)
	if err != nil {
		return err
	}
	p.need(l)
	out.Loop, out.Writes = l, roots
	return nil
}

// inOrder is the index of a value whose memory runs through the space point by point.
func (g *group) inOrder(n *ir.Node) Index {
	x := make(Index, n.Shape.Rank())
	x[len(x)-1] = g.space.run(0, len(g.space))
	return x
}
