// Package parts generates the splitting of float32 numbers into three bfloat16 by AVX-512.
package parts

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Count is the number of parts.
const Count = 3

// Splitter splits numbers in registers of sixteen. The registers of its constants stay as New leaves them.
type Splitter struct {
	c     *build.Context
	half  reg.Register // of the last bit that the upper half of a word keeps
	upper reg.Register // a mask of upper halves
}

// New fills two registers with constants.
func New(c *build.Context, half, upper int) Splitter {
	s := Splitter{c, zmm(half), zmm(upper)}
	c.VPTERNLOGD(operand.U8(0xFF), s.upper, s.upper, s.upper)
	c.VPSRLD(operand.U8(31), s.upper, s.half)
	c.VPSLLD(operand.U8(15), s.half, s.half)
	c.VPSLLD(operand.U8(16), s.upper, s.upper)
	return s
}

// Split takes the numbers in registers apart, which are lost; as many registers are free. It calls take with each part in turn:
// the upper halves of the words in from. The first part is the nearest bfloat16, ties away from 0, so that what it leaves has
// either sign; of that the second is the upper half, which leaves eight bits: the third.
func (s Splitter) Split(numbers, free []int, take func(part int, from []int)) {
	for part := range Count {
		from := numbers
		if part == 0 {
			from = free
			for i, x := range numbers {
				s.c.VPADDD(s.half, zmm(x), zmm(free[i]))
			}
		}
		take(part, from)
		if part == Count-1 {
			return
		}
		for i, x := range numbers {
			s.c.VPANDD(s.upper, zmm(from[i]), zmm(free[i]))
			s.c.VSUBPS(zmm(free[i]), zmm(x), zmm(x))
		}
	}
}

// Zip joins the upper halves of two registers to words: the first's are the low halves.
func (s Splitter) Zip(first, second, to int) {
	const orMasked = 0xF8 // first or (second and third)
	s.c.VPSRLD(operand.U8(16), zmm(first), zmm(to))
	s.c.VPTERNLOGD(operand.U8(orMasked), s.upper, zmm(second), zmm(to))
}

// Neighbours joins the upper halves of numbers that neighbour each other in two registers, the first's in front, to words. The
// register order holds NeighbourTable.
func (s Splitter) Neighbours(first, second, order, to int) {
	s.c.VMOVAPS(zmm(order), zmm(to))
	s.c.VPERMI2W(zmm(second), zmm(first), zmm(to))
}

// NeighbourTable puts the order of Neighbours into memory: word i takes the upper half of number 2i and that of the next.
func NeighbourTable(c *build.Context) operand.Mem {
	at := c.StaticGlobal("upperHalves")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 16 {
		c.AddDatum(4*i, operand.U32(4*i+1|(4*i+3)<<16))
	}
	return at
}

func zmm(i int) reg.Register { return reg.Vector.Lookup(reg.Index(i), reg.S512) }
