package fuse

import (
	"slices"

	"github.com/gomlx/compute"

	"videomae/engine/simd/ir"
)

// unit is what runs as one: a loop, or an op on its own.
type unit struct {
	id     int
	node   *ir.Node // the op; nil for a loop
	group  *group   // the loop, or nil
	before []uint64 // set of units that must run earlier, directly or not
	dead   bool     // absorbed by another
	finish *group   // of a product: what is done to its result while that is in cache, or nil
}

// partition assigns nodes to units.
type partition struct {
	all     []*ir.Node // the graph
	nodes   []*ir.Node // what its outputs depend on
	units   []*unit
	of      map[*ir.Node]*unit
	solid   map[*ir.Node]bool    // moving ops whose value is copied into memory because no reader can follow the move
	readers map[*ir.Node][]*unit // loops that read a large value by that name
	places  map[*ir.Node]place   // values written into a concatenation
	needed  map[*ir.Node]bool    // values that something lowered already reads
	stored  map[*ir.Node]bool    // values of loops that get memory
	words   int                  // length of the sets of units
}

// newPartition assigns every node.
func newPartition(g *ir.Graph) *partition {
	p := &partition{all: g.Nodes, nodes: g.Live(), of: map[*ir.Node]*unit{}, solid: map[*ir.Node]bool{}, readers: map[*ir.Node][]*unit{}}
	p.words = (2*len(p.nodes) + 63) / 64
	for _, n := range p.nodes {
		switch {
		case given(n), moves(n) && n.Op != compute.OpTypeSchedulingBarrier:
		case n.Op == ir.OpResult:
			p.of[n] = p.of[n.In[0]]
		case loops(n):
			p.join(n)
		default:
			p.alone(n)
		}
	}
	return p
}

// loops tells whether a loop can compute the node.
func loops(n *ir.Node) bool {
	return n.Shape.Size() > 0 && (elementwise(n) || reduces(n) && n.In[0].Shape.Size() > 0)
}

// alone makes an op a unit of its own.
func (p *partition) alone(n *ir.Node) *unit {
	for i, in := range n.In {
		if moves(in) && !p.solid[in] && !p.readable(n, i) {
			p.solidify(in)
		}
	}
	u := p.newUnit()
	u.node = n
	p.of[n] = u
	for _, in := range n.In {
		p.follow(u, p.sources(in))
	}
	return u
}

func (p *partition) newUnit() *unit {
	u := &unit{id: len(p.units), before: make([]uint64, p.words)}
	p.units = append(p.units, u)
	return u
}

func (u *unit) after(other *unit) bool { return u.before[other.id/64]>>(other.id%64)&1 == 1 }

// follow puts u after other units, and with it all that come after u.
func (p *partition) follow(u *unit, others []*unit) {
	changed := false
	for _, o := range others {
		if o == u || u.after(o) {
			continue
		}
		changed = true
		merge(u.before, o.before)
		u.before[o.id/64] |= 1 << (o.id % 64)
	}
	if !changed {
		return
	}
	for _, w := range p.units {
		if !w.dead && w.after(u) {
			merge(w.before, u.before)
		}
	}
}

func merge(into, from []uint64) {
	for i := range into {
		into[i] |= from[i]
	}
}

// large is the number of elements from which on loops that read a value are joined if they can be: reading fewer twice costs less than
// looking for a common loop.
const large = 4096

// join adds a node to the loop of one of its inputs, joining those loops where it links them, or begins a loop.
func (p *partition) join(n *ir.Node) {
	var home *unit
	for _, u := range p.candidates(n) {
		switch {
		case home == nil && p.fitsInto(u, n):
			home = u
		case home != nil:
			p.absorb(home, u)
		}
	}
	if home == nil {
		g := newGroup(n)
		p.noteLoads(g, n)
		if _, ok := g.frameOf(); !ok {
			p.alone(n)
			return
		}
		home = p.newUnit()
		home.group = g
		p.of[n] = home
	}
	for _, in := range n.In {
		p.follow(home, p.sources(in))
		if in.Shape.Size() >= large && !slices.Contains(p.readers[in], home) {
			p.readers[in] = append(p.readers[in], home)
		}
	}
}

