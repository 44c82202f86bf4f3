package fuse

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/ir"
)

// longestRecipe is the number of ops up to which a value is computed anew rather than read.
const longestRecipe = 24

// decideStores finds the values that get memory: results, what ops on their own read, and of what several loops read that which
// computing anew would cost more reads than it saves.
func (p *partition) decideStores(outputs []*ir.Node) {
	p.stored = map[*ir.Node]bool{}
	for _, n := range outputs {
		p.store(n)
	}
	for _, u := range p.units {
		if u.node == nil || u.dead {
			continue
		}
		for _, in := range u.node.In {
			p.store(p.base(p.unrounded(u.node, in)))
		}
	}
	for _, u := range p.loopsInOrder() {
		p.decideLoads(u)
	}
}

// memoryOf gives the node whose memory an output's value fills from end to end: itself, or what it is a mere reshape of. Any
// other moved value is copied.
func (p *partition) memoryOf(n *ir.Node) *ir.Node {
	for barrierResult(n) {
		n = moved(n)
	}
	if !moves(n) {
		return n
	}
	if v, err := p.viewOf(n, n, p.pullDown); err == nil && v.Offset == 0 && v.inOrder() && v.Node.Shape.Size() == n.Shape.Size() {
		return v.Node
	}
	p.solidify(n)
	return p.base(n)
}

// unrounded is the operand that a product reads: a parameter or constant that is converted from Float32 to BFloat16 it rounds itself
// as it packs it.
func (p *partition) unrounded(op, in *ir.Node) *ir.Node {
	rounds := in.Op == compute.OpTypeConvertDType && in.Shape.DType == dtypes.BFloat16 && in.In[0].Shape.DType == dtypes.Float32
	if op.Op == compute.OpTypeDotGeneral && rounds && given(p.base(in.In[0])) {
		return in.In[0]
	}
	return in
}

func (p *partition) store(n *ir.Node) { p.stored[n] = true }

// hasMemory tells whether a value is read rather than computed.
func (p *partition) hasMemory(n *ir.Node) bool {
	return given(n) || p.stored[n] || p.solid[n] || !elementwise(n)
}

func (p *partition) loopsInOrder() []*unit {
	var list []*unit
	for _, u := range p.units {
		if u.group != nil && !u.dead {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *unit) int { return cmp.Compare(last(a).ID, last(b).ID) })
	return list
}

// decideLoads settles for each value from outside whether a loop reads it or computes it.
func (p *partition) decideLoads(u *unit) {
	loads := slices.SortedFunc(maps.Keys(u.group.loads), func(a, b load) int { // the same choices in every run
		return cmp.Or(cmp.Compare(a.in.ID, b.in.ID), cmp.Compare(a.member.ID, b.member.ID))
	})
	read := map[*ir.Node]bool{} // what the loop reads in any case
	var open []load
	for _, l := range loads {
		base := p.base(l.in)
		if p.hasMemory(base) || p.throughBarrier(l.in) {
			p.store(base)
			read[base] = true
			continue
		}
		open = append(open, l)
	}
	for _, l := range open {
		base := p.base(l.in)
		if p.hasMemory(base) || !p.recompute(u, l, base, read) {
			p.store(base)
			read[base] = true
		}
	}
}

// recompute tries to have a loop compute a value of another loop, which must cost it at most one more full-sized read.
func (p *partition) recompute(u *unit, l load, base *ir.Node, read map[*ir.Node]bool) bool {
	leaves := map[*ir.Node]bool{}
	if p.recipe(base, leaves, map[*ir.Node]bool{}) > longestRecipe {
		return false
	}
	more := 0
	for leaf := range leaves {
		if p.of[leaf] == u {
			return false
		}
		if !read[leaf] && leaf.Shape.Size()*4 > base.Shape.Size() {
			more++
		}
	}
	if more > 1 {
		return false
	}
	trial := u.group.clone()
	before, _ := trial.frameOf()
	lead := trial.space[:before.lead].size()
	delete(trial.loads, l)
	if !p.noteRecipe(trial, l.member, l.in, trial.operandIndex(l.member, l.in)) {
		return false
	}
	after, ok := trial.frameOf()
	if !ok || trial.space[:after.lead].size() != lead {
		return false
	}
	u.group = trial
	for leaf := range leaves {
		p.store(leaf)
		read[leaf] = true
	}
	return true
}

// recipe counts the ops that compute n from values in memory, and lists those values.
func (p *partition) recipe(n *ir.Node, leaves, seen map[*ir.Node]bool) (ops int) {
	if seen[n] {
		return 0
	}
	seen[n] = true
	if p.hasMemory(n) {
		leaves[n] = true
		return 0
	}
	ops = 1
	for _, in := range n.In {
		if p.throughBarrier(in) {
			leaves[p.base(in)] = true
			continue
		}
		if ops += p.recipe(p.base(in), leaves, seen); ops > longestRecipe {
			break
		}
	}
	return ops
}

// noteRecipe notes the loads of a value that the group is to compute from memory for one of its members.
func (p *partition) noteRecipe(g *group, member, n *ir.Node, x Index) bool {
	barrier := p.throughBarrier(n)
	for moves(n) && !p.solid[n] {
		in, need, ok := g.space.pull(n, x)
		if need != nil || !ok {
			return false
		}
		n, x = moved(n), in
	}
	if barrier || p.hasMemory(n) {
		l := linear(n.Shape.Dimensions, x)
		g.loads[load{member, n, linearKey(n, l)}] = l
		return true
	}
	for _, in := range n.In {
		if !p.noteRecipe(g, member, in, operand(in, x)) {
			return false
		}
	}
	return true
}
