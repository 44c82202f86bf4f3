// The routines that split float32 into three bfloat16 as they lay operands out.
package main

import (
	"log"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/parts"
)

// partBytes are those of a row of one part's words: a block has sixteen of each.
const partBytes = 64

// Registers of splitting, beside its numbers 0 and 1 and words 2.
const (
	oneHalf     = 27
	upperHalves = 28
	order       = 29 // of the upper halves of two registers
)

func splitLayouts(a *assembler) {
	neighbours := parts.NeighbourTable(a.Context)
	a.unseen()
	a.copySplit(neighbours)
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

// splitter splits numbers in registers 0 and 1.
type splitter struct{ parts.Splitter }

func (a *assembler) splitter() splitter { return splitter{parts.New(a.Context, oneHalf, upperHalves)} }

func (s splitter) split(take func(part, low, high int)) {
	s.Split([]int{0, 1}, []int{24, 25}, func(part int, from []int) { take(part, from[0], from[1]) })
}

// copySplit writes count rows of so many blocks, each from a row of numbers in order.
func (a *assembler) copySplit(neighbours operand.Mem) {
	a.function("copySplit")
	a.VMOVUPS(neighbours, wide(order))
	s := a.splitter()
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	rows := a.load("count")
	a.eachRow(ends{dst, dstStep, src, srcStep}, rows, "blocks", 128, parts.Count*partBytes, func(from, to reg.GPVirtual) {
		for i := range 2 {
			a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8, Disp: 64 * i})
			a.VMOVUPS(operand.Mem{Base: from, Disp: 64 * i}, wide(i))
		}
		s.split(func(part, low, high int) {
			s.Neighbours(low, high, order, 2)
			a.VMOVUPS(wide(2), operand.Mem{Base: to, Disp: part * partBytes})
		})
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
	s := a.splitter()
	a.Label("block")
	row := a.GP64()
	a.MOVQ(operand.U32(16), row)
	a.eachRow(ends{dst, dstStep, src, srcStep}, row, "sixteens", 64, 64, func(from, to reg.GPVirtual) {
		a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8})
		a.PREFETCHT0(operand.Mem{Base: from, Index: ahead, Scale: 1})
		a.VMOVUPS(operand.Mem{Base: from}, wide(0))
		a.VMOVUPS(operand.Mem{Base: from, Index: below, Scale: 1}, wide(1))
		s.split(func(i, low, high int) {
			s.Zip(low, high, 2)
			place := operand.Mem{Base: to}
			if i > 0 {
				place.Index, place.Scale = part, uint8(i)
			}
			a.VMOVUPS(wide(2), place)
		})
	})
	a.LEAQ(operand.Mem{Base: dst, Index: part, Scale: 2}, dst)
	a.DECQ(blocks)
	a.JNZ(operand.LabelRef("block"))
	a.VZEROUPPER()
	a.RET()
}
