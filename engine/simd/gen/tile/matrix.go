// The product of AMX, whose registers are tiles of 16 rows of 64 bytes: two by two of them are summed at a time.
package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/amx"
	"videomae/engine/simd/gen/encoded"
	"videomae/engine/simd/gen/parts"
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
)

func matrices(a *assembler) {
	a.matrix("multiplyTiles", (*assembler).block)
	a.matrix("multiplySplitTiles", (*assembler).splitBlock)
	a.storeScaled()
	a.spinTiles()
}

// matrix is a product whose blocks of steps are added by a piece of code, for tiles of one or two rows of tiles of C. That code
// leaves the factors' registers at the next block.
func (a *assembler) matrix(name string, block func(a *assembler, high int)) {
	a.function(name)
	a.configure()
	a.MOVQ(a.argument("rows"), rowsLeft)
	a.MOVQ(a.argument("aRow"), leftRow)
	a.MOVQ(a.argument("bStep"), rightBy)
	a.MOVQ(a.argument("c"), c)
	a.MOVQ(a.argument("ldc"), cRow)
	a.SHLQ(operand.U8(2), cRow)
	a.CMPQ(a.argument("height"), operand.U8(amx.Rows))
	a.JG(operand.LabelRef("double"))
	a.tiles("single", 1, block)
	a.JMP(operand.LabelRef("end"))
	a.Label("double")
	a.tiles("double", 2, block)
	a.Label("end")
	a.RET()
}

// configure gives the tiles the shape asked for.
func (a *assembler) configure() {
	a.MOVQ(a.argument("shape"), shape)
	encoded.Configure(a.Context, shape, free)
}

// tiles computes one row of tiles of C after another: so many tiles high, two wide.
func (a *assembler) tiles(name string, high int, block func(a *assembler, high int)) {
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
	for _, code := range amx.ClearSums(high) {
		a.bytes(code)
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
	block(a, high)
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
	for i := range high {
		a.tile(amx.TILELOADD(amx.Left+i, number(lefts[i]), number(leftRow), 0))
	}
	a.loadRight()
	a.multiplyParts(high)
	a.ADDQ(operand.U8(amx.RowBytes), left)
	a.ADDQ(operand.U8(amx.RowBytes), lower)
	a.ADDQ(free, right)
}

// splitBlock adds the six products of parts whose sum a float32 can tell: third by first, second by first, second by second, first
// by second, first by third, first by first. From one to the next a single factor changes.
func (a *assembler) splitBlock(high int) {
	a.loadLeft(high, 2)
	a.loadRight()
	a.multiplyParts(high)
	a.loadLeft(high, 1)
	a.multiplyParts(high)
	a.ADDQ(free, right)
	a.loadRight()
	a.multiplyParts(high)
	a.loadLeft(high, 0)
	a.multiplyParts(high)
	a.ADDQ(free, right)
	a.loadRight()
	a.multiplyParts(high)
	a.SUBQ(free, right)
	a.SUBQ(free, right)
	a.loadRight()
	a.multiplyParts(high)
	a.LEAQ(operand.Mem{Base: free, Index: free, Scale: 2}, free2)
	a.ADDQ(free2, right)
	a.ADDQ(operand.U32(parts.Count*amx.RowBytes), left)
	a.ADDQ(operand.U32(parts.Count*amx.RowBytes), lower)
}

var lefts = []reg.GPPhysical{left, lower}

// loadLeft reads a part of the left factor. The encoder's displacements end at 127.
func (a *assembler) loadLeft(high, part int) {
	for i := range high {
		a.LEAQ(operand.Mem{Base: lefts[i], Disp: part * amx.RowBytes}, free2)
		a.tile(amx.TILELOADD(amx.Left+i, number(free2), number(leftRow), 0))
	}
}

// loadRight reads the part of the right factor that its register points to.
func (a *assembler) loadRight() {
	a.tiled(amx.LoadRight(number(right), number(rightBy)))
}

func (a *assembler) multiplyParts(high int) {
	a.tiled(amx.Multiply(high))
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
			visit(amx.Sums+2*i+j, j*amx.RowBytes, row)
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
		a.VMULPS(operand.Mem{Base: from, Disp: j * amx.RowBytes}, alpha, x)
		plain := []string{"plain0", "plain1"}[j]
		a.TESTB(load, load)
		a.JZ(operand.LabelRef(plain))
		a.VADDPS(operand.Mem{Base: to, Disp: j * amx.RowBytes}, x, x)
		a.Label(plain)
		a.VMOVUPS(x, operand.Mem{Base: to, Disp: j * amx.RowBytes})
	}
	a.ADDQ(operand.U32(2*amx.RowBytes), from)
	a.ADDQ(ld, to)
	a.DECQ(rows)
	a.JNZ(operand.LabelRef("row"))
	a.VZEROUPPER()
	a.RET()
}

// spinTiles does the arithmetic of so many blocks of steps on tiles alone.
func (a *assembler) spinTiles() {
	a.function("spinTiles")
	a.configure()
	a.MOVQ(a.argument("blocks"), blocks)
	for tile := range 8 {
		a.bytes(amx.TILEZERO(tile))
	}
	a.Label("block")
	for _, code := range amx.Multiply(2) {
		a.bytes(code)
	}
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef("block"))
	a.RET()
}

// idle is the number of empty instructions after each one on tiles in the inner loops. A core that runs two threads seems to deal
// out its time by their instructions: one that does little beside tiles, which are few, is slowed by a busy neighbour to a quarter.
// With these it keeps nearly twice that, and alone it is as fast as without.
const idle = 10

// tiled writes instructions on tiles.
func (a *assembler) tiled(list [][]byte) {
	for _, code := range list {
		a.tile(code)
	}
}

// tile writes one.
func (a *assembler) tile(code []byte) {
	a.bytes(code)
	for range idle {
		a.bytes([]byte{0x0F, 0x1F, 0x40, 0x00}) // NOP of four bytes
	}
}

func number(r reg.GPPhysical) int { return encoded.Number(r) }

func (a *assembler) bytes(code []byte) { encoded.Write(a.Context, code) }
