// The plan of the forward, and its tasks.

package attention

import (
	"math"
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
)

// fewestRows is the least unit of parts of keys and blocks of queries.
const fewestRows = 24

// Forward computes attention of one shape. It may be used by one goroutine at a time.
type Forward struct {
	p       Problem
	kernels kernels
	blocks  int // tasks of one head: parts of its queries
	parts   int // of keys
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
	wanted := divide(forwardTasks, max(1, p.Batch*p.Heads))
	f.blocks = max(divide(p.Queries, forwardQueries), min(wanted, p.Queries/fewestQueries))
	return f, nil
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

// forwardTask is a block of queries of one head, with a worker's memory.
type forwardTask struct {
	*Forward
	first, queries int
	states         []float32 // of the block

	packed       *label    // head of the next ones
	keys, values []float32 // of each part: keys x width, width x keys
	panels       []float32 // of queries: width x lanes each
	sums         []float32 // of panels of the output, width x lanes each
	top, total   []float32 // of panels, lanes each
	scores       []float32 // keys x lanes, then words of weights
	alpha        []float32 // lanes
	panel        []float32 // lanes x width
}

func (f *Forward) lay(s *scratch) forwardTask {
	k, width := &f.kernels, f.p.HeadDim
	lanes := divide(largest(f.p.Queries, k.lanes, max(1, f.blocks)), k.lanes) * k.lanes
	keys := f.partKeys()
	return forwardTask{
		Forward: f,
		packed:  s.label(),
		keys:    s.floats(f.parts * k.leftWords(keys, width)), values: s.floats(f.parts * k.leftWords(width, keys)),
		panels: s.floats(k.rightWords(lanes, width)), sums: s.floats(width * lanes),
		top: s.floats(lanes), total: s.floats(lanes),
		scores: s.floats(k.panelWords(keys)), alpha: s.floats(k.lanes), panel: s.floats(width * k.lanes),
	}
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
	for part := range f.parts {
		first, n := share(p.Keys, f.kernels.unit, f.parts, part)
		keys := k.left(t.keys[part*k.leftWords(f.partKeys(), p.HeadDim):], p.HeadDim)
		values := k.left(t.values[part*k.leftWords(p.HeadDim, f.partKeys()):], n)
		if !packed {
			k.packLeft(keys, p.head(f.k, p.K, batch, group).rows(first), n, p.HeadDim)
			k.packLeft(values, p.head(f.v, p.V, batch, group).columns(first), p.HeadDim, n)
		}
		for i := 0; i < t.queries; i += k.lanes {
			t.add(i, keys, values, n, part > 0)
		}
	}
	t.end(p.head(f.o, p.O, batch, head))
}

// begin packs the queries and clears their sums.
func (t *forwardTask) begin(q tensor) {
	k := &t.kernels
	k.packRight(t.panels, q.rows(t.first), t.queries, t.p.HeadDim)
	k.vec.Fill(t.top, float32(math.Inf(-1)))
	k.vec.Fill(t.total, 1)
	if t.p.Keys == 0 {
		clear(t.sums)
	}
}

// add takes n keys and values into the panel of query i on, which has seen others if more is set.
func (t *forwardTask) add(i int, keys, values left, n int, more bool) {
	k, width, lanes := &t.kernels, t.p.HeadDim, t.kernels.lanes
	scores, sums := t.scores[:k.panelWords(n)], t.sums[i*width:][:width*lanes]
	numbers, scale := k.numbers(scores, n, float32(math.Inf(-1))), t.p.scale()
	k.multiply(numbers, lanes, keys, t.panels[i*k.form.Steps(width):], n, width, false)
	if scale < 0 {
		k.vec.Unary[vec.Neg](numbers, numbers)
	}
	k.soften(scores, k.whole(n), float32(math.Abs(scale)*math.Log2E), t.top[i:][:lanes], t.total[i:][:lanes], t.alpha)
	if more {
		k.rescale(sums, width, t.alpha)
	}
	k.multiply(sums, lanes, values, scores, width, n, more)
}

// end writes the output and the state.
func (t *forwardTask) end(o tensor) {
	k, width, lanes := &t.kernels, t.p.HeadDim, t.kernels.lanes
	for i := 0; i < t.queries; i += lanes {
		sums := t.sums[i*width:][:width*lanes]
		k.vec.Unary[vec.Reciprocal](t.alpha, t.total[i:])
		k.rescale(sums, width, t.alpha)
		k.writeTransposed(o, t.first+i, min(lanes, t.queries-i), sums, t.panel)
	}
	k.vec.Unary[vec.Log](t.states, t.total)
	k.vec.AddScaled(t.states, t.states, math.Ln2, t.top)
}
