// The product of AMX, whose registers are tiles of 16 rows of 64 bytes: two by two of them are summed at a time.
package main

import (
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/amx"
)

// The tiles: sums of two by two, the left factor's two of rows, the right one's two of columns.
const (
	sums      = 0
	leftTile  = 4
	rightTile = 6
)

// The bytes of a row of a tile, and the number of rows.
const (
	tileRow  = 64
	tileRows = 16
)

// Registers of the product; distances in bytes. The encoder takes their numbers, so avo does not hand them out.
var (
	blocks         = reg.RAX
	left, lower    = reg.RSI, reg.RDI // of the block of steps at hand, first row of the upper and of the lower tiles
	leftRow        = reg.RDX
	right, rightBy = reg.R8, reg.R9 // rightBy is the distance of steps
	c, cRow        = reg.R10, reg.R11
	rowsLeft       = reg.RCX
	free           = reg.R12
	free2          = reg.R13
	shape          = reg.RBX
	threeRows      = reg.RBX // once tiles have their shapes
)

func matrices(a *assembler) {
	a.function("multiplyTiles")
	a.MOVQ(a.argument("shape"), shape)
	a.bytes(amx.LDTILECFG(number(shape)))
	a.MOVQ(a.argument("rows"), rowsLeft)
	a.MOVQ(a.argument("aRow"), leftRow)
	a.MOVQ(a.argument("bStep"), rightBy)
	a.MOVQ(a.argument("c"), c)
	a.MOVQ(a.argument("ldc"), cRow)
	a.SHLQ(operand.U8(2), cRow)
	a.LEAQ(operand.Mem{Base: leftRow, Index: leftRow, Scale: 2}, threeRows)
	a.CMPQ(a.argument("height"), operand.U8(tileRows))
	a.JG(operand.LabelRef("double"))
	a.tiles("single", 1)
	a.JMP(operand.LabelRef("end"))
	a.Label("double")
	a.tiles("double", 2)
	a.Label("end")
	a.bytes(amx.TILERELEASE())
	a.RET()
	a.storeScaled()
	a.spinTiles()
}

// tiles computes one row of tiles of C after another: so many tiles high, two wide.
func (a *assembler) tiles(name string, high int) {
	a.Label(name + "_rows")
	load := reg.R12B
	a.MOVB(a.argument("load"), load)
	a.TESTB(load, load)
	a.JZ(operand.LabelRef(name + "_zero"))
	a.eachSum(high, func(tile, displacement int, row reg.GPPhysical) {
		a.bytes(amx.TILELOADD(tile, number(row), number(cRow), displacement))
	})
	a.JMP(operand.LabelRef(name + "_begin"))
	a.Label(name + "_zero")
	for i := range 2 * high {
		a.bytes(amx.TILEZERO(sums + i))
	}
	a.Label(name + "_begin")
	a.MOVQ(a.argument("a"), left)
	a.MOVQ(leftRow, lower)
	a.SHLQ(operand.U8(4), lower) // rows of a tile
	a.ADDQ(left, lower)
	a.MOVQ(a.argument("b"), right)
	a.MOVQ(rightBy, free)
	a.SHLQ(operand.U8(4), free)
	a.MOVQ(a.argument("blocks"), blocks)
	a.TESTQ(blocks, blocks)
	a.JZ(operand.LabelRef(name + "_store"))
	a.Label(name + "_block")
	a.block(high)
	a.ADDQ(operand.U8(tileRow), left)
	a.ADDQ(operand.U8(tileRow), lower)
	a.ADDQ(free, right)
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef(name + "_block"))
	a.Label(name + "_store")
	a.eachSum(high, func(tile, displacement int, row reg.GPPhysical) {
		a.bytes(amx.TILESTORED(number(row), number(cRow), displacement, tile))
	})
	a.next(name)
}

// block adds the products of so many steps as a row of a tile has.
func (a *assembler) block(high int) {
	rows := []reg.GPPhysical{left, lower}
	for i := range high {
		a.fetchAhead(rows[i])
		if i == 0 {
			a.bytes(amx.TILELOADD(rightTile, number(right), number(rightBy), 0))
		}
		a.bytes(amx.TILELOADD(leftTile+i, number(rows[i]), number(leftRow), 0))
		a.bytes(amx.TDPBF16PS(sums+2*i, leftTile+i, rightTile))
		if i == 0 {
			a.bytes(amx.TILELOADD(rightTile+1, number(right), number(rightBy), tileRow))
		}
		a.bytes(amx.TDPBF16PS(sums+2*i+1, leftTile+i, rightTile+1))
	}
}