// candidates lists the loops that n reads from, latest first, then those that read the same large values as it.
func (p *partition) candidates(n *ir.Node) []*unit {
	var sources, siblings []*unit
	for _, in := range n.In {
		if u := p.of[p.base(in)]; u != nil && u.group != nil && !slices.Contains(sources, u) {
			sources = append(sources, u)
		}
		for _, u := range p.readers[in] {
			if !u.dead && !slices.Contains(siblings, u) {
				siblings = append(siblings, u)
			}
		}
	}
	latest := func(a, b *unit) int { return last(b).ID - last(a).ID }
	slices.SortFunc(sources, latest)
	slices.SortFunc(siblings, latest)
	for _, u := range siblings {
		if !slices.Contains(sources, u) {
			sources = append(sources, u)
		}
	}
	return sources
}

func last(u *unit) *ir.Node { return u.group.members[len(u.group.members)-1] }

// fitsInto adds n to a loop if its space has a place for it, its other inputs do not wait for the loop, and rows stay rows.
func (p *partition) fitsInto(u *unit, n *ir.Node) bool {
	if len(u.group.members) >= greatestGroup {
		return false
	}
	for _, in := range n.In {
		for _, s := range p.sources(in) {
			if s != u && s.after(u) {
				return false
			}
		}
		if _, reached := u.group.reach(in); p.of[p.rawBase(in)] == u && (!reached || p.throughBarrier(in)) {
			return false
		}
	}
	trial := u.group.clone()
	if !trial.place(n) {
		return false
	}
	p.noteLoads(trial, n)
	if _, ok := trial.frameOf(); !ok {
		return false
	}
	u.group = trial
	p.of[n] = u
	return true
}

// absorb joins the loop other to home if nothing runs between them.
func (p *partition) absorb(home, other *unit) {
	for _, w := range p.units {
		if w.dead || w == home || w == other {
			continue
		}
		if w.after(home) && other.after(w) || w.after(other) && home.after(w) {
			return
		}
	}
	if len(home.group.members)+len(other.group.members) > greatestGroup {
		return
	}
	if p.readsAcrossBarrier(home, other) || p.readsAcrossBarrier(other, home) {
		return
	}
	trial := home.group.clone()
	if !trial.absorb(other.group.clone()) {
		return
	}
	if _, ok := trial.frameOf(); !ok || !p.consistent(trial) {
		return
	}
	home.group, other.dead = trial, true
	for _, n := range other.group.members {
		p.of[n] = home
	}
	merge(home.before, other.before)
	clearBit(home.before, home.id)
	clearBit(home.before, other.id)
	for _, w := range p.units {
		if !w.dead && (w.after(home) || w.after(other)) {
			merge(w.before, home.before)
			w.before[home.id/64] |= 1 << (home.id % 64)
			clearBit(w.before, other.id)
		}
	}
}

// readsAcrossBarrier tells whether a member of a loop reads one of another through a barrier.
func (p *partition) readsAcrossBarrier(reader, source *unit) bool {
	for _, n := range reader.group.members {
		for _, in := range n.In {
			if p.of[p.base(in)] == source && p.throughBarrier(in) {
				return true
			}
		}
	}
	return false
}

func clearBit(set []uint64, bit int) { set[bit/64] &^= 1 << (bit % 64) }

// consistent tells whether members that read each other agree on where the values are.
func (p *partition) consistent(g *group) bool {
	for _, n := range g.members {
		for _, in := range n.In {
			from, ok := g.reach(in)
			if !ok {
				if _, member := g.at[p.rawBase(in)]; member {
					return false
				}
				continue
			}
			want := g.operandIndex(n, in)
			for i := range from {
				if from[i] != nil && in.Shape.Dimensions[i] != 1 && !equal(*from[i], want[i]) {
					return false
				}
			}
		}
	}
	return true
}
