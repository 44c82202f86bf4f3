// Computing a block of C, which is a task.

package gemm

import (
	"unsafe"

	"videomae/engine/simd/tile"
)

// block is a part of C in the hands of a worker.
type block struct {
	*run
	worker, batch        int
	row, rows, col, cols int
	a                    unsafe.Pointer // its first row
	slice                unsafe.Pointer // memory for a slice of B
	sums                 unsafe.Pointer // of its first row
	ld                   int            // between rows of sums
	direct               bool           // sums are made in C itself
	keep                 bool           // sums of all rows are kept, as several cuts of K add to them
}

func (b *block) compute() {
	b.placeSums()
	for i := range b.plan.depth.parts {
		b.addPart(i)
	}
}

// placeSums makes sums in C if nothing else is to become of them and no tile reaches over the edge.
func (b *block) placeSums() {
	p := b.plan
	b.keep = p.depth.parts > 1
	if b.epilogue == nil && p.problem.C.Type == tile.F32 && b.cols%p.kernels.NR == 0 {
		b.direct, b.keep = true, true
		b.sums, b.ld = b.result(b.row), p.problem.C.Row
		return
	}
	b.sums, b.ld = unsafe.Add(b.slice, p.sliceBytes()), p.cols.length
}

// result is where the block's elements of a row of C are.
func (b *block) result(row int) unsafe.Pointer {
	c := &b.plan.problem.C
	return unsafe.Add(b.c, (b.plan.problem.offset(b.batch, &c.Batch)+row*c.Row+b.col)*c.Type.Size())
}

// addPart adds the products of one cut of K to the sums.
func (b *block) addPart(part int) {
	p := b.plan
	first, depth := p.depth.part(part)
	b.layOutB(first, depth)
	steps := p.formB.Steps(depth)
	for row := 0; row < b.rows; row += blockRows {
		rows := min(blockRows, b.rows-row)
		sums, a := b.sumsOf(row), b.leftOf(part, row)
		for j := range p.kernels.Panels(b.cols) {
			panel := unsafe.Add(b.slice, j*steps*p.kernels.NR*tile.Word)
			to := (*float32)(unsafe.Add(sums, j*p.kernels.NR*tile.Word))
			p.product.Multiply(rows, steps, a, p.left.Row, p.left.Step, panel, p.kernels.NR*tile.Word, to, b.ld, p.problem.Alpha, part > 0)
		}
		if part == p.depth.parts-1 && !b.direct {
			b.finish(row, rows, sums)
		}
	}
}

// leftOf is A for a cut of K, from a row of the block on.
func (b *block) leftOf(part, row int) unsafe.Pointer {
	p := b.plan
	if p.copyA {
		return unsafe.Add(b.a, part*p.partBytes()+row*p.left.Row)
	}
	return unsafe.Add(b.a, row*p.left.Row+p.formA.Steps(part*p.depth.length)*p.left.Step)
}

func (b *block) sumsOf(row int) unsafe.Pointer {
	if !b.keep {
		return b.sums
	}
	return unsafe.Add(b.sums, row*b.ld*tile.Word)
}

// layOutB writes the block's columns of B for so many elements along K.
func (b *block) layOutB(first, depth int) {
	p := b.plan
	from := &p.problem.B
	matrix := operand(b.b, from, p.problem.offset(b.batch, &from.Batch), from.Col, from.Row).Offset(b.col, first)
	p.kernels.PackB(b.slice, p.formB, matrix, b.cols, depth)
}

// finish hands rows of complete sums over, or stores them.
func (b *block) finish(row, rows int, sums unsafe.Pointer) {
	list := unsafe.Slice((*float32)(sums), (rows-1)*b.ld+b.cols)
	if b.epilogue != nil {
		b.epilogue.Block(b.worker, b.batch, b.row+row, rows, b.col, b.cols, list, b.ld)
		return
	}
	c := &b.plan.problem.C
	b.plan.kernels.Store(b.result(b.row+row), c.Type, c.Row, list, b.ld, rows, b.cols)
}
