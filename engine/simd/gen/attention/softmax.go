// The loops of the forward.

package main

import "github.com/mmcloughlin/avo/reg"

// rescale generates the product of each column of a panel and a number.
func (m machine) rescale() {
	m.begin("rescale"+m.suffix, "func(c []float32, n int, by []float32)")
	c, n, by := m.base("c"), m.param("n"), m.base("by")
	for j := range 2 {
		m.VMOVUPS(m.at(by, 0, j), m.v(j))
	}
	m.loop("row", n, 1, func(int) {
		for j := range 2 {
			m.VMULPS(m.at(c, 0, j), m.v(j), m.v(2+j))
			m.VMOVUPS(m.v(2+j), m.at(c, 0, j))
		}
		m.advance(c, 1)
	})
	m.end()
}

const softenSignature = "func(s []float32, n int, scale float32, top, sum, alpha []float32)"

// Registers of soften: maxima and sums of two vectors of lanes, the scale, constants, and what is free.
const (
	tops, sums, scale = 0, 2, 4
	softenFirst       = 5 // of the constants
	softenFree        = softenFirst + constants
)

// soften generates a step of the online soft-max; exp turns n rows of scores into weights and adds them to the sums, and find moves
// a pointer to the scores, both from where the panel's memory begins.
func (m machine) soften(name string, find func(s, n reg.GPVirtual), exp func(e exponential, s, n reg.GPVirtual)) {
	m.begin(name, softenSignature)
	e := m.softenConstants()
	m.greatest(find)
	m.raise(e)
	exp(e, m.base("s"), m.param("n"))
	m.total()
	m.end()
}

// softenConstants fills the registers of what does not change.
func (m machine) softenConstants() exponential {
	m.spread("scale", scale)
	return m.exponential(softenFirst, m.powers)
}

// greatest leaves the greatest scores in the registers of maxima.
func (m machine) greatest(find func(s, n reg.GPVirtual)) {
	s, n := m.base("s"), m.param("n")
	find(s, n)
	m.noScores(tops)
	m.loop("max", n, 1, func(int) {
		m.compare(s, 0, tops)
		m.advance(s, 1)
	})
}

// noScores sets two registers to what no score is less than.
func (m machine) noScores(most int) {
	for j := range 2 {
		m.VBROADCASTSS(m.none, m.v(most+j))
	}
}

// compare takes a row of scores into the greatest ones.
func (m machine) compare(s reg.Register, row, most int) {
	for j := range 2 {
		m.VMAXPS(m.at(s, row, j), m.v(most+j), m.v(most+j))
	}
}

// raise makes the greatest scores the greatest scaled ones of all so far, and alpha of how much these rose; it clears the sums.
func (m machine) raise(e exponential) {
	const x, t, y = softenFree, softenFree + 1, softenFree + 2
	top, alpha := m.base("top"), m.base("alpha")
	for j := range 2 {
		m.VMOVUPS(m.at(top, 0, j), m.v(x))
		m.VMULPS(m.v(tops+j), m.v(scale), m.v(tops+j))
		m.VMAXPS(m.v(tops+j), m.v(x), m.v(tops+j))
		m.VSUBPS(m.v(tops+j), m.v(x), m.v(x))
		e.replace(x, t, y)
		m.VMOVUPS(m.v(x), m.at(alpha, 0, j))
		m.VMOVUPS(m.v(tops+j), m.at(top, 0, j))
		m.clear(sums + j)
	}
}

// total adds the sums of weights to those so far.
func (m machine) total() {
	const x, y = softenFree, softenFree + 1
	alpha, sum := m.base("alpha"), m.base("sum")
	for j := range 2 {
		m.VMOVUPS(m.at(alpha, 0, j), m.v(x))
		m.VMOVUPS(m.at(sum, 0, j), m.v(y))
		m.VFMADD231PS(m.v(x), m.v(y), m.v(sums+j))
		m.VMOVUPS(m.v(sums+j), m.at(sum, 0, j))
	}
}

// atOnce finds scores that begin with the memory.
func atOnce(_, _ reg.GPVirtual) {}

// weight turns vector j of a row of scores into weights, in register x.
func (m machine) weight(e exponential, s reg.Register, row, j, x, t, y int) {
	m.VMOVUPS(m.at(s, row, j), m.v(x))
	m.VFMSUB213PS(m.v(tops+j), m.v(scale), m.v(x))
	e.replace(x, t, y)
	m.VADDPS(m.v(x), m.v(sums+j), m.v(sums+j))
}

// expRows leaves the weights where the scores were.
func (m machine) expRows(e exponential, s, n reg.GPVirtual) {
	const x, t, y = softenFree, softenFree + 1, softenFree + 2
	m.loop("exp", n, 1, func(int) {
		for j := range 2 {
			m.weight(e, s, 0, j, x, t, y)
			m.VMOVUPS(m.v(x), m.at(s, 0, j))
		}
		m.advance(s, 1)
	})
}
