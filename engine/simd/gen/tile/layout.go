// The routines that lay operands out: they take words from memory eight at a time, convert them, and store them in order or
// transposed. AVX2 is enough for all of them, as they wait for memory.
package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reader takes eight words.
type reader struct {
	name   string
	bytes  int  // that eight words take in a row of memory
	rounds bool // needs the constants of rounding
	// read gives the words at a place.
	read func(a *assembler, bits *constants, from operand.Mem) reg.VecVirtual
	// join, if a word is made of two rows of memory, adds the part in the lower one. That is half a step of words below.
	join func(a *assembler, bits *constants, words reg.VecVirtual, below operand.Mem)
}

var readers = []reader{
	{"Plain", 32, false, plain, nil},
	{"Rounded", 32, true, rounded, nil},
	{"Widened", 16, false, widened, nil},
	{"Pairs", 64, true, pairs, nil},
	{"ZipFloats", 32, true, lowFloats, joinFloats},
	{"ZipHalves", 16, false, lowHalves, joinHalves},
}

func layouts(a *assembler) {
	for _, r := range readers {
		r.copies(a)
		r.transposes(a)
	}
}

// copies writes count rows of eights·8 words, each row in order. It asks for the row eight ahead, as rows may be far apart.
func (r reader) copies(a *assembler) {
	a.function("copy" + r.name)
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	rows, half := a.load("count"), a.half(srcStep)
	bits := a.constants(r.rounds)
	a.eachRow(ends{dst, dstStep, src, srcStep}, rows, "eights", uint64(r.bytes), 32, func(from, to reg.GPVirtual) {
		a.PREFETCHT0(operand.Mem{Base: from, Index: srcStep, Scale: 8})
		words := r.read(a, bits, operand.Mem{Base: from})
		if r.join != nil {
			r.join(a, bits, words, operand.Mem{Base: from, Index: half, Scale: 1})
		}
		a.VMOVDQU(words, operand.Mem{Base: to})
	})
	a.VZEROUPPER()
	a.RET()
}

// ends are where rows are read and written, and the distances from one to the next.
type ends struct{ dst, dstStep, src, srcStep reg.GPVirtual }

// eachRow visits so many rows, and in each the pieces whose number a parameter has; they take so many bytes. It leaves the ends after
// the last row.
func (a *assembler) eachRow(e ends, rows reg.GPVirtual, pieces string, srcBytes, dstBytes uint64, visit func(from, to reg.GPVirtual)) {
	a.Label("row")
	from, to, left := a.GP64(), a.GP64(), a.load(pieces)
	a.MOVQ(e.src, from)
	a.MOVQ(e.dst, to)
	a.Label("piece")
	visit(from, to)
	a.ADDQ(operand.Imm(srcBytes), from)
	a.ADDQ(operand.Imm(dstBytes), to)
	a.DECQ(left)
	a.JNZ(operand.LabelRef("piece"))
	a.ADDQ(e.srcStep, e.src)
	a.ADDQ(e.dstStep, e.dst)
	a.DECQ(rows)
	a.JNZ(operand.LabelRef("row"))
}

// transposes writes eights·8 rows of count·8 words: word i of the source's row j becomes word j of row i.
func (r reader) transposes(a *assembler) {
	a.function("transpose" + r.name)
	dst, dstStep := a.load("dst"), a.load("dstStep")
	src, srcStep := a.load("src"), a.load("srcStep")
	groups := a.load("count")
	bits := a.constants(r.rounds)
	a.Label("group")
	eights := a.load("eights")
	from, to := a.eightRows(src, srcStep), a.eightRows(dst, dstStep)
	a.Label("square")
	square := r.square(a, bits, from)
	for i, row := range a.transposed(square) {
		a.VMOVUPS(row, to.row(i))
	}
	for i := range from.third {
		a.ADDQ(operand.Imm(uint64(r.bytes)), from.third[i])
		a.LEAQ(operand.Mem{Base: to.third[i], Index: dstStep, Scale: 8}, to.third[i])
	}
	a.DECQ(eights)
	a.JNZ(operand.LabelRef("square"))
	a.LEAQ(operand.Mem{Base: src, Index: srcStep, Scale: 8}, src)
	a.ADDQ(operand.U8(32), dst)
	a.DECQ(groups)
	a.JNZ(operand.LabelRef("group"))
	a.VZEROUPPER()
	a.RET()
}

// square reads eight words of each of eight rows.
func (r reader) square(a *assembler, bits *constants, from eightRows) (square [8]reg.VecVirtual) {
	for i := range square {
		square[i] = r.read(a, bits, from.row(i))
	}
	if r.join == nil {
		return square
	}
	half := a.half(from.step)
	for _, third := range from.third {
		a.ADDQ(half, third)
	}
	for i := range square {
		r.join(a, bits, square[i], from.row(i))
	}
	for _, third := range from.third {
		a.SUBQ(half, third)
	}
	return square
}

func (a *assembler) half(distance reg.GPVirtual) reg.GPVirtual {
	half := a.GP64()
	a.MOVQ(distance, half)
	a.SARQ(operand.U8(1), half)
	return half
}

// eightRows point to eight rows of memory: to every third, as addressing reaches the two after it.
type eightRows struct {
	third [3]reg.GPVirtual
	step  reg.GPVirtual
}

func (a *assembler) eightRows(first, step reg.GPVirtual) eightRows {
	list := eightRows{step: step}
	for i := range list.third {
		list.third[i] = a.GP64()
		if i == 0 {
			a.MOVQ(first, list.third[0])
			continue
		}
		a.LEAQ(operand.Mem{Base: list.third[i-1], Index: step, Scale: 2}, list.third[i])
		a.ADDQ(step, list.third[i])
	}
	return list
}

func (l eightRows) row(i int) operand.Mem {
	place := operand.Mem{Base: l.third[i/3]}
	if i%3 > 0 {
		place.Index, place.Scale = l.step, uint8(i%3)
	}
	return place
}

// transposed gives the columns of a square of words: pairs of rows are interleaved, then pairs of pairs, then halves swapped.
func (a *assembler) transposed(square [8]reg.VecVirtual) [8]reg.VecVirtual {
	var twos, fours, out [8]reg.VecVirtual
	for i := 0; i < 8; i += 2 {
		twos[i], twos[i+1] = a.YMM(), a.YMM()
		a.VUNPCKLPS(square[i+1], square[i], twos[i])
		a.VUNPCKHPS(square[i+1], square[i], twos[i+1])
	}
	for _, i := range []int{0, 4} {
		for j := range 2 {
			low, high := a.YMM(), a.YMM()
			a.VUNPCKLPD(twos[i+2+j], twos[i+j], low)
			a.VUNPCKHPD(twos[i+2+j], twos[i+j], high)
			fours[i+2*j], fours[i+2*j+1] = low, high
		}
	}
	for i := range 4 {
		out[i], out[i+4] = a.YMM(), a.YMM()
		a.VPERM2F128(operand.U8(0x20), fours[i+4], fours[i], out[i])
		a.VPERM2F128(operand.U8(0x31), fours[i+4], fours[i], out[i+4])
	}
	return out
}
