// Package gemm multiplies matrices: C = alpha · A·B, in batches, over any strides, float32 or bfloat16 with float32 sums, on all
// workers of a pool.
//
// C is cut into blocks, one a task. A task lays out a slice of B for the vector kernels, a few hundred steps along K at a time, in
// memory of its own that stays in L2; A is read in place where that is as fast, else from a copy that all tasks make first and
// share, for one cut of K after another. The cuts follow from the shape alone, so the result has the same bits for any number of workers.
package gemm

import (
	"unsafe"

	"videomae/engine/simd/tile"
)

// MaxBatch is how many batch dimensions a product may have.
const MaxBatch = 3

// Operand is how A [batch.., M, K] or B [batch.., K, N] lies in memory: the distance in elements between neighbours in a row of
// the matrix (Col), in a column (Row), and along each batch dimension. Any may be 0: the same elements are then read again.
type Operand struct {
	Type     tile.Type
	Row, Col int
	Batch    [MaxBatch]int
}

// extent is the number of elements from the first to the last.
func (o Operand) extent(batch []int, rows, cols int) int {
	last := max(0, rows-1)*o.Row + max(0, cols-1)*o.Col
	for d, size := range batch {
		last += max(0, size-1) * o.Batch[d]
	}
	return last + 1
}

// Result is how C [batch.., M, N] lies in memory; neighbours in a row are neighbours. The elements must not overlap.
type Result struct {
	Type  tile.Type
	Row   int
	Batch [MaxBatch]int
}

// Problem is a product's shape and layout.
type Problem struct {
	M, N, K int
	Batch   []int // sizes of the batch dimensions, at most MaxBatch
	A, B    Operand
	C       Result
	Alpha   float32
	// Round asks for float32 operands to be rounded to the nearest bfloat16, ties to even, before they are multiplied.
	Round bool
}

// FLOPs is the number of additions and multiplications that the problem asks for.
func (p Problem) FLOPs() float64 {
	return 2 * float64(p.M) * float64(p.N) * float64(p.K) * float64(p.batches())
}

func (p Problem) batches() int {
	n := 1
	for _, size := range p.Batch {
		n *= size
	}
	return n
}

// offset is where a batch entry begins, in elements.
func (p *Problem) offset(batch int, strides *[MaxBatch]int) int {
	offset := 0
	for d := len(p.Batch) - 1; d >= 0; d-- {
		offset += batch % p.Batch[d] * strides[d]
		batch /= p.Batch[d]
	}
	return offset
}

// Epilogue takes over finished blocks of C in place of storing them: it gets sums over all of K and writes what becomes of them.
// Block is called once for each block, by several workers at a time. The block begins at the given row and column of a batch
// entry; c holds its rows ld apart, and may be overwritten. It has at most 96 x 192 sums, 72 KiB, that were made a moment ago.
type Epilogue interface {
	Block(worker, batch, row, rows, col, cols int, c []float32, ld int)
}

// operand is A or B of a batch entry as the tiles see it.
func operand(data unsafe.Pointer, o *Operand, offset, lane, step int) tile.Operand {
	return tile.Operand{Data: unsafe.Add(data, offset*o.Type.Size()), Type: o.Type, Lane: lane, Step: step}
}
