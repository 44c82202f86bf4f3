// The products of register tiles: a tile of C is summed in registers, one step along K at a time.
package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/evex"
)

// kernel is a product seen from its tile: so many rows of two vectors.
type kernel struct {
	function string
	peak     string // function that multiplies without reading memory
	rows     int
	vector   reg.Spec // width of a vector
	multiply func(a *assembler, b, broadcast, sum reg.Register)
}

func products(a *assembler) {
	floats := func(a *assembler, b, broadcast, sum reg.Register) { a.VFMADD231PS(b, broadcast, sum) }
	for _, k := range []kernel{
		{"multiplyAVX2", "peakAVX2", 6, reg.S256, floats},
		{"multiplyAVX512", "peakAVX512", 12, reg.S512, floats},
		{"multiplyBF16", "peakBF16", 12, reg.S512, multiplyPairs},
	} {
		k.product(a)
		k.spin(a)
	}
}

// multiplyPairs writes VDPBF16PS, which avo does not know, as bytes.
func multiplyPairs(a *assembler, b, broadcast, sum reg.Register) {
	index := func(r reg.Register) int { return int(reg.ToPhysical(r).PhysicalIndex()) }
	a.Comment(fmt.Sprintf("VDPBF16PS %s, %s, %s", b.Asm(), broadcast.Asm(), sum.Asm()))
	code := evex.VDPBF16PS.Encode(index(sum), index(broadcast), index(b))
	a.bytes(code[:])
}

// unroll is how many steps along K a full tile takes between two branches.
const unroll = 4

// pointers are the general registers of a product. Distances are in bytes.
type pointers struct {
	a, aRow, aStep reg.GPVirtual
	b, bStep       reg.GPVirtual
	c, ldc         reg.GPVirtual
	rows           reg.GPVirtual // left to do
}

// spin does the arithmetic of a tile for so many steps, on registers alone.
func (k kernel) spin(a *assembler) {
	a.function(k.peak)
	steps := a.load("steps")
	for i := range 2*k.rows + 3 {
		k.zero(a, k.at(i))
	}
	a.Label("step")
	for i := range k.rows {
		for j := range 2 {
			k.multiply(a, k.spare(j), k.spare(2), k.sum(i, j))
		}
	}
	a.DECQ(steps)
	a.JNZ(operand.LabelRef("step"))
	a.VZEROUPPER()
	a.RET()
}

func (k kernel) product(a *assembler) {
	a.function(k.function)
	p := pointers{
		a.load("a"), a.load("aRow"), a.load("aStep"), a.load("b"), a.load("bStep"), a.load("c"), a.load("ldc"), a.load("rows"),
	}
	a.SHLQ(operand.U8(2), p.ldc)
	a.Label("tiles")
	a.CMPQ(p.rows, operand.U8(k.rows))
	a.JLT(operand.LabelRef("rest"))
	k.tile(a, p, k.rows, "full")
	a.JMP(operand.LabelRef("tiles"))
	a.Label("rest")
	for rows := 1; rows < k.rows; rows++ {
		a.CMPQ(p.rows, operand.U8(rows))
		a.JEQ(operand.LabelRef(fmt.Sprintf("rest%d", rows)))
	}
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
	for rows := 1; rows < k.rows; rows++ {
		name := fmt.Sprintf("rest%d", rows)
		a.Label(name)
		k.tile(a, p, rows, name)
		a.JMP(operand.LabelRef("end"))
	}
}

// at is vector register i.
func (k kernel) at(i int) reg.Register { return reg.Vector.Lookup(reg.Index(i), k.vector) }

// sum is the register that sums vector j of row i.
func (k kernel) sum(i, j int) reg.Register { return k.at(2*i + j) }

// spare are the registers beside the sums of a full tile.
func (k kernel) spare(i int) reg.Register { return k.at(2*k.rows + i) }

