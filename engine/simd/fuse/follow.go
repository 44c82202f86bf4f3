// Following values through moves to where they lie in memory.

package fuse

import (
	"slices"

	"github.com/gomlx/compute"

	"videomae/engine/simd/ir"
)

// sources lists the units that make the value of n and those of barriers on the way to it.
func (p *partition) sources(n *ir.Node) []*unit {
	var list []*unit
	for moves(n) && !p.solid[n] {
		if n.Op == compute.OpTypeSchedulingBarrier {
			list = append(list, p.of[n])
		} else if barrierResult(n) {
			list = append(list, p.of[n.In[0]])
		}
		n = moved(n)
	}
	if u := p.of[n]; u != nil {
		list = append(list, u)
	}
	return list
}

// base is the node whose memory holds the value of n, moves undone.
func (p *partition) base(n *ir.Node) *ir.Node {
	for moves(n) && !p.solid[n] {
		n = moved(n)
	}
	return n
}

// solidify copies a moving op's value into memory. A reshape needs no copy of its own once what it reshapes lies there in order.
func (p *partition) solidify(n *ir.Node) {
	for (n.Op == compute.OpTypeReshape || barrierResult(n)) && moves(moved(n)) {
		n = moved(n)
	}
	if p.solid[n] {
		return
	}
	copied := p.alone(n)
	p.solid[n] = true
	for _, u := range p.units {
		if !u.dead && u != copied && p.readsThrough(u, n) {
			p.follow(u, []*unit{copied})
		}
	}
}

// readsThrough tells whether a unit finds an input by way of the moving op n.
func (p *partition) readsThrough(u *unit, n *ir.Node) bool {
	passes := func(in *ir.Node) bool {
		for moves(in) && in != n {
			in = moved(in)
		}
		return in == n
	}
	if u.node != nil {
		return slices.ContainsFunc(u.node.In, passes)
	}
	for l := range u.group.loads {
		if passes(l.in) {
			return true
		}
	}
	return false
}

// throughBarrier tells whether n finds its value by way of a barrier.
func (p *partition) throughBarrier(n *ir.Node) bool {
	for ; moves(n) && !p.solid[n]; n = moved(n) {
		if barrierResult(n) {
			return true
		}
	}
	return false
}

// noteLoads records where in memory n finds what does not come from the group, copying what is scattered there.
func (p *partition) noteLoads(g *group, n *ir.Node) {
	for _, in := range n.In {
		if _, member := g.at[p.rawBase(in)]; member {
			continue
		}
		if !p.inRows(in) {
			p.solidify(in)
		}
		p.noteLoad(g, load{member: n, in: in}, in, g.operandIndex(n, in))
		if g.readers[in] == nil && !moves(in) {
			g.readers[in] = n
		}
	}
}

// noteLoad pulls an index down to memory. The group's atoms are cut where a reshape needs it.
func (p *partition) noteLoad(g *group, key load, in *ir.Node, x Index) {
	l, _, need := p.pullDown(g.space, in, x)
	for need != nil {
		g.cut(*need)
		x = x.cut(*need)
		l, _, need = p.pullDown(g.space, in, x)
	}
	g.loads[key] = l
}

// pullDown is a puller that stops at copies, and has made what it cannot follow further copied.
func (p *partition) pullDown(space Space, n *ir.Node, x Index) (l Linear, base *ir.Node, need *split) {
	for moves(n) && !p.solid[n] {
		source := p.beforeBarriers(moved(n))
		if n.Op == compute.OpTypeReshape && (!moves(source) || p.solid[source]) {
			return linear(n.Shape.Dimensions, x), source, nil
		}
		in, need, ok := space.pull(n, x)
		if need != nil {
			return Linear{}, nil, need
		}
		if !ok {
			p.solidify(source)
			return linear(n.Shape.Dimensions, x), p.base(n), nil
		}
		n, x = source, in
	}
	return linear(n.Shape.Dimensions, x), n, nil
}

// pullThrough is a puller that passes copies by. What it cannot follow it says needs a cut.
func (p *partition) pullThrough(space Space, n *ir.Node, x Index) (l Linear, base *ir.Node, need *split) {
	for moves(n) {
		source := moved(n)
		if n.Op == compute.OpTypeReshape && !moves(source) {
			return linear(n.Shape.Dimensions, x), source, nil
		}
		in, need, ok := space.pull(n, x)
		if need != nil || !ok {
			return Linear{}, nil, &split{}
		}
		n, x = source, in
	}
	return linear(n.Shape.Dimensions, x), n, nil
}

// beforeBarriers is the value that a chain of barriers' results stands for.
func (p *partition) beforeBarriers(n *ir.Node) *ir.Node {
	for barrierResult(n) && !p.solid[n] {
		n = moved(n)
	}
	return n
}

// inRows tells whether the last axis of a value lies in memory without gaps, or stands still there.
func (p *partition) inRows(n *ir.Node) bool {
	space, x := dense(n.Shape.Dimensions)
	l, _, need := p.pullDown(space, n, x)
	if need != nil {
		return false
	}
	for _, part := range l.Parts {
		if part.Atom == len(space)-1 && part.Stride != 1 {
			return false
		}
	}
	return true
}

// rawBase is the node that n comes from by moves, copied or not.
func (p *partition) rawBase(n *ir.Node) *ir.Node {
	for moves(n) {
		n = moved(n)
	}
	return n
}
