package fuse

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"videomae/engine/simd/ir"
)

// Unit is one thing to run: a loop, or an op on its own with, for a product, a loop over its result.
type Unit struct {
	Op       *ir.Node   // nil for a loop
	Operands []View     // what Op reads, one for each input
	Writes   []*ir.Node // values that are written here
	Places   []View     // where they are written; of ops on their own
	Loop     *Loop      // the loop, or what becomes of a product's blocks; nil for other ops
}

// View is where an op finds an input: in a node's memory, from Offset on, with a stride for each axis (0 along axes of size 1),
// all in elements. Round asks a product to round the values to BFloat16.
type View struct {
	Node    *ir.Node
	Offset  int
	Dims    []int
	Strides []int
	Round   bool
}

// Cut decides how a graph is computed: the units in an order in which they can run, and the nodes whose memory holds the graph's
// outputs when they have.
func Cut(g *ir.Graph) (units []*Unit, outputs []*ir.Node, err error) {
	p := newPartition(g)
	for _, n := range g.Outputs {
		outputs = append(outputs, p.memoryOf(n))
	}
	p.decideStores(outputs)
	p.joinSiblings()
	p.decidePlaces(outputs)
	p.decideEpilogues()
	p.needed = map[*ir.Node]bool{}
	for _, n := range outputs {
		p.needed[n] = true
	}
	order := p.order()
	made := map[*unit]*Unit{}
	for _, u := range slices.Backward(order) { // readers first: they say what is needed
		out, err := p.lower(u)
		if err != nil {
			return nil, nil, err
		}
		made[u] = out
	}
	for _, u := range order {
		if made[u] != nil {
			units = append(units, made[u])
		}
	}
	return units, outputs, nil
}

// order sorts the units so that each comes after what it waits for, otherwise as recorded.
func (p *partition) order() []*unit {
	var list []*unit
	for _, u := range p.units {
		if !u.dead {
			list = append(list, u)
		}
	}
	position := func(u *unit) int {
		if u.node != nil {
			return u.node.ID
		}
		return last(u).ID
	}
	slices.SortStableFunc(list, func(a, b *unit) int { return position(a) - position(b) })
	var sorted []*unit
	done := map[*unit]bool{}
	var visit func(u *unit)
	visit = func(u *unit) {
		if done[u] {
			return
		}
		done[u] = true
		for _, w := range list {
			if u.after(w) {
				visit(w)
			}
		}
		sorted = append(sorted, u)
	}
	for _, u := range list {
		visit(u)
	}
	return sorted
}

// lower turns a unit into what runs, or nil if nothing needs it.
func (p *partition) lower(u *unit) (*Unit, error) {
	if u.group != nil {
		return p.lowerLoop(u)
	}
	n := u.node
	if n.Op == compute.OpTypeOptimizationBarrier || n.Op == compute.OpTypeSchedulingBarrier {
		return nil, nil // it has done its work by ordering others
	}
	if p.joins(n) {
		return nil, nil
	}
	out := &Unit{Op: n, Writes: p.results(n)}
	if err := p.finishProduct(u, out); err != nil {
		return nil, err
	}
	if len(out.Writes) == 0 {
		return nil, nil
	}
	for i := range n.In {
		view, err := p.view(n, i)
		if err != nil {
			return nil, err
		}
		p.needed[view.Node] = true
		out.Operands = append(out.Operands, view)
	}
	for _, w := range out.Writes {
		out.Places = append(out.Places, p.placeOf(w))
	}
	return out, nil
}

// results lists the values of an op on its own, if any of them is needed.
func (p *partition) results(n *ir.Node) []*ir.Node {
	if n.Results == nil {
		if p.needed[n] {
			return []*ir.Node{n}
		}
		return nil
	}
	list := make([]*ir.Node, len(n.Results))
	any := false
	for _, r := range p.all {
		if r.Op == ir.OpResult && r.In[0] == n {
			list[r.Attr.(int)] = r
			any = any || p.needed[r]
		}
	}
	if !any {
		return nil
	}
	return list
}

// lowerLoop writes a loop for the members that are needed.
func (p *partition) lowerLoop(u *unit) (*Unit, error) {
	var roots []*ir.Node
	for _, n := range u.group.members {
		if p.needed[n] && p.of[n] == u {
			roots = append(roots, n)
		}
	}
	if len(roots) == 0 {
		return nil, nil
	}
	g := u.group
	frames := func() (frame, bool) {
		f, ok := g.frameOf()
		return g.longer(f), ok
	}
	l, err := p.writeCutting(u, g, frames, nil, roots)
	if err != nil {
		return nil, err
	}
	p.need(l)
	return &Unit{Loop: l, Writes: roots}, nil
}

func (p *partition) need(l *Loop) {
	for _, b := range l.Bind {
		if !b.Write {
			p.needed[b.Node] = true
		}
	}
}

// writeCutting writes a loop, cutting atoms until all indices can be followed. frames finds the frame of the group as it then is.
func (p *partition) writeCutting(u *unit, g *group, frames func() (frame, bool), block *ir.Node, roots []*ir.Node) (*Loop, error) {
	for {
		f, ok := frames()
		if !ok {
			return nil, fmt.Errorf("fusing %v: no rows", roots[0])
		}
		l, err := p.write(u, g, f, block, roots)
		var cut *again
		if errors.As(err, &cut) {
			g.cut(cut.split)
			continue
		}
		return l, err
	}
}
