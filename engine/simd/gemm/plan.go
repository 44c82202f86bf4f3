// How a product is cut into tasks, and what memory they need.

package gemm

import (
	"videomae/engine/simd/isa"
	"videomae/engine/simd/tile"
)

// Limits of the blocks. The rows of A that meet a slice of B at a time (blockRows x blockSteps words) stay in a core's L2 of
// 512 KiB with that slice and the block of C that they make; a panel of the slice and a tile of A in 32 KiB of L1.
const (
	blockSteps = 288
	longSteps  = 800      // in place of blockSteps for tiles of pairs, which are so fast that to add to sums again costs more than panels beyond L1
	splitLimit = 480      // elements along K of split numbers, which are three halves of a word
	blockRows  = 96       // also what an epilogue gets at a time: a multiple of every tile's rows
	copyWords  = 1 << 15  // of A that a task copies, but no fewer rows than copyRows
	copyRows   = 128      // what is copied fastest at a time
	sharedA    = 16 << 20 // bytes of A that are copied at a time
)

// cuts are the most rows and columns of C that a task computes. A slice of B is laid out once for all rows of a task, and A is
// read once for all its columns, so the first are the fastest; the others make enough tasks for several workers.
var cuts = [...]struct{ rows, cols int }{{800, 192}, {800, 96}, {400, 96}, {400, 48}, {200, 48}, {200, 32}, {100, 32}, {50, 16}}

const (
	enoughTasks = 8
	taskFLOPs   = 1e6 // a task with less costs more to start than it gains
)

// Plan is how a problem is computed. It is made once for a shape and then runs without allocating, once at a time.
type Plan struct {
	problem      Problem
	kernels      *tile.Kernels
	product      tile.Product
	formA, formB tile.Form
	batches      int
	rows, cols   cut // of C, one task each
	depth        cut // elements along K
	left         tile.Left
	copyA        bool
	unit         int // bytes of the copy of A that a cut of rows needs
	units        int // cuts of rows, over all batches, that are computed at a time
	copies       cut // of the rows of a unit, one task each

	run run
}

// cut divides size into parts of equal length but for the last.
type cut struct{ size, length, parts int }

// cutEvenly makes the fewest parts of at most limit, their length a multiple of grain. There is always one part.
func cutEvenly(size, limit, grain int) cut {
	parts := max(1, ceil(size, limit))
	length := max(1, ceil(ceil(size, parts), grain)) * grain
	return cut{size, length, max(1, ceil(size, length))}
}

// part is the beginning and length of a part.
func (c cut) part(i int) (first, length int) {
	first = i * c.length
	return first, min(c.length, c.size-first)
}

func ceil(a, b int) int { return (a + b - 1) / b }

// NewPlan plans a problem by its shape alone.
func NewPlan(k *tile.Kernels, problem Problem) *Plan {
	p := &Plan{problem: problem, kernels: k, batches: problem.batches()}
	p.chooseForms()
	p.product = k.Product(p.formB)
	p.cutResult()
	p.depth = cutEvenly(problem.K, p.depthLimit(), p.product.Depth)
	p.chooseA()
	p.run.plan = p
	return p
}

// depthLimit is how many elements along K are laid out at a time.
func (p *Plan) depthLimit() int {
	switch {
	case p.formB == tile.Split:
		return splitLimit
	case p.formB == tile.Pair && p.kernels.Level == isa.AMX:
		return longSteps * p.formB.Elements()
	}
	return blockSteps * p.formB.Elements()
}

// cutResult divides C into as few tasks as are enough.
func (p *Plan) cutResult() {
	enough := min(enoughTasks, int(p.problem.FLOPs()/taskFLOPs))
	for _, c := range cuts {
		p.rows = cutEvenly(p.problem.M, c.rows, p.product.MR)
		p.cols = cutEvenly(p.problem.N, c.cols, p.kernels.NR)
		if p.batches*p.rows.parts*p.cols.parts >= enough {
			return
		}
	}
}

// chooseForms multiplies pairs of bfloat16 where both operands are that and the CPU can, and float32 in parts where that is faster;
// else bfloat16 is widened.
func (p *Plan) chooseForms() {
	a, b := p.problem.A.Type, p.problem.B.Type
	if p.kernels.Split.Multiply != nil && a == tile.F32 && b == tile.F32 && !p.problem.Round {
		p.formA, p.formB = tile.Split, tile.Split
		return
	}
	if p.kernels.BF16.Multiply != nil && (p.problem.Round || a == tile.BF16 && b == tile.BF16) {
		p.formA, p.formB = tile.Pair, tile.Pair
		return
	}
	form := func(t tile.Type) tile.Form {
		if t == tile.F32 && p.problem.Round {
			return tile.Rounded
		}
		return tile.Float
	}
	p.formA, p.formB = form(a), form(b)
}

// chooseA reads A in place if its words are there and rows are read along their length.
func (p *Plan) chooseA() {
	a := operand(nil, &p.problem.A, 0, p.problem.A.Row, p.problem.A.Col)
	left, ok := a.InPlace(p.formA, p.problem.K)
	p.copyA = !ok || left.Step != tile.Word
	p.left, p.units = left, p.batches*p.rows.parts
	if p.copyA {
		p.left = tile.Copied(p.formA, p.depth.length)
		p.unit = align(p.depth.parts * p.partBytes())
		p.copies = cutEvenly(min(p.rows.length, p.problem.M), max(copyRows, copyWords/max(1, p.problem.K)), 8)
		p.units = min(p.units, max(1, sharedA/max(1, p.unit)))
	}
}

// partBytes is the distance of the copies of a unit's rows for one cut of K and for the next.
func (p *Plan) partBytes() int { return p.rows.length * p.left.Row }

// ScratchBytes is the memory that Run needs on so many workers.
func (p *Plan) ScratchBytes(workers int) int {
	return alignment + p.units*p.unit + workers*(p.sliceBytes()+p.blockBytes())
}

const alignment = 64

func align(bytes int) int { return ceil(bytes, alignment) * alignment }

// sliceBytes is the size of a task's slice of B.
func (p *Plan) sliceBytes() int {
	return align(p.kernels.Panels(p.cols.length) * p.kernels.NR * tile.Word * p.formB.Steps(p.depth.length))
}

// blockBytes is the size of a task's sums: those of all its rows if several cuts of K add to them.
func (p *Plan) blockBytes() int {
	rows := p.rows.length
	if p.depth.parts == 1 {
		rows = min(rows, blockRows)
	}
	return align(rows * p.cols.length * tile.Word)
}
