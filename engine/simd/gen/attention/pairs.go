// The kernels whose results are pairs of bfloat16. Two rows of numbers become one row of words: the first row is the low half.

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/encoded"
	"videomae/engine/simd/gen/evex"
)

// zip is the register that holds the order in which halves of two rows make words.
const zip = 31

// zipTable puts that order into memory: word i takes half i of the first row and half i of the second, which follow each other.
func zipTable(c *build.Context) operand.Mem {
	at := c.StaticGlobal("zip")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 16 {
		c.AddDatum(4*i, operand.U32(i|(16+i)<<16))
	}
	return at
}

// pairs generates the kernels. Weights of eight bits need a short power.
func (m machine) pairs() {
	m.powers = newTable(m.Context, "shortExponential", append([]float32{lowestScaled}, shortPower...)...)
	order := zipTable(m.Context)
	m.soften("softenBF16", atOnce, func(e exponential, s, n reg.GPVirtual) {
		m.VMOVUPS(order, m.v(zip))
		m.expPairs(e, s, n)
	})
	m.overlap(order)
	m.weighPairs(order)
}

// round makes register dst the 32 bfloat16 nearest to the numbers in registers low and high.
func (m machine) round(low, high, dst int) {
	m.Comment(fmt.Sprintf("VCVTNE2PS2BF16 Z%d, Z%d, Z%d", low, high, dst))
	code := evex.VCVTNE2PS2BF16.Encode(dst, high, low)
	encoded.Write(m.Context, code[:])
}

// pair makes register dst words of two rows of numbers.
func (m machine) pair(first, second, dst int) {
	m.round(first, second, dst)
	m.VPERMW(m.v(dst), m.v(zip), m.v(dst))
}

// expPairs writes the weights, rounded, over the scores: word row i holds rows 2i and 2i+1. The sums are of what was not rounded.
func (m machine) expPairs(e exponential, s, n reg.GPVirtual) {
	const x, t, y = softenFree, softenFree + 2, softenFree + 3 // two registers x, one for each row
	to := m.GP64()
	m.MOVQ(s, to)
	m.loop("exp", n, 2, func(rows int) {
		for j := range 2 {
			m.clear(x + 1)
			for row := range rows {
				m.weight(e, s, row, j, x+row, t, y)
			}
			m.pair(x, x+1, x)
			m.VMOVUPS(m.v(x), m.at(to, 0, j))
		}
		m.advance(s, rows)
		m.advance(to, 1)
	})
}

// weighPairs generates weigh with rounded results: words of two rows over the scores and the gradients, and words of two
// columns into rows.
func (m machine) weighPairs(order operand.Mem) {
	m.begin("weighBF16", weighSignature)
	m.spread("scale", factor)
	e := m.exponential(weighConstants, m.powers)
	m.clear(zero)
	a := m.weighArguments()
	m.VMOVUPS(order, m.v(zip))
	const x, y, t = weighFree, weighFree + 4, weighFree + 8 // four registers x and y, for two rows of two vectors
	s, ds := m.GP64(), m.GP64()
	m.MOVQ(a.s, s)
	m.MOVQ(a.ds, ds)
	m.loop("row", a.n, 2, func(rows int) {
		to := m.GP64()
		m.MOVQ(a.rows, to)
		for row := range 2 {
			if row == rows {
				for j := range 2 {
					m.clear(x + 2*row + j)
					m.clear(y + 2*row + j)
				}
				continue
			}
			m.rowState(a, row)
			for j := range 2 {
				m.gradient(e, a, row, j, x+2*row+j, y+2*row+j, t)
			}
			m.round(y+2*row, y+2*row+1, t)
			m.VMOVUPS(m.v(t), operand.Mem{Base: to})
			m.ADDQ(a.ldrows, to)
		}
		for j := range 2 {
			m.pair(x+j, x+2+j, t)
			m.VMOVUPS(m.v(t), m.at(s, 0, j))
			m.pair(y+j, y+2+j, t)
			m.VMOVUPS(m.v(t), m.at(ds, 0, j))
		}
		m.advance(a.s, rows)
		m.advance(a.ds, rows)
		m.advance(s, 1)
		m.advance(ds, 1)
		m.nextRow(a, rows)
	})
	m.end()
}
