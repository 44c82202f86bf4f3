// Rows: how a loop's space is seen so that every value is of a kind that loops know.

package fuse

import (
	"math/bits"
	"slices"

	"videomae/engine/simd/ir"
)

// frame says how a group's space is seen as rows: the atoms before lead number the rows, the others run along a row. Period is the
// length of the stretch after which values of some operands repeat along the row, or 0.
type frame struct{ lead, period int }

// Lengths of comfortable rows: shorter ones cost more calls than arithmetic, longer ones leave the cache.
const shortestRow, longestRow = 32, 8192

// frameOf finds the frame that suits all members and loads, preferring long rows that stay in cache.
func (g *group) frameOf() (best frame, ok bool) {
	if len(g.space) > 60 { // atoms are counted in the bits of a word
		return frame{}, false
	}
	score := -1
	for lead := len(g.space); lead >= 0; lead-- {
		f := frame{lead: lead}
		if !g.fits(&f) {
			continue
		}
		inner := g.space[lead:].size()
		value := 1
		if inner <= longestRow {
			value = 2
			if inner >= shortestRow {
				value = 3
				if f.period == 0 {
					value = 4
				}
			}
		}
		if value > score || value == score && inner <= longestRow {
			best, score, ok = f, value, true
		}
	}
	return best, ok
}

// fits tells whether every value is of a kind that loops know in the frame, and sets its period.
func (g *group) fits(f *frame) bool {
	inner := g.all() &^ (1<<f.lead - 1)
	lead := g.all() &^ inner
	for _, n := range g.members {
		if !g.overRows(n, f.lead) && mask(g.at[n])&lead != lead {
			return false // several rows would write one value
		}
		if !g.suits(f, inner, mask(g.at[n])) || !g.contiguous(linear(n.Shape.Dimensions, g.at[n]), inner) {
			return false // it could not be stored
		}
		over, reduction := g.over[n]
		if !reduction {
			continue
		}
		if !g.suits(f, inner, mask(over)) || !g.reducible(f, inner, mask(over), mask(g.at[n])) {
			return false
		}
		if g.overRows(n, f.lead) && g.read[n] {
			return false // its value is known only when the loop has ended
		}
	}
	for _, x := range g.loads {
		if !g.suits(f, inner, mask(Index{x})) || !g.contiguous(x, inner) {
			return false
		}
	}
	return true
}

// contiguous tells whether a load's values lie one after another along the row.
func (g *group) contiguous(l Linear, inner uint64) bool {
	parts := slices.Clone(l.Parts)
	slices.SortFunc(parts, func(a, b Part) int { return b.Atom - a.Atom })
	stride := 1
	for _, p := range parts {
		if inner>>p.Atom&1 == 0 {
			break
		}
		if p.Stride != stride {
			return false
		}
		stride *= g.space[p.Atom]
	}
	return true
}

func (g *group) all() uint64 { return 1<<len(g.space) - 1 }

// mask is the set of atoms that an index runs along.
func mask(x Index) uint64 {
	var m uint64
	for _, axis := range x {
		for _, p := range axis.Parts {
			m |= 1 << p.Atom
		}
	}
	return m
}

// suits tells whether a value runs along the whole row, does not change along it, or repeats with the frame's period.
func (g *group) suits(f *frame, inner, m uint64) bool {
	m &= inner
	if m == 0 || m == inner {
		return true
	}
	first := bits.TrailingZeros64(m)
	if m != g.all()&^(1<<first-1) {
		return false
	}
	period := g.space[first:].size()
	if f.period != 0 && f.period != period {
		return false
	}
	f.period = period
	return true
}

// overRows tells whether a member is a reduction over the rows of a frame.
func (g *group) overRows(n *ir.Node, lead int) bool {
	over, reduction := g.over[n]
	return reduction && mask(over)&^mask(g.at[n])&(1<<lead-1) != 0
}

// reducible tells whether loops know a reduction of a value over some atoms to one over others: along the row, over the repeats
// along it, over all rows, or over everything.
func (g *group) reducible(f *frame, inner, from, to uint64) bool {
	gone := from &^ to
	lead := g.all() &^ inner
	rows, along := gone&lead, gone&inner
	switch {
	case rows != 0 && rows != lead:
		return false
	case rows != 0:
		return along == 0 || along == from&inner && along == inner
	case along == 0: // axes of size 1
		return true
	}
	return from&inner == inner && (along == inner || g.suits(f, inner, to) && g.space[f.lead:].size() <= longestRow)
}

// longer makes short rows longer by moving part of the innermost leading atom into them, where nothing is summed along rows.
func (g *group) longer(f frame) frame {
	const short, long = 64, 2048
	inner := g.space[f.lead:].size()
	if inner >= short || f.lead == 0 || len(g.over) > 0 {
		return f
	}
	size := g.space[f.lead-1]
	factor := 1
	for d := 2; d <= size && d*inner <= long; d++ {
		if size%d == 0 {
			factor = d
		}
	}
	if factor == 1 {
		return f
	}
	trial := g.clone()
	trial.cut(split{f.lead - 1, factor})
	longer := frame{lead: f.lead}
	if !trial.fits(&longer) {
		return f
	}
	*g = *trial
	return longer
}
