// Loops that read the same values.

package fuse

import (
	"slices"

	"videomae/engine/simd/ir"
)

// joinSiblings joins loops over the same rows that read the same large values from memory, now that it is known what each reads. While
// nodes were assigned, a value that both compute anew may have kept them apart: the second moment of AdamW begins in the loop
// that squares the gradient for its norm, for which all updates wait.
func (p *partition) joinSiblings() {
	readers := map[*ir.Node][]*unit{}
	for _, u := range p.loopsInOrder() {
		reads := p.largeReads(u)
		for _, n := range reads {
			for _, earlier := range readers[n] {
				if !u.dead && !earlier.dead && u.group.rowLength() == earlier.group.rowLength() && !p.reads(u, earlier) && !p.reads(earlier, u) {
					p.absorb(earlier, u)
				}
			}
		}
		for _, n := range reads {
			readers[n] = append(readers[n], u)
		}
	}
}

// largeReads lists the large values that a loop reads from memory.
func (p *partition) largeReads(u *unit) []*ir.Node {
	var list []*ir.Node
	for l := range u.group.loads {
		if base := p.base(l.in); p.of[base] != u && base.Shape.Size() >= large && !slices.Contains(list, base) {
			list = append(list, base)
		}
	}
	slices.SortFunc(list, func(a, b *ir.Node) int { return a.ID - b.ID })
	return list
}

// reads tells whether a loop reads a value of another.
func (p *partition) reads(u, from *unit) bool {
	for l := range u.group.loads {
		if p.of[p.base(l.in)] == from {
			return true
		}
	}
	return false
}

// rowLength is the length of the group's rows.
func (g *group) rowLength() int {
	f, _ := g.frameOf()
	return g.space[f.lead:].size()
}
