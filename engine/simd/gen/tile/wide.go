// The routines that lay operands out on AVX-512 with bfloat16 conversions: sixteen words at a time.
package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/evex"
)

// wideReader takes sixteen words. Registers go by number, as the encoder of conversions takes numbers.
type wideReader struct {
	name  string
	bytes int  // that sixteen words take in a row of memory
	zips  bool // a word is made of two rows of memory, the lower half a step of words below
	// read leaves the words at a place in register dst; register free may be used.
	read func(a *assembler, from, below operand.Mem, dst, free int)
}

var wideReaders = []wideReader{
	{"Plain", 64, false, func(a *assembler, from, _ operand.Mem, dst, _ int) { a.VMOVUPS(from, wide(dst)) }},
	{"Pairs", 128, false, func(a *assembler, from, _ operand.Mem, dst, free int) {
		a.VMOVUPS(from, wide(dst))
		a.VMOVUPS(from.Offset(64), wide(free))
		a.roundTwo(dst, free, dst)
	}},
	{"ZipFloats", 64, true, func(a *assembler, from, below operand.Mem, dst, free int) {
		a.VMOVUPS(from, wide(dst))
		a.VMOVUPS(below, wide(free))
		a.roundTwo(dst, free, dst)
		a.VPERMW(wide(dst), wide(zipOrder), wide(dst))
	}},
	{"ZipHalves", 32, true, func(a *assembler, from, below operand.Mem, dst, _ int) {
		a.VMOVDQU(from, lowerHalf(dst))
		a.VINSERTI64X4(operand.U8(1), below, wide(dst), wide(dst))
		a.VPERMW(wide(dst), wide(zipOrder), wide(dst))
	}},
}

// Registers with the order of halves that makes words of two rows, and of quarters that joins four rows above with four below.
const (
	zipOrder   = 31
	upperOrder = 30 // of the first eight words
	lowerOrder = 29 // of the last eight
)

func wide(i int) reg.Register { return reg.Vector.Lookup(reg.Index(i), reg.S512) }

// roundTwo makes register dst the bfloat16 nearest to the numbers in registers low and high.
func (a *assembler) roundTwo(low, high, dst int) {
	a.Comment(fmt.Sprintf("VCVTNE2PS2BF16 Z%d, Z%d, Z%d", low, high, dst))
	code := evex.VCVTNE2PS2BF16.Encode(dst, high, low)
	a.bytes(code[:])
}

func wideLayouts(a *assembler) {
	zip := a.table("zip", 16, func(i int) operand.Constant { return operand.U32(i | (16+i)<<16) }, 4)
	// of each row of four words, which lie in two halves of 64 bits, one above is followed by one below
	join := a.table("join", 16, func(i int) operand.Constant {
		return operand.U64(i/8*4 + i%8/4*2 + i%2 + i/2%2*8)
	}, 8)
	for _, r := range wideReaders {
		r.copies(a, zip)
		r.transposes(a, zip, join)
	}
}

func (a *assembler) table(name string, n int, value func(i int) operand.Constant, size int) operand.Mem {
	at := a.StaticGlobal(name)
	a.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range n {
		a.AddDatum(size*i, value(i))
	}
	return at
}

// copies writes count rows of sixteens·16 words, each row in order.
func (r wideReader) copies(a *assembler, zip operand.Mem) {
	a.function("copyWide" + r.name)
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	rows, half := a.load("count"), a.half(srcStep)
	if r.zips {
		a.VMOVUPS(zip, wide(zipOrder))
	}
	a.eachRow(ends{dst, dstStep, src, srcStep}, rows, "sixteens", uint64(r.bytes), 64, func(from, to reg.GPVirtual) {
		for line := 0; line < r.bytes; line += 64 {
			a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8, Disp: line})
		}
		r.read(a, operand.Mem{Base: from}, operand.Mem{Base: from, Index: half, Scale: 1}, 0, 1)
		a.VMOVUPS(wide(0), operand.Mem{Base: to})
	})
	a.VZEROUPPER()
	a.RET()
}

