// Reductions to one number. Each of several registers gathers every so many vectors; at the end the registers are folded
// onto each other, and then the halves of the last one.

package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// terms and candidates are the numbers of registers that sums and extremes gather in, which are also the sizes of their groups.
const (
	terms      = 8
	candidates = 4
)

func reductions(m *machine) {
	m.sum()
	m.dot()
	m.extreme("Max", m.VMAXPS, math.Inf(-1))
	m.extreme("Min", m.VMINPS, math.Inf(1))
}

func (m *machine) sum() {
	m.enter("Sum", "blockwise("+m.function("Sum", "func(x []float32) float32")+")")
	x, n := m.array("x", 4), m.length("x")
	total := m.gather(terms, 0)
	m.loop(n, terms, func() {
		for i := range m.count {
			m.VADDPS(m.loadVector(x, i), total[i], total[i])
		}
	})
	m.give(m.fold(total, m.VADDPS))
}

func (m *machine) dot() {
	m.enter("Dot", "blockwise2("+m.function("Dot", "func(x, y []float32) float32")+")")
	x, y, n := m.array("x", 4), m.array("y", 4), m.length("x")
	total := m.gather(terms, 0)
	m.loop(n, terms, func() {
		for i := range m.count {
			m.VFMADD231PS(m.loadVector(x, i), m.loadVector(y, i), total[i])
		}
	})
	m.give(m.fold(total, m.VADDPS))
}

// extreme writes a maximum or minimum. The instructions skip a NaN in their first operand; that there was one is noted in
// flags on the side.
func (m *machine) extreme(name string, op func(...operand.Op), none float64) {
	m.enter(name, m.function(name+"Of", "func(x []float32) float32"))
	x, n := m.array("x", 4), m.length("x")
	best, flags := m.gather(candidates, float32(none)), m.noFlags()
	m.loop(n, candidates, func() {
		v := m.load(x)
		if m.tail != nil {
			v = m.blend(condition{m.tail}, v, m.splat(float32(none)))
		}
		m.flagNaNs(flags, v)
		for i := range v {
			op(best[i], v[i], best[i])
		}
	})
	result := m.fold(best, op)
	found := m.flagBits(flags)
	m.TESTL(found, found)
	m.JZ(operand.LabelRef("numbers"))
	m.VMOVSS(m.constant(0x7fc00000), result)
	m.Label("numbers")
	m.give(result)
}

// gather makes the registers, each lane the same value.
func (m *machine) gather(registers int, v float32) group {
	m.count = registers
	return m.copy(m.splat(v))
}

// fold reduces all lanes of all registers to one.
func (m *machine) fold(g group, op func(...operand.Op)) reg.Register {
	for half := len(g) / 2; half > 0; half /= 2 {
		for i := range half {
			op(g[i+half], g[i], g[i])
		}
	}
	if m.wide {
		upper := m.YMM()
		m.VEXTRACTF64X4(operand.U8(1), g[0], upper)
		op(upper, g[0].AsY(), g[0].AsY())
	}
	result, upper := g[0].AsX(), m.XMM()
	m.VEXTRACTF128(operand.U8(1), g[0].AsY(), upper)
	op(upper, result, result)
	m.VPERMILPS(operand.U8(0x0e), result, upper)
	op(upper, result, result)
	m.VMOVSHDUP(result, upper)
	op(upper, result, result)
	return result
}

// give returns the lowest lane.
func (m *machine) give(result reg.Register) {
	place, err := m.ReturnIndex(0).Resolve()
	if err != nil {
		panic(err) // a mistake in this program
	}
	m.VMOVSS(result, place.Addr)
	m.end()
}

// noFlags makes flags none of which is set.
func (m *machine) noFlags() reg.Register {
	flags := m.flags()
	if m.wide {
		m.KXORW(flags, flags, flags)
	} else {
		m.VXORPS(flags, flags, flags)
	}
	return flags
}

// flagNaNs sets the flags of lanes in which a vector has a NaN, two vectors at a time.
func (m *machine) flagNaNs(flags reg.Register, v group) {
	found := m.flags()
	for i := 0; i < len(v); i += 2 {
		m.VCMPPS(operand.U8(unordered), v[i], v[min(i+1, len(v)-1)], found)
		if m.wide {
			m.KORW(found, flags, flags)
		} else {
			m.VORPS(found, flags, flags)
		}
	}
}

// flagBits gives the flags as the bits of a number.
func (m *machine) flagBits(flags reg.Register) reg.Register {
	bits := m.GP32()
	if m.wide {
		m.KMOVW(flags, bits)
	} else {
		m.VMOVMSKPS(flags, bits)
	}
	return bits
}
