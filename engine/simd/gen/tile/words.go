// How eight words are read: as they are, or converted between float32 and bfloat16.
package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constants are the bit patterns that rounding needs, each in all words of a register.
type constants struct{ one, half, quiet, high reg.VecVirtual }

func (a *assembler) constants(needed bool) *constants {
	if !needed {
		return nil
	}
	return &constants{one: a.everywhere(1), half: a.everywhere(0x7FFF), quiet: a.everywhere(0x00400000), high: a.everywhere(0xFFFF0000)}
}

func (a *assembler) everywhere(bits uint32) reg.VecVirtual {
	word, low, all := a.GP32(), a.XMM(), a.YMM()
	a.MOVL(operand.U32(bits), word)
	a.VMOVD(word, low)
	a.VPBROADCASTD(low, all)
	return all
}

func plain(a *assembler, _ *constants, from operand.Mem) reg.VecVirtual {
	words := a.YMM()
	a.VMOVDQU(from, words)
	return words
}

func widened(a *assembler, bits *constants, from operand.Mem) reg.VecVirtual {
	words := lowHalves(a, bits, from)
	a.VPSLLD(operand.U8(16), words, words)
	return words
}

// round leaves the nearest bfloat16, ties to even, in the high half of each word; the low half is arbitrary. A NaN stays one.
func round(a *assembler, bits *constants, words reg.VecVirtual) {
	sum, nan := a.YMM(), a.YMM()
	a.VPSRLD(operand.U8(16), words, sum)
	a.VPAND(bits.one, sum, sum)
	a.VPADDD(bits.half, sum, sum)
	a.VPADDD(words, sum, sum)
	const unordered = 3
	a.VCMPPS(operand.U8(unordered), words, words, nan)
	a.VPOR(bits.quiet, words, words)
	a.VBLENDVPS(nan, words, sum, words)
}

func rounded(a *assembler, bits *constants, from operand.Mem) reg.VecVirtual {
	words := plain(a, bits, from)
	round(a, bits, words)
	a.VPAND(bits.high, words, words)
	return words
}

// lowFloats rounds to bfloat16 in the low half of each word.
func lowFloats(a *assembler, bits *constants, from operand.Mem) reg.VecVirtual {
	words := plain(a, bits, from)
	round(a, bits, words)
	a.VPSRLD(operand.U8(16), words, words)
	return words
}

// joinFloats adds the high halves.
func joinFloats(a *assembler, bits *constants, words reg.VecVirtual, below operand.Mem) {
	a.VPOR(rounded(a, bits, below), words, words)
}

// lowHalves has a bfloat16 in the low half of each word.
func lowHalves(a *assembler, _ *constants, from operand.Mem) reg.VecVirtual {
	words := a.YMM()
	a.VPMOVZXWD(from, words)
	return words
}

// joinHalves adds the high halves.
func joinHalves(a *assembler, bits *constants, words reg.VecVirtual, below operand.Mem) {
	a.VPOR(widened(a, bits, below), words, words)
}

// pairs rounds sixteen neighbours and packs them in order.
func pairs(a *assembler, bits *constants, from operand.Mem) reg.VecVirtual {
	words, upper := lowFloats(a, bits, from), lowFloats(a, bits, from.Offset(32))
	a.VPACKUSDW(upper, words, words)
	const evenQuartersFirst = 0b11_01_10_00
	a.VPERMQ(operand.U8(evenQuartersFirst), words, words)
	return words
}