// transposes writes sixteens·16 rows of count·8 words: word i of the source's row j becomes word j of row i.
func (r wideReader) transposes(a *assembler, zip, join operand.Mem) {
	a.function("transposeWide" + r.name)
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	groups := a.load("count")
	if r.zips {
		a.VMOVUPS(zip, wide(zipOrder))
	}
	a.VMOVUPS(join, wide(upperOrder))
	a.VMOVUPS(join.Offset(64), wide(lowerOrder))
	a.Label("group")
	sixteens := a.load("sixteens")
	from, to := a.eightRows(src, srcStep), a.GP64()
	a.MOVQ(dst, to)
	a.Label("square")
	r.square(a, from)
	a.joinSquare()
	a.storeSquare(to, dstStep)
	for _, third := range from.third {
		a.ADDQ(operand.U32(r.bytes), third)
	}
	a.DECQ(sixteens)
	a.JNZ(operand.LabelRef("square"))
	a.LEAQ(operand.Mem{Base: src, Index: srcStep, Scale: 8}, src)
	a.ADDQ(operand.U8(32), dst)
	a.DECQ(groups)
	a.JNZ(operand.LabelRef("group"))
	a.VZEROUPPER()
	a.RET()
}

// square reads sixteen words of each of eight rows into registers 0 to 7.
func (r wideReader) square(a *assembler, from eightRows) {
	const free = 8
	if !r.zips {
		for i := range 8 {
			r.read(a, from.row(i), operand.Mem{}, i, free)
		}
		return
	}
	half := a.half(from.step)
	below := eightRows{step: from.step}
	for i, third := range from.third {
		below.third[i] = a.GP64()
		a.LEAQ(operand.Mem{Base: third, Index: half, Scale: 1}, below.third[i])
	}
	for i := range 8 {
		r.read(a, from.row(i), below.row(i), i, free)
	}
}

// joinSquare transposes the eight rows of sixteen words in registers 0 to 7: pairs of rows are interleaved, then pairs of pairs,
// which gives four words of four rows in each quarter of a register; then quarters of the upper rows meet those of the lower. Row
// 4q+i of the result is half q%2 of register 8+2i+q/2.
func (a *assembler) joinSquare() {
	for i := 0; i < 8; i += 2 { // to registers 16 to 23
		a.VUNPCKLPS(wide(i+1), wide(i), wide(16+i))
		a.VUNPCKHPS(wide(i+1), wide(i), wide(17+i))
	}
	for _, i := range []int{0, 4} { // to registers 0 to 7: word j of each four of rows i to i+3 in i+j
		for j := range 2 {
			a.VUNPCKLPD(wide(16+i+2+j), wide(16+i+j), wide(i+2*j))
			a.VUNPCKHPD(wide(16+i+2+j), wide(16+i+j), wide(i+2*j+1))
		}
	}
	for j := range 4 {
		a.VMOVAPS(wide(upperOrder), wide(8+2*j))
		a.VPERMI2PD(wide(4+j), wide(j), wide(8+2*j))
		a.VMOVAPS(wide(lowerOrder), wide(9+2*j))
		a.VPERMI2PD(wide(4+j), wide(j), wide(9+2*j))
	}
}

// storeSquare writes the sixteen rows of eight words that joinSquare made, and leaves to after the last.
func (a *assembler) storeSquare(to, step reg.GPVirtual) {
	for i := range 16 {
		at := 8 + i%4*2 + i/8
		if i/4%2 == 0 {
			a.VMOVUPS(lowerHalf(at), operand.Mem{Base: to})
		} else {
			a.VEXTRACTF64X4(operand.U8(1), wide(at), operand.Mem{Base: to})
		}
		a.ADDQ(step, to)
	}
}

// lowerHalf is that of register i.
func lowerHalf(i int) reg.Register { return reg.Vector.Lookup(reg.Index(i), reg.S256) }
