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

// Registers of splitting, beside its operands.
const (
	rounded0    = 24
	rounded1    = 25
	oneHalf     = 27 // of the last bit that the upper half of a word keeps
	upperHalves = 28 // a mask
	order       = 29 // of the upper halves of two registers
)

func splitLayouts(a *assembler) {
	upper := a.table("upperHalves", 16, func(i int) operand.Constant { return operand.U32(4*i + 1 | (4*i+3)<<16) }, 4)
	a.unseen()
	a.copySplit(upper)
	a.copySplitZip()
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

func (a *assembler) splitConstants() {
	a.VPTERNLOGD(operand.U8(0xFF), wide(upperHalves), wide(upperHalves), wide(upperHalves))
	a.VPSRLD(operand.U8(31), wide(upperHalves), wide(oneHalf))
	a.VPSLLD(operand.U8(15), wide(oneHalf), wide(oneHalf))
	a.VPSLLD(operand.U8(16), wide(upperHalves), wide(upperHalves))
}

// takePart joins a part of the numbers in registers 0 and 1 to words in register 2, and leaves the numbers without it. The first
// part is the nearest bfloat16, ties away from 0, so that what it leaves has either sign; of that the second is the upper half,
// which leaves eight bits: the third.
func (a *assembler) takePart(part int, join func(low, high int)) {
	low, high := 0, 1
	if part == 0 {
		low, high = rounded0, rounded1
		a.VPADDD(wide(oneHalf), wide(0), wide(low))
		a.VPADDD(wide(oneHalf), wide(1), wide(high))
	}
	join(low, high)
	if part == parts-1 {
		return
	}
	for number, from := range []int{low, high} {
		a.VPANDD(wide(upperHalves), wide(from), wide(rounded0+number))
		a.VSUBPS(wide(rounded0+number), wide(number), wide(number))
	}
}

// copySplit writes count rows of so many blocks, each from a row of numbers in order.
func (a *assembler) copySplit(upper operand.Mem) {
	a.function("copySplit")
	a.VMOVUPS(upper, wide(order))
	a.splitConstants()
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	rows := a.load("count")
	a.eachRow(ends{dst, dstStep, src, srcStep}, rows, "blocks", 128, parts*partBytes, func(from, to reg.GPVirtual) {
		for i := range 2 {
			a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8, Disp: 64 * i})
			a.VMOVUPS(operand.Mem{Base: from, Disp: 64 * i}, wide(i))
		}
		for part := range parts {
			a.takePart(part, func(low, high int) {
				a.VMOVAPS(wide(order), wide(2))
				a.VPERMI2W(wide(high), wide(low), wide(2))
			})
			a.VMOVUPS(wide(2), operand.Mem{Base: to, Disp: part * partBytes})
		}
	})
	a.VZEROUPPER()
	a.RET()
}

// copySplitZip writes count blocks, each of 48 rows of sixteens·16 words, from 32 rows of numbers: two of them, half a step apart,
// make a row of each part.
func (a *assembler) copySplitZip() {
	a.function("copySplitZip")
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	blocks, below, part, ahead := a.load("count"), a.half(srcStep), a.GP64(), a.GP64()
	a.MOVQ(srcStep, ahead)
	a.SHLQ(operand.U8(3), ahead)
	a.ADDQ(below, ahead)
	a.MOVQ(dstStep, part)
	a.SHLQ(operand.U8(4), part)
	a.splitConstants()
	a.Label("block")
	row := a.GP64()
	a.MOVQ(operand.U32(16), row)
	a.eachRow(ends{dst, dstStep, src, srcStep}, row, "sixteens", 64, 64, func(from, to reg.GPVirtual) {
		a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8})
		a.PREFETCHT0(operand.Mem{Base: from, Index: ahead, Scale: 1})
		a.VMOVUPS(operand.Mem{Base: from}, wide(0))
		a.VMOVUPS(operand.Mem{Base: from, Index: below, Scale: 1}, wide(1))
		for i := range parts {
			a.takePart(i, func(low, high int) {
				a.VPSRLD(operand.U8(16), wide(low), wide(2))
				const orMasked = 0xF8 // first or (second and third)
				a.VPTERNLOGD(operand.U8(orMasked), wide(upperHalves), wide(high), wide(2))
			})
			place := operand.Mem{Base: to}
			if i > 0 {
				place.Index, place.Scale = part, uint8(i)
			}
			a.VMOVUPS(wide(2), place)
		}
	})
	a.LEAQ(operand.Mem{Base: dst, Index: part, Scale: 2}, dst)
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef("block"))
	a.VZEROUPPER()
	a.RET()
}
