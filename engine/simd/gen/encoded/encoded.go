// Package encoded writes instructions that avo does not know, as bytes.
package encoded

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/amx"
)

// Write writes an instruction. avo does not see which registers it uses: those are given out by hand.
func Write(c *build.Context, code []byte) {
	for _, b := range code {
		c.Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []operand.Op{operand.U8(b)}})
	}
}

// Number is that of a register in the processor's order.
func Number(r reg.GPPhysical) int { return int(r.PhysicalIndex()) }

// Configure gives the tiles the shape that a register points to; another register, Z16 and K1 are lost. To set it takes as long as
// six products and to look at it next to nothing, so it is left for the next call: which finds it unless its goroutine has moved to
// another thread meanwhile. The system clears the tiles of a processor that idles.
func Configure(c *build.Context, shape, free reg.GPPhysical) {
	const notEqual = 4
	current := reg.Vector.Lookup(16, reg.S512)
	c.LEAQ(c.AllocLocal(64), free)
	Write(c, amx.STTILECFG(Number(free)))
	c.VMOVDQU64(operand.Mem{Base: free}, current)
	c.VPCMPD(operand.U8(notEqual), operand.Mem{Base: shape}, current, reg.K1)
	c.KORTESTW(reg.K1, reg.K1)
	c.JEQ(operand.LabelRef("configured"))
	Write(c, amx.LDTILECFG(Number(shape)))
	c.Label("configured")
}