// tile writes the product of so many rows and moves the pointers to the next tile.
func (k kernel) tile(a *assembler, p pointers, rows int, name string) {
	for i := range rows {
		for j := range 2 {
			k.zero(a, k.sum(i, j))
		}
	}
	from, b := k.rowPointers(a, p, rows), a.GP64()
	k.fetch(a, p, b, rows)
	a.MOVQ(p.b, b)
	steps := a.load("steps")
	if rows == k.rows {
		a.SUBQ(operand.U8(unroll), steps)
		a.JLT(operand.LabelRef(name + "_single"))
		a.Label(name + "_unrolled")
		for range unroll {
			k.step(a, p, from, b, rows)
		}
		a.SUBQ(operand.U8(unroll), steps)
		a.JGE(operand.LabelRef(name + "_unrolled"))
		a.Label(name + "_single")
		a.ADDQ(operand.U8(unroll), steps)
	} else {
		a.TESTQ(steps, steps)
	}
	a.JZ(operand.LabelRef(name + "_store"))
	a.Label(name + "_step")
	k.step(a, p, from, b, rows)
	a.DECQ(steps)
	a.JNZ(operand.LabelRef(name + "_step"))
	a.Label(name + "_store")
	k.store(a, p, rows, name)
	next := a.GP64()
	a.IMUL3Q(operand.U8(rows), p.aRow, next)
	a.ADDQ(next, p.a)
	a.SUBQ(operand.U8(rows), p.rows)
}

// fetch asks for the lines of C, by way of a free register: they are needed when the sums are complete.
func (k kernel) fetch(a *assembler, p pointers, free reg.GPVirtual, rows int) {
	const line = 64
	a.MOVQ(p.c, free)
	for range rows {
		for first := 0; first < 2*int(k.vector.Size()); first += line {
			a.PREFETCHT0(operand.Mem{Base: free, Disp: first})
		}
		a.ADDQ(p.ldc, free)
	}
}

func (k kernel) zero(a *assembler, r reg.Register) {
	if k.vector == reg.S512 {
		a.VPXORD(r, r, r)
	} else {
		a.VXORPS(r, r, r)
	}
}

// rowPointers points to every third row of A; addressing reaches the two between.
func (k kernel) rowPointers(a *assembler, p pointers, rows int) []reg.GPVirtual {
	var list []reg.GPVirtual
	for i := 0; i < rows; i += 3 {
		pointer := a.GP64()
		if i == 0 {
			a.MOVQ(p.a, pointer)
		} else {
			a.LEAQ(operand.Mem{Base: list[len(list)-1], Index: p.aRow, Scale: 2}, pointer)
			a.ADDQ(p.aRow, pointer)
		}
		list = append(list, pointer)
	}
	return list
}

// step adds the products of one step along K and moves the pointers to the next.
func (k kernel) step(a *assembler, p pointers, from []reg.GPVirtual, b reg.GPVirtual, rows int) {
	width := int(k.vector.Size())
	for j := range 2 {
		a.VMOVUPS(operand.Mem{Base: b, Disp: j * width}, k.spare(j))
	}
	for i := range rows {
		element, broadcast := operand.Mem{Base: from[i/3]}, k.spare(2+i%2)
		if i%3 > 0 {
			element.Index, element.Scale = p.aRow, uint8(i%3)
		}
		a.VBROADCASTSS(element, broadcast)
		for j := range 2 {
			k.multiply(a, k.spare(j), broadcast, k.sum(i, j))
		}
	}
	for _, pointer := range from {
		a.ADDQ(p.aStep, pointer)
	}
	a.ADDQ(p.bStep, b)
}

// store scales the sums, adds C if the caller wants that, and writes them to C.
func (k kernel) store(a *assembler, p pointers, rows int, name string) {
	alpha, load := k.spare(0), a.GP8()
	a.VBROADCASTSS(a.argument("alpha"), alpha)
	a.MOVB(a.argument("load"), load)
	a.TESTB(load, load)
	a.JZ(operand.LabelRef(name + "_plain"))
	k.eachOfC(a, p, rows, func(c operand.Mem, sum reg.Register) {
		a.VFMADD213PS(c, alpha, sum)
		a.VMOVUPS(sum, c)
	})
	a.JMP(operand.LabelRef(name + "_stored"))
	a.Label(name + "_plain")
	k.eachOfC(a, p, rows, func(c operand.Mem, sum reg.Register) {
		a.VMULPS(alpha, sum, sum)
		a.VMOVUPS(sum, c)
	})
	a.Label(name + "_stored")
}

// eachOfC visits the vectors of the tile of C and leaves the pointer at the row after it.
func (k kernel) eachOfC(a *assembler, p pointers, rows int, visit func(c operand.Mem, sum reg.Register)) {
	for i := range rows {
		for j := range 2 {
			visit(operand.Mem{Base: p.c, Disp: j * int(k.vector.Size())}, k.sum(i, j))
		}
		a.ADDQ(p.ldc, p.c)
	}
}
