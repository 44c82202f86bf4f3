// Programs: made from a Spec, and run.

package loop

import (
	"errors"
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/pool"
	"videomae/engine/simd/vec"
)

// Program is a planned Spec. It may be run again and again, but not twice at a time.
type Program struct {
	plan
	kernels   *vec.Kernels
	tensors   []operand
	registers []register
	sinks     []sink
	once      []step // what is the same for all rows
	body      []step // for each block
	last      []step // stores of what is the same for all rows
	workers   []*worker
	cost      Cost

	operands []pointer // of the run under way
	scratch  []byte

	otherwise *Program // what runs instead if the number in operand mask is 0, or nil
	mask      int
}

// newProgram plans a Spec as it is, whose nodes have these classes.
func newProgram(k *vec.Kernels, workers int, spec Spec, classes []Class) (*Program, error) {
	apart := separable(&spec, classes)
	blockwise, err := checkBlock(&spec, apart)
	if err != nil {
		return nil, err
	}
	spec = normal(spec, apart)
	if classes, err = classify(&spec); err != nil {
		return nil, err
	}
	b := newBuilder(k, &spec, classes)
	count := b.allocate()
	p := &Program{plan: newPlan(b, count, apart, blockwise), kernels: k, tensors: b.tensors, registers: b.registers, sinks: b.sinks,
		once: b.once, body: b.body, last: b.last, cost: b.cost()}
	for range max(workers, 1) {
		p.workers = append(p.workers, newWorker(p))
	}
	return p, nil
}

// checkBlock reports whether a Spec is for Block, and whether it can be.
func checkBlock(s *Spec, separable bool) (bool, error) {
	blockwise := false
	for _, o := range s.Operands {
		if o.Block {
			blockwise = true
			if o.Class != Full || o.Type != dtypes.Float32 {
				return false, errors.New("the operand of a block must be of class Full and type Float32")
			}
		}
	}
	if !blockwise {
		return false, nil
	}
	for _, n := range s.Nodes {
		if n.Op == ReduceCol || n.Op == Store && s.Operands[n.Operand].Class != Full {
			return false, errors.New("a program for blocks can only store operands of class Full")
		}
	}
	if !separable {
		return false, errors.New("a program for blocks must not reduce rows nor use tiles")
	}
	return true, nil
}

func newWorker(p *Program) *worker {
	const padding = 4 // workers' views do not share a cache line
	w := &worker{Program: p, views: make([]view, len(p.registers), len(p.registers)+padding)}
	w.totals = make([]float64, len(p.sinks), len(p.sinks)+4*padding)
	for i, r := range p.registers {
		w.views[i].data = r.constant
	}
	return w
}

// ScratchBytes is the memory that a run needs, for all workers together. The caller owns it; nothing is kept there between
// runs.
func (p *Program) ScratchBytes() int {
	size := 4 * (p.sharedSize + p.workerSize*len(p.workers))
	if p.otherwise != nil {
		size = max(size, p.otherwise.ScratchBytes())
	}
	return size
}

// scratchOf cuts the memory into the part that the workers share and the one of a worker.
func (p *Program) scratchOf(scratch []byte, worker int) (shared, own []float32) {
	all := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(scratch))), len(scratch)/4)
	begin := p.sharedSize + worker*p.workerSize
	return all[:p.sharedSize], all[begin : begin+p.workerSize]
}

// Run computes everything. Operands holds where each of the Spec's begins, scratch as much as ScratchBytes says, aligned to 64
// bytes. The Program keeps pointers into the operands until its next run.
func (p *Program) Run(pool *pool.Pool, operands []unsafe.Pointer, scratch []byte) {
	p = p.chosen(operands, 0)
	p.operands, p.scratch = operands, scratch
	switch tasks := p.shares * p.strips; tasks {
	case 0:
	case 1:
		(*job)(p).Do(0, 0)
	default:
		pool.Run(tasks, (*job)(p))
	}
	p.finish()
	p.operands, p.scratch = nil, nil
}

// job is a Program as the pool sees it.
type job Program

// Do is a task: a share of the rows, and of the columns if there are few rows.
func (j *job) Do(task, index int) {
	p := (*Program)(j)
	w := p.begin(index)
	w.share = task / p.strips
	w.row, w.col = w.share*p.taskRows, task%p.strips*p.taskCols
	w.rows, w.cols = min(p.taskRows, p.allRows-w.row), min(p.taskCols, p.allCols-w.col)
	for i, s := range p.sinks {
		if s.class == Scalar {
			w.totals[i] = s.reduce.identity()
		} else {
			p.kernels.Fill(w.part(i), float32(s.reduce.identity()))
		}
	}
	w.region(w.row, w.rows, w.col, w.cols)
	for i, s := range p.sinks {
		if s.class == Scalar {
			s.numbers[task] = w.totals[i]
		}
	}
}

func (p *Program) begin(index int) *worker {
	w := p.workers[index]
	w.operands = p.operands
	w.shared, w.memory = p.scratchOf(p.scratch, index)
	return w
}

// region runs the program on a part of the space, block by block.
func (w *worker) region(row, rows, col, cols int) {
	for end := col + cols; ; col += w.blockCols {
		w.col, w.cols = col, min(w.blockCols, end-col)
		step := min(max(w.blockSize/max(w.cols, 1), 1), w.blockRows)
		w.row, w.rows = row, min(step, rows)
		w.do(w.once)
		for w.row < row+rows {
			w.rows = min(step, row+rows-w.row)
			w.do(w.body)
			w.row += w.rows
		}
		if col+w.blockCols >= end {
			return
		}
	}
}

func (w *worker) do(steps []step) {
	for _, t := range steps {
		t.run(w)
	}
}

// finish stores what is the same for all rows, after all that read what may lie there, then combines the parts of the sums.
func (p *Program) finish() {
	w := p.begin(0)
	if len(p.last) > 0 {
		w.row, w.rows, w.col, w.cols = 0, 1, 0, p.blockCols
		w.do(p.once)
		w.do(p.last)
	}
	for i := range p.sinks {
		s := &p.sinks[i]
		o := &p.tensors[s.operand]
		if s.class == Scalar {
			total := s.reduce.identity()
			for _, number := range s.numbers {
				total = s.reduce.combine(total, number)
			}
			w.number[0] = float32(total)
			o.write(p.operands[s.operand], w.number[:])
			continue
		}
		o.write(p.operands[s.operand], w.sum(s))
	}
}

// Block runs a program that has an operand marked Block on rows [row, row+rows) and columns [col, col+cols) of the space, the
// rows counted through all of Spec.Rows. The marked operand's values there are those of block, whose rows lie ld apart; its
// place in operands is not used. Several workers may do this at a time, each with its own number, on the same scratch memory.
func (p *Program) Block(worker int, operands []unsafe.Pointer, row, rows, col, cols int, block []float32, ld int, scratch []byte) {
	if rows == 0 || cols == 0 {
		return
	}
	p = p.chosen(operands, worker)
	w := p.workers[worker]
	w.operands = operands
	w.shared, w.memory = p.scratchOf(scratch, worker)
	w.block.view, w.block.row, w.block.col = view{block, ld}, row, col
	w.region(row, rows, col, cols)
	w.block.view = view{}
}
