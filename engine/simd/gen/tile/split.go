// The routines that split float32 into three bfloat16 as they lay operands out.
package main

import (
	"log"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A block has sixteen words of each of three parts; a row of them takes so many bytes.
const (
	parts     = 3
	partBytes = 64
)

// Registers of constants, beside those of the wide routines.
const upperHalves = 28

// Registers that splitting needs beside its operands.
const (
	widened0 = 24
	widened1 = 25
)

func splitLayouts(a *assembler) {
	zip := a.table("splitZip", 16, func(i int) operand.Constant { return operand.U32(i | (16+i)<<16) }, 4)
	a.unseen()
	a.copySplit()
	a.copySplitZip(zip)
}

// unseen returns its argument.
func (a *assembler) unseen() {
	a.function("unseen")
	p := a.load("p")
	result, err := a.ReturnIndex(0).Resolve()
	if err != nil {
		log.Fatal(err)
	}
	a.MOVQ(p, result.Addr)
	a.RET()
}

// splitPairs makes register dst the words of the sixteen numbers in register low and the next sixteen in high, which keep what is
// left of them.
func (a *assembler) splitPairs(low, high, dst int) {
	a.roundTwo(low, high, dst)
	a.VPMOVZXWD(half(dst), wide(widened0))
	a.VEXTRACTI64X4(operand.U8(1), wide(dst), half(widened1))
	a.VPMOVZXWD(half(widened1), wide(widened1))
	for i, words := range []int{widened0, widened1} {
		a.VPSLLD(operand.U8(16), wide(words), wide(words))
		number := []int{low, high}[i]
		a.VSUBPS(wide(words), wide(number), wide(number))
	}
}

// splitZipped does it for numbers of two rows, of which those of one column make a word.
func (a *assembler) splitZipped(low, high, dst int) {
	a.roundTwo(low, high, dst)
	a.VPERMW(wide(dst), wide(zipOrder), wide(dst))
	a.VPSLLD(operand.U8(16), wide(dst), wide(widened0))
	a.VPANDD(wide(upperHalves), wide(dst), wide(widened1))
	a.VSUBPS(wide(widened0), wide(low), wide(low))
	a.VSUBPS(wide(widened1), wide(high), wide(high))
}

func half(i int) reg.Register { return reg.Vector.Lookup(reg.Index(i), reg.S256) }

func (a *assembler) loadUpperHalves() {
	a.VPTERNLOGD(operand.U8(0xFF), wide(upperHalves), wide(upperHalves), wide(upperHalves))
	a.VPSLLD(operand.U8(16), wide(upperHalves), wide(upperHalves))
}

// copySplit writes count rows of so many blocks, each from a row of numbers in order.
func (a *assembler) copySplit() {
	a.function("copySplit")
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	rows := a.load("count")
	a.Label("row")
	from, to, blocks := a.GP64(), a.GP64(), a.load("blocks")
	a.MOVQ(src, from)
	a.MOVQ(dst, to)
	a.Label("block")
	for i := range 2 {
		a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8, Disp: 64 * i})
		a.VMOVUPS(operand.Mem{Base: from, Disp: 64 * i}, wide(i))
	}
	for part := range parts {
		a.splitPairs(0, 1, 2)
		a.VMOVUPS(wide(2), operand.Mem{Base: to, Disp: part * partBytes})
	}
	a.ADDQ(operand.U32(128), from)
	a.ADDQ(operand.U32(parts*partBytes), to)
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef("block"))
	a.ADDQ(srcStep, src)
	a.ADDQ(dstStep, dst)
	a.DECQ(rows)
	a.JNZ(operand.LabelRef("row"))
	a.VZEROUPPER()
	a.RET()
}

// copySplitZip writes count blocks, each of 48 rows of sixteens·16 words, from 32 rows of numbers: two of them, half a step apart,
// make a row of each part.
func (a *assembler) copySplitZip(zip operand.Mem) {
	a.function("copySplitZip")
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	blocks, below, part, ahead := a.load("count"), a.half(srcStep), a.GP64(), a.GP64()
	a.MOVQ(srcStep, ahead)
	a.SHLQ(operand.U8(3), ahead)
	a.ADDQ(below, ahead)
	a.MOVQ(dstStep, part)
	a.SHLQ(operand.U8(4), part)
	a.VMOVUPS(zip, wide(zipOrder))
	a.loadUpperHalves()
	a.Label("block")
	row := a.GP64()
	a.MOVQ(operand.U32(16), row)
	a.Label("row")
	from, to, sixteens := a.GP64(), a.GP64(), a.load("sixteens")
	a.MOVQ(src, from)
	a.MOVQ(dst, to)
	a.Label("words")
	a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8})
	a.PREFETCHT0(operand.Mem{Base: from, Index: ahead, Scale: 1})
	a.VMOVUPS(operand.Mem{Base: from}, wide(0))
	a.VMOVUPS(operand.Mem{Base: from, Index: below, Scale: 1}, wide(1))
	for i := range parts {
		a.splitZipped(0, 1, 2)
		place := operand.Mem{Base: to}
		if i > 0 {
			place.Index, place.Scale = part, uint8(i)
		}
		a.VMOVUPS(wide(2), place)
	}
	a.ADDQ(operand.U8(64), from)
	a.ADDQ(operand.U8(64), to)
	a.DECQ(sixteens)
	a.JNZ(operand.LabelRef("words"))
	a.ADDQ(srcStep, src)
	a.ADDQ(dstStep, dst)
	a.DECQ(row)
	a.JNZ(operand.LabelRef("row"))
	a.LEAQ(operand.Mem{Base: dst, Index: part, Scale: 2}, dst)
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef("block"))
	a.VZEROUPPER()
	a.RET()
}
