// The loop of the gradient.

package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const weighSignature = "func(s, ds, rows []float32, ldrows, n int, scale float32, lse, delta []float32)"

// Registers of weigh: the scale, a row's state and delta, 0, constants, and what is free.
const (
	factor, state, mean = 0, 1, 2
	zero                = 3
	weighConstants      = 4
	weighFree           = weighConstants + constants
)

// weighArguments are the pointers and numbers that move from row to row; ldrows is in bytes.
type weighArguments struct{ s, ds, rows, ldrows, n, lse, delta reg.GPVirtual }

func (m machine) weighArguments() weighArguments {
	a := weighArguments{m.base("s"), m.base("ds"), m.base("rows"), m.param("ldrows"), m.param("n"), m.base("lse"), m.base("delta")}
	m.SHLQ(operand.U8(2), a.ldrows)
	return a
}

// weigh generates weights and the gradients of scores.
func (m machine) weigh() {
	m.begin("weigh"+m.suffix, weighSignature)
	m.spread("scale", factor)
	e := m.exponential(weighConstants, m.powers)
	m.clear(zero)
	a := m.weighArguments()
	const x, y, t = weighFree, weighFree + 1, weighFree + 2
	m.loop("row", a.n, 1, func(int) {
		m.rowState(a, 0)
		for j := range 2 {
			m.gradient(e, a, 0, j, x, y, t)
			m.VMOVUPS(m.v(x), m.at(a.s, 0, j))
			m.VMOVUPS(m.v(y), m.at(a.ds, 0, j))
			m.VMOVUPS(m.v(y), m.at(a.rows, 0, j))
		}
		m.advance(a.s, 1)
		m.advance(a.ds, 1)
		m.nextRow(a, 1)
	})
	m.end()
}

func (m machine) rowState(a weighArguments, row int) {
	m.VBROADCASTSS(operand.Mem{Base: a.lse, Disp: 4 * row}, m.v(state))
	m.VBROADCASTSS(operand.Mem{Base: a.delta, Disp: 4 * row}, m.v(mean))
}

// gradient computes vector j of a row: the weights in register x, the gradients in y.
func (m machine) gradient(e exponential, a weighArguments, row, j, x, y, t int) {
	m.VMOVUPS(m.at(a.s, row, j), m.v(x))
	m.VFMSUB213PS(m.v(state), m.v(factor), m.v(x))
	m.VMINPS(m.v(x), m.v(zero), m.v(x)) // a weight is at most 1; in this order, so that a NaN stays
	e.replace(x, t, y)
	m.VMOVUPS(m.at(a.ds, row, j), m.v(y))
	m.VSUBPS(m.v(mean), m.v(y), m.v(y))
	m.VMULPS(m.v(x), m.v(y), m.v(y))
}

func (m machine) nextRow(a weighArguments, rows int) {
	for _, p := range []reg.GPVirtual{a.lse, a.delta} {
		m.ADDQ(operand.U8(4*rows), p)
	}
	for range rows {
		m.ADDQ(a.ldrows, a.rows)
	}
}
