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

// multiplyAMX is a product of pairs of bfloat16 whose steps are neighbours in A: aStep is a word.
func multiplyAMX(rows, steps int, a unsafe.Pointer, aRow, _ int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool) {
	if alpha == 1 {
		multiplyMatrix(rows, steps, a, aRow, b, bStep, c, ldc, load)
		return
	}
	var sums [matrixMR * matrixNR]float32
	for row := 0; row < rows; row += matrixMR {
		n := min(matrixMR, rows-row)
		multiplyMatrix(n, steps, unsafe.Add(a, row*aRow), aRow, b, bStep, &sums[0], matrixNR, false)
		storeScaled(n, &sums[0], rowOf(c, ldc, row), ldc, alpha, load)
	}
}

// multiplyMatrix takes the whole blocks of steps first, then what is left.
func multiplyMatrix(rows, steps int, a unsafe.Pointer, aRow int, b unsafe.Pointer, bStep int, c *float32, ldc int, load bool) {
	blocks, rest := steps/matrixSteps, steps%matrixSteps
	if blocks > 0 || rest == 0 {
		multiplyBlocks(rows, blocks, matrixSteps, a, aRow, b, bStep, c, ldc, load)
	}
	if rest > 0 {
		done := blocks * matrixSteps
		multiplyBlocks(rows, 1, rest, unsafe.Add(a, done*Word), aRow, unsafe.Add(b, done*bStep), bStep, c, ldc, load || blocks > 0)
	}
}

// multiplyBlocks takes blocks of so many steps, first for the rows that fill tiles.
func multiplyBlocks(rows, blocks, steps int, a unsafe.Pointer, aRow int, b unsafe.Pointer, bStep int, c *float32, ldc int, load bool) {
	rest := rows % matrixMR
	if full := rows - rest; full > 0 {
		s := shapeFor(matrixMR, steps)
		multiplyTiles(&s, full, matrixMR, blocks, a, aRow, b, bStep, c, ldc, load)
	}
	if rest > 0 {
		s := shapeFor(rest, steps)
		multiplyTiles(&s, rest, rest, blocks, unsafe.Add(a, (rows-rest)*aRow), aRow, b, bStep, rowOf(c, ldc, rows-rest), ldc, load)
	}
}

func rowOf(c *float32, ldc, row int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(c), row*ldc*Word))
}

func peakAMX(steps int) {
	s := shapeFor(matrixMR, matrixSteps)
	spinTiles(&s, (steps+matrixSteps-1)/matrixSteps)
}
