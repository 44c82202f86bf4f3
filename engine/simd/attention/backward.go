// The plan of the gradient.

package attention

import (
	"unsafe"

	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// Sizes of the gradient's blocks.
const (
	backwardQueries = 96  // in a block, about: its scores in one panel stay in the first-level cache
	backwardTiles   = 6   // rows of tiles in a block, at least: where tiles are set up for each product that should pay
	backwardKeys    = 256 // in a part: the gradients of its scores stay in the second-level cache
	groupKeys       = 80  // in a task, at least
	backwardTasks   = 24  // wanted in all, for a balanced load
)

// GradientStrides are the strides of the tensors that the gradient has beside those of the problem.
type GradientStrides struct{ DO, DQ, DK, DV Strides }

// Backward computes the gradient of attention of one shape. It may be used by one goroutine at a time.
type Backward struct {
	p       Problem
	strides GradientStrides
	kernels kernels
	groups  int // tasks of one head: parts of its keys
	blocks  int // of queries
	sum     *groupSum
	backwardRun
}

// backwardRun is what a run works on.
type backwardRun struct {
	q, k, v, o, do, dq, dk, dv unsafe.Pointer
	lse                        []float32
	scratch                    []byte
}

// NewBackward plans the gradient of a problem.
func NewBackward(t *tile.Kernels, v *vec.Kernels, p Problem, strides GradientStrides) (*Backward, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	b := &Backward{p: p, strides: strides, kernels: newKernels(t, v, p.Type, p.HeadDim)}
	b.blocks = divide(p.Queries, max(backwardQueries, backwardTiles*b.kernels.product.MR))
	wanted := divide(backwardTasks, max(1, p.Batch*p.KVHeads))
	b.groups = max(1, min(wanted, p.Keys/max(groupKeys, b.kernels.lanes)))
	b.sum = (*groupSum)(b)
	return b, nil
}

// ScratchBytes is the size of the memory that Run needs with so many workers.
func (b *Backward) ScratchBytes(workers int) int {
	var s scratch
	b.takePartial(&s)
	return s.used + workers*b.workerBytes() + line
}

func (b *Backward) workerBytes() int {
	var s scratch
	b.lay(&s)
	return s.used
}

// takePartial gets the memory for the sums of gradients of queries over each group: [groups, Batch, Heads, Queries, padded].
func (b *Backward) takePartial(s *scratch) []float32 {
	if b.groups == 1 {
		return nil
	}
	return s.floats(b.groups * b.p.state(b.p.Batch, 0, 0) * b.padded())
}

// padded is the width of gradients of queries, which are computed panel by panel.
func (b *Backward) padded() int { return b.kernels.Panels(b.p.HeadDim) * b.kernels.lanes }

// Run computes the gradients of queries, keys and values from that of the output, do, and from the tensors and the state of the
// forward. Pointers are to the first elements of the tensors; those written overlap no other.
func (b *Backward) Run(pool *pool.Pool, q, k, v, o, do unsafe.Pointer, lse []float32, dq, dk, dv unsafe.Pointer, scratch []byte) {
	b.backwardRun = backwardRun{q, k, v, o, do, dq, dk, dv, lse, scratch}
	for worker := range pool.Workers() {
		t, _ := b.task(worker)
		*t.packed = none
	}
	pool.Run(b.p.Batch*b.p.KVHeads*b.groups, b)
	if b.groups > 1 {
		pool.Run(b.p.Batch*b.p.Heads*b.blocks, b.sum)
	}
	b.backwardRun = backwardRun{}
}

// task is a task without its keys, in the memory of a worker, and the memory that all share.
func (b *Backward) task(worker int) (t backwardTask, partial []float32) {
	s := newScratch(b.scratch)
	partial = b.takePartial(&s)
	s.used += worker * b.workerBytes()
	return b.lay(&s), partial
}

// Do computes the gradients of one group of keys of one head, and this group's part of the gradients of queries.
func (b *Backward) Do(task, worker int) {
	p := &b.p
	head, group := task/b.groups, task%b.groups
	batch, head := head/p.KVHeads, head%p.KVHeads
	t, partial := b.task(worker)
	t.first, t.n = share(p.Keys, b.kernels.lanes, b.groups, group)
	t.begin(p.head(b.k, p.K, batch, head), p.head(b.v, p.V, batch, head))
	for h := head * p.shared(); h < (head+1)*p.shared(); h++ {
		t.addHead(batch, h, group, partial)
	}
	t.end(p.head(b.dk, b.strides.DK, batch, head), p.head(b.dv, b.strides.DV, batch, head))
}

// groupSum is the second job of a gradient: it adds the groups' parts of gradients of queries, a task for each block.
type groupSum Backward

// Do adds the parts in the order of the groups.
func (g *groupSum) Do(task, _ int) {
	b := (*Backward)(g)
	p := &b.p
	head, block := task/b.blocks, task%b.blocks
	batch, head := head/p.Heads, head%p.Heads
	first, n := share(p.Queries, b.kernels.unit, b.blocks, block)
	s := newScratch(b.scratch)
	partial, padded := b.takePartial(&s), b.padded()
	part := func(group int) []float32 {
		return partial[p.state(group*p.Batch+batch, head, first)*padded:][:n*padded]
	}
	for group := 1; group < b.groups; group++ {
		b.kernels.vec.Binary[vec.Add](part(0), part(0), part(group))
	}
	b.writeQueries(p.head(b.dq, b.strides.DQ, batch, head), first, n, part(0))
}

// writeQueries scales the sums of gradients of queries, which are lost, and writes them.
func (b *Backward) writeQueries(dq tensor, first, n int, sums []float32) {
	sums = sums[:n*b.padded()]
	b.kernels.vec.BinaryScalarRight[vec.Mul](sums, sums, float32(b.p.scale()))
	b.kernels.write(dq, first, n, sums, b.padded())
}
