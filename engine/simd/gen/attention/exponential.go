// Powers of two.

package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Minimax fits of 2^x by Lawson's weighted least squares, all of them 1 at 0: 1 + x*(power[0] + x*(power[1] + ...)) is within 1.1e-7 of it,
// relatively, for x from -0.5 to 0.5; wholePower[0] + x*(wholePower[1] + ...) within 1.4e-7 for x from 0 to 1, and shortPower within
// 8.6e-5, a fortieth of what rounding to bfloat16 may add.
var (
	power      = []float32{0.693147, 0.24022242, 0.055507336, 0.009671513, 0.0013264727}
	wholePower = []float32{1, 0.6931513, 0.24016447, 0.055799916, 0.009017034, 0.00186713}
	shortPower = []float32{1, 0.69511692, 0.2276444, 0.07706759}
)

const (
	// lowest is the exponent from which on a power of two is taken as 0, where it is scaled below the next.
	lowest       = -127
	lowestScaled = -126
	// shift added to a number leaves the nearest whole number, plus the bias of a float32's exponent, in the last bits.
	shift = 1.5*(1<<23) + 127
)

// constants is the most registers that a power of two needs for its constants.
const constants = 7

// table is constants in memory.
type table struct {
	at     operand.Mem
	length int
}

func newTable(c *build.Context, name string, values ...float32) table {
	at := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, value := range values {
		c.AddDatum(4*i, operand.F32(value))
	}
	return table{at, len(values)}
}

// exponential gives powers of two; its constants lie in the registers from first on.
type exponential struct {
	machine
	first, length int
}

func (m machine) exponential(first int, powers table) exponential {
	for i := range powers.length {
		m.VBROADCASTSS(powers.at.Offset(4*i), m.v(first+i))
	}
	return exponential{m, first, powers.length}
}

// replace makes register x 2^x, and 0 below the lowest exponent. Registers t and y are used.
func (e exponential) replace(x, t, y int) {
	if e.spec == reg.S512 {
		e.replaceScaled(x, t, y)
	} else {
		e.replaceShifted(x, t, y)
	}
}

// replaceScaled multiplies the power of what is above the next lower whole number by that of the number, which is an instruction.
func (e exponential) replaceScaled(x, t, y int) {
	const down = 0b1001     // to the next lower whole number, without flags
	const notLess = 0b10101 // which a NaN is, too
	last := e.first + e.length - 1
	e.VCMPPS(operand.U8(notLess), e.v(e.first), e.v(x), reg.K1)
	e.VREDUCEPS(operand.U8(down), e.v(x), e.v(t))
	e.VMOVAPS(e.v(last), e.v(y))
	for c := last - 1; c > e.first; c-- {
		e.VFMADD213PS(e.v(c), e.v(t), e.v(y))
	}
	e.VSCALEFPS_Z(e.v(x), e.v(y), reg.K1, e.v(x))
}

// replaceShifted takes n, the whole number nearest to x, and f = x-n; then the power is 2^n + 2^n*f*(power[0] + ...): the last
// product needs not wait for the sum.
func (e exponential) replaceShifted(x, t, y int) {
	lowest, shift, last := e.v(e.first), e.v(e.first+1), e.first+e.length-1
	e.VMAXPS(e.v(x), lowest, e.v(x)) // in this order, so that a NaN stays
	e.VADDPS(shift, e.v(x), e.v(t))
	e.VSUBPS(shift, e.v(t), e.v(y))
	e.VSUBPS(e.v(y), e.v(x), e.v(x))
	e.VPSLLD(operand.U8(23), e.v(t), e.v(t))
	e.VMOVAPS(e.v(last), e.v(y))
	for c := last - 1; c > e.first+1; c-- {
		e.VFMADD213PS(e.v(c), e.v(x), e.v(y))
	}
	e.VMULPS(e.v(t), e.v(x), e.v(x))
	e.VFMADD213PS(e.v(t), e.v(y), e.v(x))
}
