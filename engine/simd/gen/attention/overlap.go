// The soft-max between two products: tiles and vectors are multiplied by different parts of a core, at the same time.

package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"videomae/engine/simd/gen/amx"
	"videomae/engine/simd/gen/encoded"
)

const overlapSignature = "func(s []float32, n int, scale float32, top, sum, alpha []float32, " +
	"keys []float32, keysRow int, queries, next, values []float32, valuesRow int, weights, sums []float32, more bool, " +
	"most []float32, known bool)"

// tilePanel is the bytes of so many rows of a panel as a tile has, which are also the words of a step of products.
const tilePanel = amx.Rows * 2 * amx.RowBytes

// Registers of the overlap, which are given out by hand because the encoder takes their numbers. The left factor's rows are those
// of an upper and a lower tile; right is the panel's step at hand, and c, like left, has two rows of tiles.
var (
	scores, words   = reg.RSI, reg.RDI
	left, leftRow   = reg.R8, reg.R9
	leftLower       = reg.R10
	right, panelRow = reg.R11, reg.RDX
	sumsC, sumsLow  = reg.RBX, reg.RCX
	rounds          = reg.RAX
	rowTiles        = reg.R12
	unused          = reg.R13
	nextAgain       = reg.R14 // where scores of the next panel are read
)

// mostNext are two registers for the greatest scores of the next panel.
const mostNext = 24

// overlap generates softenOverlap: soften for n rows, a multiple of 32, of pairs. Between its instructions are those of two
// products of heads 64 wide, the scores of the next panel, keys (n x 64) times queries, and the sums of the panel before, values^T
// (64 x n) times its weights, which are added if more is set. A step of either comes with eight rows of weights. The greatest
// scores are in most if they are known, and those of the next panel are left there.
func (m machine) overlap(order operand.Mem) {
	m.begin("softenOverlap", overlapSignature)
	e := m.softenConstants()
	known, most := m.GP8(), m.base("most")
	m.Load(m.Param("known"), known)
	m.TESTB(known, known)
	m.JEQ(operand.LabelRef("search"))
	for j := range 2 {
		m.VMOVUPS(m.at(most, 0, j), m.v(tops+j))
	}
	m.JMP(operand.LabelRef("found"))
	m.Label("search")
	m.greatest(atOnce)
	m.Label("found")
	m.raise(e)
	m.noScores(mostNext)

	m.LEAQ(m.wholeTiles(), rounds)
	encoded.Configure(m.Context, rounds, unused)
	m.VMOVUPS(order, m.v(zip))
	m.Load(m.Param("s").Base(), scores)
	m.MOVQ(scores, words)
	m.MOVQ(operand.U32(2*amx.RowBytes), panelRow)
	m.nextScores(e)
	m.lastSums(e)

	m.total()
	most = m.base("most")
	for j := range 2 {
		m.VMOVUPS(m.v(mostNext+j), m.at(most, 0, j))
	}
	m.end()
}

// wholeTiles puts the shape of eight whole tiles into memory.
func (m machine) wholeTiles() operand.Mem {
	at := m.StaticGlobal("wholeTiles")
	m.DataAttributes(attr.RODATA | attr.NOPTR)
	const bytes, rows = amx.RowBytes * 0x0001000100010001, 0x1010101010101010 // of four tiles, of eight
	for i, word := range []uint64{1, 0, bytes, bytes, 0, 0, rows, 0} {        // the first byte is the palette
		m.AddDatum(8*i, operand.U64(word))
	}
	return at
}

// nextScores makes 32 rows of scores a time.
func (m machine) nextScores(e exponential) {
	m.Load(m.Param("keys").Base(), left)
	m.Load(m.Param("keysRow"), leftRow)
	m.Load(m.Param("queries").Base(), right)
	m.Load(m.Param("next").Base(), sumsC)
	m.Load(m.Param("n"), rounds)
	m.SHRQ(operand.U8(5), rounds)
	m.Label("keys")
	m.below(leftLower, left, leftRow)
	m.LEAQ(operand.Mem{Base: sumsC, Disp: tilePanel}, sumsLow)
	m.between(e, append(amx.ClearSums(2), step()...), nil)
	m.ADDQ(operand.U8(amx.RowBytes), left)
	m.ADDQ(operand.U8(amx.RowBytes), leftLower)
	m.ADDQ(operand.U32(tilePanel), right)
	m.between(e, append(step(), moveSums(amx.TILESTORED)...), nil)
	m.SUBQ(operand.U32(tilePanel), right)
	m.below(left, leftLower, leftRow)
	m.SUBQ(operand.U8(amx.RowBytes), left)
	m.ADDQ(operand.U32(2*tilePanel), sumsC)
	m.DECQ(rounds)
	m.JNZ(operand.LabelRef("keys"))
}