// ahead is how many bytes along K the left factor is asked for before it is read. Its rows are so many streams that the processor
// does not see them coming.
const ahead = 4 * tileRow

// fetchAhead asks for the lines of a tile of the left factor some blocks ahead. A row that ends before is followed by memory of
// another, or by none, which does no harm.
func (a *assembler) fetchAhead(first reg.GPPhysical) {
	a.LEAQ(operand.Mem{Base: first, Disp: ahead}, free2)
	for range tileRows / 4 {
		a.PREFETCHT0(operand.Mem{Base: free2})
		a.PREFETCHT0(operand.Mem{Base: free2, Index: leftRow, Scale: 1})
		a.PREFETCHT0(operand.Mem{Base: free2, Index: leftRow, Scale: 2})
		a.PREFETCHT0(operand.Mem{Base: free2, Index: threeRows, Scale: 1})
		a.LEAQ(operand.Mem{Base: free2, Index: leftRow, Scale: 4}, free2)
	}
}

// eachSum visits the tiles of C with where they lie.
func (a *assembler) eachSum(high int, visit func(tile, displacement int, row reg.GPPhysical)) {
	row := c
	for i := range high {
		if i == 1 {
			row = free2
			a.MOVQ(cRow, row)
			a.SHLQ(operand.U8(4), row)
			a.ADDQ(c, row)
		}
		for j := range 2 {
			visit(sums+2*i+j, j*tileRow, row)
		}
	}
}

// next moves on to the tiles below, if there are rows left.
func (a *assembler) next(name string) {
	height := a.argument("height")
	a.MOVQ(height, free)
	a.IMULQ(leftRow, free)
	a.ADDQ(free, a.argument("a"))
	a.MOVQ(height, free)
	a.IMULQ(cRow, free)
	a.ADDQ(free, c)
	a.SUBQ(height, rowsLeft)
	a.JG(operand.LabelRef(name + "_rows"))
}

// storeScaled writes rows of sums, each of two tiles, times a number, or adds that.
func (a *assembler) storeScaled() {
	a.function("storeScaled")
	rows, from, to, ld := a.load("rows"), a.load("sums"), a.load("c"), a.load("ldc")
	a.SHLQ(operand.U8(2), ld)
	alpha, load := a.ZMM(), a.GP8()
	a.VBROADCASTSS(a.argument("alpha"), alpha)
	a.MOVB(a.argument("load"), load)
	a.Label("row")
	for j := range 2 {
		x := a.ZMM()
		a.VMULPS(operand.Mem{Base: from, Disp: j * tileRow}, alpha, x)
		plain := []string{"plain0", "plain1"}[j]
		a.TESTB(load, load)
		a.JZ(operand.LabelRef(plain))
		a.VADDPS(operand.Mem{Base: to, Disp: j * tileRow}, x, x)
		a.Label(plain)
		a.VMOVUPS(x, operand.Mem{Base: to, Disp: j * tileRow})
	}
	a.ADDQ(operand.U32(2*tileRow), from)
	a.ADDQ(ld, to)
	a.DECQ(rows)
	a.JNZ(operand.LabelRef("row"))
	a.VZEROUPPER()
	a.RET()
}

// spinTiles does the arithmetic of so many blocks of steps on tiles alone.
func (a *assembler) spinTiles() {
	a.function("spinTiles")
	a.MOVQ(a.argument("shape"), shape)
	a.bytes(amx.LDTILECFG(number(shape)))
	a.MOVQ(a.argument("blocks"), blocks)
	for tile := range 8 {
		a.bytes(amx.TILEZERO(tile))
	}
	a.Label("block")
	for i := range 4 {
		a.bytes(amx.TDPBF16PS(sums+i, leftTile+i/2, rightTile+i%2))
	}
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef("block"))
	a.bytes(amx.TILERELEASE())
	a.RET()
}

// number is that of a register in the processor's order.
func number(r reg.GPPhysical) int { return int(r.PhysicalIndex()) }

// bytes writes an instruction that avo does not know.
func (a *assembler) bytes(code []byte) {
	for _, b := range code {
		a.Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []operand.Op{operand.U8(b)}})
	}
}
