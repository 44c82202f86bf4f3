// The plan of the forward.

package attention

import (
	"unsafe"

	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// Sizes of the forward's blocks.
const (
	forwardKeys    = 192 // in a part, about: it stays in the second-level cache, the scores of a panel in the first
	forwardQueries = 512 // in a task, at most: its panels stay in the last-level cache
	fewestQueries  = 80  // in a task, about
	forwardTasks   = 48  // wanted in all, for a balanced load
	overlapMost    = 256 // in a part where kernels overlap
	overlapFewest  = 96  // in a part where that pays
)

// fewestRows is the least unit of parts of keys and blocks of queries.
const fewestRows = 24

// Forward computes attention of one shape. It may be used by one goroutine at a time.
type Forward struct {
	p       Problem
	kernels kernels
	blocks  int // tasks of one head: parts of its queries
	parts   int // of keys
	// overlaps tells whether products are made in the time of the soft-max, of parts that all have the same size.
	overlaps bool
	forwardRun
}

// forwardRun is what a run works on.
type forwardRun struct {
	q, k, v, o unsafe.Pointer
	lse        []float32
	scratch    []byte
}

// NewForward plans the attention of a problem.
func NewForward(t *tile.Kernels, v *vec.Kernels, p Problem) (*Forward, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	f := &Forward{p: p, kernels: newKernels(t, v, p.Type, p.HeadDim), parts: divide(p.Keys, forwardKeys)}
	f.planOverlap()
	wanted := divide(forwardTasks, max(1, p.Batch*p.Heads))
	f.blocks = max(divide(p.Queries, forwardQueries), min(wanted, p.Queries/fewestQueries))
	return f, nil
}

// planOverlap lets kernels overlap where they can, which takes parts of the same size.
func (f *Forward) planOverlap() {
	if f.kernels.overlap == nil || f.p.HeadDim != overlapWidth || f.p.Keys%overlapKeys != 0 || f.p.scale() < 0 {
		return
	}
	units := f.p.Keys / overlapKeys
	for each := overlapMost / overlapKeys; each >= overlapFewest/overlapKeys; each-- {
		if units%each == 0 {
			f.parts, f.overlaps = units/each, true
			return
		}
	}
}

// ScratchBytes is the size of the memory that Run needs with so many workers.
func (f *Forward) ScratchBytes(workers int) int { return workers*f.workerBytes() + line }

func (f *Forward) workerBytes() int {
	var s scratch
	f.lay(&s)
	return s.used
}

// Run computes the output, and the state that the gradient needs: of each query the logarithm of the sum of its scores'
// exponentials, [Batch, Heads, Queries]. Pointers are to the first elements of the tensors; o overlaps no other tensor.
func (f *Forward) Run(pool *pool.Pool, q, k, v, o unsafe.Pointer, lse []float32, scratch []byte) {
	f.forwardRun = forwardRun{q, k, v, o, lse, scratch}
	for worker := range pool.Workers() {
		*f.task(worker).packed = none
	}
	pool.Run(f.p.Batch*f.p.Heads*f.blocks, f)
	f.forwardRun = forwardRun{}
}

// partKeys is the number of keys of the largest part.
func (f *Forward) partKeys() int { return largest(f.p.Keys, f.kernels.unit, max(1, f.parts)) }

// task is a task without its block, in the memory of a worker.
func (f *Forward) task(worker int) forwardTask {
	s := newScratch(f.scratch)
	s.used += worker * f.workerBytes()
	return f.lay(&s)
}

// Do computes one block of queries of one head.
func (f *Forward) Do(task, worker int) {
	p, k := &f.p, &f.kernels
	head, block := task/f.blocks, task%f.blocks
	batch, head := head/p.Heads, head%p.Heads
	t := f.task(worker)
	t.first, t.queries = share(p.Queries, k.lanes, f.blocks, block)
	t.states = f.lse[p.state(batch, head, t.first):][:t.queries]

	t.begin(p.head(f.q, p.Q, batch, head))
	group := head / p.shared()
	packed := t.packed.holds(batch*p.KVHeads + group)
	if !packed {
		t.pack(p.head(f.k, p.K, batch, group), p.head(f.v, p.V, batch, group))
	}
	t.run()
	t.end(p.head(f.o, p.O, batch, head))
}

// inWork is how many meetings are worked on at a time.
func (f *Forward) inWork() int {
	if f.overlaps {
		return 3
	}
	return 1
}
