// The kernels whose results are float32 in parts. Blocks of 32 rows of numbers become 48 of words: sixteen of each part, whose
// words are of two rows that follow each other.

package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/parts"
)

const (
	splitRows = 32            // of numbers in a block
	partRows  = splitRows / 2 // of words of a part
)

// Registers of splitting.
const (
	oneHalf     = 28
	upperHalves = 29
	order       = 30 // of neighbouring lanes' upper halves in two vectors
	joined      = 31
)

// parts generates the kernels.
func (m machine) parts() {
	m.soften("softenSplit", m.behind, m.expParts)
	m.weighParts(parts.NeighbourTable(m.Context))
}

// behind moves a pointer from the beginning of a panel's memory to its n rows of numbers. They end sixteen rows behind the words
// that take their place, which so never overtake them.
func (m machine) behind(s, n reg.GPVirtual) {
	half := m.GP64()
	m.MOVQ(n, half)
	m.SHRQ(operand.U8(1), half)
	m.ADDQ(operand.U8(partRows), half)
	m.IMUL3Q(operand.U32(m.panel()), half, half)
	m.ADDQ(half, s)
}

// blocks generates a loop over the pairs of rows of whole blocks; to are where the words of the first part go, and move on.
func (m machine) blocks(n reg.GPVirtual, to []reg.GPVirtual, body func()) {
	pairs := m.GP64()
	m.SHRQ(operand.U8(5), n)
	m.Label("block")
	m.TESTQ(n, n)
	m.JEQ(operand.LabelRef("blocksEnd"))
	m.MOVQ(operand.U32(partRows), pairs)
	m.Label("pair")
	body()
	for _, p := range to {
		m.advance(p, 1)
	}
	m.DECQ(pairs)
	m.JNZ(operand.LabelRef("pair"))
	for _, p := range to {
		m.advance(p, (parts.Count-1)*partRows)
	}
	m.DECQ(n)
	m.JMP(operand.LabelRef("block"))
	m.Label("blocksEnd")
}

// expParts writes the weights in parts from where the panel's memory begins.
func (m machine) expParts(e exponential, s, n reg.GPVirtual) {
	const x, t, y, rounded = softenFree, softenFree + 2, softenFree + 3, softenFree + 4
	to := m.GP64()
	m.MOVQ(s, to)
	m.behind(s, n)
	split := parts.New(m.Context, oneHalf, upperHalves)
	m.blocks(n, []reg.GPVirtual{to}, func() {
		for j := range 2 {
			for row := range 2 {
				m.weight(e, s, row, j, x+row, t, y)
			}
			split.Split([]int{x, x + 1}, []int{rounded, rounded + 1}, func(part int, from []int) {
				m.zipTo(split, from[0], from[1], to, part, j)
			})
		}
		m.advance(s, 2)
	})
}

// zipTo writes words of two rows.
func (m machine) zipTo(split parts.Splitter, first, second int, to reg.Register, part, j int) {
	split.Zip(first, second, joined)
	m.VMOVUPS(m.v(joined), m.at(to, part*partRows, j))
}

// weighParts generates weigh with results in parts: words of two rows from where the memory of scores and of gradients begins, and
// words of two columns into rows.
func (m machine) weighParts(neighbours operand.Mem) {
	m.begin("weighSplit", weighSignature)
	m.spread("scale", factor)
	e := m.exponential(weighConstants, m.powers)
	m.clear(zero)
	split := parts.New(m.Context, oneHalf, upperHalves)
	m.VMOVUPS(neighbours, m.v(order))
	a := m.weighArguments()
	const x, y, t, rounded = weighFree, weighFree + 4, weighFree + 8, weighFree + 9 // four registers x, y and rounded, for two rows of two vectors
	s, ds, second := m.GP64(), m.GP64(), m.GP64()
	m.MOVQ(a.s, s)
	m.MOVQ(a.ds, ds)
	m.behind(a.s, a.n)
	m.behind(a.ds, a.n)
	m.blocks(a.n, []reg.GPVirtual{s, ds}, func() {
		m.LEAQ(operand.Mem{Base: a.rows, Index: a.ldrows, Scale: 1}, second)
		for row := range 2 {
			m.rowState(a, row)
			for j := range 2 {
				m.gradient(e, a, row, j, x+2*row+j, y+2*row+j, t)
			}
		}
		split.Split(four(x), four(rounded), func(part int, from []int) {
			for j := range 2 {
				m.zipTo(split, from[j], from[2+j], s, part, j)
			}
		})
		split.Split(four(y), four(rounded), func(part int, from []int) {
			for j := range 2 {
				m.zipTo(split, from[j], from[2+j], ds, part, j)
			}
			for row, to := range []reg.GPVirtual{a.rows, second} {
				split.Neighbours(from[2*row], from[2*row+1], order, joined)
				m.VMOVUPS(m.v(joined), operand.Mem{Base: to, Disp: 4 * partRows * part})
			}
		})
		m.advance(a.s, 2)
		m.advance(a.ds, 2)
		m.nextRow(a, 2)
	})
	m.end()
}

// four are registers that follow each other.
func four(first int) []int { return []int{first, first + 1, first + 2, first + 3} }
