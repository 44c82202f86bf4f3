// The product by AMX: its registers are tiles of 16 rows and 64 bytes a row, and one instruction multiplies two of them.

package tile

import (
	"encoding/binary"
	"unsafe"
)

const (
	matrixRows  = 16 // of a tile
	matrixWords = 16 // in its row: steps of A, columns of B and of the sums
	matrixMR    = 2 * matrixRows
	matrixNR    = 2 * matrixWords
	matrixSteps = matrixWords
	matrixDepth = 2 * matrixSteps
)

// shape is the processor's description of its eight tiles: 0 to 3 are the sums, two by two, 4 and 5 the rows of A, 6 and 7 the
// panel of B.
type shape [64]byte

// shapeFor is the shape for so many rows of A and steps along K, at most those of two tiles and of one.
func shapeFor(rows, steps int) (s shape) {
	s[0] = 1 // the only palette
	upper := min(rows, matrixRows)
	s.set(0, upper, matrixWords)
	s.set(1, upper, matrixWords)
	s.set(4, upper, steps)
	if lower := rows - upper; lower > 0 {
		s.set(2, lower, matrixWords)
		s.set(3, lower, matrixWords)
		s.set(5, lower, steps)
	}
	s.set(6, steps, matrixWords)
	s.set(7, steps, matrixWords)
	return s
}

func (s *shape) set(tile, rows, words int) {
	binary.LittleEndian.PutUint16(s[16+2*tile:], uint16(words*Word))
	s[48+tile] = byte(rows)
}

// wholeTiles is the shape of most products.
var wholeTiles = shapeFor(matrixMR, matrixSteps)

// multiplyAMX is a product of pairs of bfloat16 whose steps are neighbours in A: aStep is a word.
func multiplyAMX(rows, steps int, a unsafe.Pointer, aRow, _ int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool) {
	m := matrixProduct{false, rows, steps, a, aRow, b, bStep, c, ldc, load}
	m.multiplyTimes(alpha)
}

// multiplySplit is a product of split numbers whose steps are neighbours in A.
func multiplySplit(rows, steps int, a unsafe.Pointer, aRow, _ int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool) {
	m := matrixProduct{true, rows, steps, a, aRow, b, bStep, c, ldc, load}
	m.multiplyTimes(alpha)
}

// matrixProduct is a product without a factor, as Multiply describes it.
type matrixProduct struct {
	split       bool
	rows, steps int
	a           unsafe.Pointer
	aRow        int
	b           unsafe.Pointer
	bStep       int
	c           *float32
	ldc         int
	load        bool
}

// multiplyTimes is the product times a number, which is 1 as a rule.
func (m *matrixProduct) multiplyTimes(alpha float32) {
	if alpha == 1 {
		m.multiply()
		return
	}
	m.multiplyScaled(alpha)
}

// multiplyScaled multiplies sums by a number on their way to c. It stands alone so that its memory is cleared only when it is used.
//
//go:noinline
func (m *matrixProduct) multiplyScaled(alpha float32) {
	var sums [matrixMR * matrixNR]float32
	for row := 0; row < m.rows; row += matrixMR {
		part := m.from(row)
		part.rows = min(matrixMR, part.rows)
		to := part.c
		part.c, part.ldc, part.load = &sums[0], matrixNR, false
		part.multiply()
		storeScaled(part.rows, &sums[0], to, m.ldc, alpha, m.load)
	}
}

// from is the product of the rows from one on.
func (m *matrixProduct) from(row int) matrixProduct {
	below := *m
	below.rows, below.a = m.rows-row, unsafe.Add(m.a, row*m.aRow)
	below.c = (*float32)(unsafe.Add(unsafe.Pointer(m.c), row*m.ldc*Word))
	return below
}

// multiply takes the whole blocks of steps first, then what is left. Split numbers come in whole blocks.
func (m *matrixProduct) multiply() {
	if m.split {
		m.multiplyBlocks(m.steps/splitSteps, matrixSteps)
		return
	}
	blocks, rest := m.steps/matrixSteps, m.steps%matrixSteps
	if blocks > 0 || rest == 0 {
		m.multiplyBlocks(blocks, matrixSteps)
	}
	if rest > 0 {
		done := blocks * matrixSteps
		m.a, m.b, m.load = unsafe.Add(m.a, done*Word), unsafe.Add(m.b, done*m.bStep), m.load || blocks > 0
		m.multiplyBlocks(1, rest)
	}
}

// multiplyBlocks takes blocks of so many steps, first for the rows that fill tiles.
func (m *matrixProduct) multiplyBlocks(blocks, steps int) {
	full := m.rows / matrixMR * matrixMR
	if full > 0 {
		m.multiplyRows(full, matrixMR, blocks, steps)
	}
	if rest := m.rows - full; rest > 0 {
		below := m.from(full)
		below.multiplyRows(rest, rest, blocks, steps)
	}
}

func (m *matrixProduct) multiplyRows(rows, height, blocks, steps int) {
	s := &wholeTiles
	if height < matrixMR || steps < matrixSteps {
		part := shapeFor(height, steps)
		s = &part
	}
	if m.split {
		multiplySplitTiles(s, rows, height, blocks, m.a, m.aRow, m.b, m.bStep, m.c, m.ldc, m.load)
	} else {
		multiplyTiles(s, rows, height, blocks, m.a, m.aRow, m.b, m.bStep, m.c, m.ldc, m.load)
	}
}

func peakAMX(depth int) {
	spinTiles(&wholeTiles, (depth+matrixDepth-1)/matrixDepth)
}

// peakSplit is the arithmetic of the six products of parts.
func peakSplit(depth int) { peakAMX(6 * depth) }