// lastSums makes 32 rows of sums a time.
func (m machine) lastSums(e exponential) {
	m.Load(m.Param("values").Base(), left)
	m.Load(m.Param("valuesRow"), leftRow)
	m.Load(m.Param("sums").Base(), sumsC)
	m.Load(m.Param("next").Base(), nextAgain)
	m.MOVQ(operand.U32(2), rowTiles)
	m.Label("values")
	m.Load(m.Param("weights").Base(), right)
	m.below(leftLower, left, leftRow)
	m.LEAQ(operand.Mem{Base: sumsC, Disp: tilePanel}, sumsLow)
	m.write(amx.ClearSums(2))
	m.Load(m.Param("more"), unused.As8())
	m.TESTB(unused.As8(), unused.As8())
	m.JEQ(operand.LabelRef("first"))
	m.write(moveSums(func(base, stride, displacement, tile int) []byte {
		return amx.TILELOADD(tile, base, stride, displacement)
	}))
	m.Label("first")
	m.Load(m.Param("n"), rounds)
	m.SHRQ(operand.U8(5), rounds)
	m.Label("weights")
	m.between(e, step(), func(gap int) { m.compare(nextAgain, gap, mostNext) })
	m.ADDQ(operand.U32(gaps*m.panel()), nextAgain)
	m.ADDQ(operand.U8(amx.RowBytes), left)
	m.ADDQ(operand.U8(amx.RowBytes), leftLower)
	m.ADDQ(operand.U32(tilePanel), right)
	m.DECQ(rounds)
	m.JNZ(operand.LabelRef("weights"))
	m.write(moveSums(amx.TILESTORED))
	m.Load(m.Param("values").Base(), left)
	m.below(left, left, leftRow)
	m.below(left, left, leftRow)
	m.ADDQ(operand.U32(2*tilePanel), sumsC)
	m.DECQ(rowTiles)
	m.JNZ(operand.LabelRef("values"))
}

// below makes a register point a tile's rows below another.
func (m machine) below(to, from, row reg.GPPhysical) {
	m.MOVQ(row, unused)
	m.SHLQ(operand.U8(4), unused)
	m.ADDQ(from, unused)
	m.MOVQ(unused, to)
}

// step are the instructions that add the products of 32 elements.
func step() (list [][]byte) {
	for i, from := range []reg.GPPhysical{left, leftLower} {
		list = append(list, amx.TILELOADD(amx.Left+i, encoded.Number(from), encoded.Number(leftRow), 0))
	}
	list = append(list, amx.LoadRight(encoded.Number(right), encoded.Number(panelRow))...)
	return append(list, amx.Multiply(2)...)
}

// moveSums are those that store the sums, or load them.
func moveSums(move func(base, stride, displacement, tile int) []byte) (list [][]byte) {
	for i, c := range []reg.GPPhysical{sumsC, sumsLow} {
		for j := range 2 {
			list = append(list, move(encoded.Number(c), encoded.Number(panelRow), j*amx.RowBytes, amx.Sums+2*i+j))
		}
	}
	return list
}

func (m machine) write(list [][]byte) {
	for _, code := range list {
		encoded.Write(m.Context, code)
	}
}

// gaps are the places between instructions for eight rows of weights; as many rows of the next scores there are for each step.
const (
	gapPairs = 4
	gaps     = gapPairs * 2 * 2
)

// between turns eight rows of scores into words of weights, with instructions on tiles and others in the gaps.
func (m machine) between(e exponential, tiles [][]byte, others func(gap int)) {
	const x, t, y = softenFree, softenFree + 2, softenFree + 3 // two registers x, one for each row
	gap := 0
	for pair := range gapPairs {
		for j := range 2 {
			for row := range 2 {
				m.weight(e, scores, 2*pair+row, j, x+row, t, y)
				m.write(tiles[gap*len(tiles)/gaps : (gap+1)*len(tiles)/gaps]) // as even as can be
				if others != nil {
					others(gap)
				}
				gap++
			}
			m.pair(x, x+1, x)
			m.VMOVUPS(m.v(x), m.at(words, pair, j))
		}
	}
	m.ADDQ(operand.U32(2*gapPairs*m.panel()), scores)
	m.ADDQ(operand.U32(gapPairs*m.panel()), words)
}
