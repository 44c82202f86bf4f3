// Running a plan.

package gemm

import (
	"unsafe"

	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

// run is what a plan works on at the moment.
type run struct {
	plan     *Plan
	a, b, c  unsafe.Pointer
	scratch  unsafe.Pointer
	epilogue Epilogue
	first    int // unit that is computed first: a cut of rows of a batch entry
}

// Run computes the product. The scratch memory has ScratchBytes of the pool's workers; what it holds does not matter. With an
// epilogue c is not used.
func (p *Plan) Run(workers *pool.Pool, a, b, c unsafe.Pointer, scratch []byte, epilogue Epilogue) {
	start := unsafe.Pointer(unsafe.SliceData(scratch))
	aligned := unsafe.Add(start, -uintptr(start)%alignment)
	p.run = run{plan: p, a: a, b: b, c: c, scratch: aligned, epilogue: epilogue}
	if p.problem.M == 0 || p.problem.N == 0 {
		return
	}
	all := p.batches * p.rows.parts
	for p.run.first = 0; p.run.first < all; p.run.first += p.units {
		units := min(p.units, all-p.run.first)
		if p.copyA {
			workers.Run(units*p.copies.parts, (*copying)(&p.run))
		}
		workers.Run(units*p.cols.parts, (*multiplying)(&p.run))
	}
}

// operandA is A from a unit's first row, and the number of its rows.
func (r *run) operandA(unit int) (a tile.Operand, rows int) {
	p := r.plan
	first, rows := p.rows.part(unit % p.rows.parts)
	from := &p.problem.A
	offset := p.problem.offset(unit/p.rows.parts, &from.Batch)
	return operand(r.a, from, offset, from.Row, from.Col).Offset(first, 0), rows
}

// copyOfA is where the copy of a unit's rows lies: all of them for one cut of K, then for the next.
func (r *run) copyOfA(unit int) unsafe.Pointer {
	return unsafe.Add(r.scratch, (unit-r.first)*r.plan.unit)
}

// copying are the tasks that copy A.
type copying run

func (c *copying) Do(task, _ int) {
	r, p := (*run)(c), c.plan
	unit := r.first + task/p.copies.parts
	row, count := p.copies.part(task % p.copies.parts)
	a, rows := r.operandA(unit)
	if row >= rows { // the last unit of a batch entry may be shorter
		return
	}
	for i := range p.depth.parts {
		first, depth := p.depth.part(i)
		to := unsafe.Add(r.copyOfA(unit), i*p.partBytes()+row*p.left.Row)
		p.kernels.PackA(to, p.left.Row, p.formA, a.Offset(row, first), min(count, rows-row), depth)
	}
}

// multiplying are the tasks that compute blocks of C.
type multiplying run

func (m *multiplying) Do(task, worker int) {
	r, p := (*run)(m), m.plan
	unit := r.first + task/p.cols.parts
	b := block{run: r, worker: worker, batch: unit / p.rows.parts}
	b.row, b.rows = p.rows.part(unit % p.rows.parts)
	b.col, b.cols = p.cols.part(task % p.cols.parts)
	a, _ := r.operandA(unit)
	b.a = a.Data
	if p.copyA {
		b.a = r.copyOfA(unit)
	}
	b.slice = unsafe.Add(r.scratch, p.units*p.unit+worker*(p.sliceBytes()+p.blockBytes()))
	b.compute()
}
