// How a space is cut into tasks and blocks, and where the scratch memory goes. All of it depends on the Spec alone.

package loop

const (
	blockBytes = 40 << 10 // registers and operands of a block: most of it stays in the first-level cache
	minBlock   = 1024     // numbers; with fewer the calls cost more than the work
	maxBlock   = 4096
	pieceRows  = 64 // of a piece of what Block is given, at most

	taskWork  = 1 << 14 // numbers times passes, below which a task is not worth waking a thread
	maxTasks  = 64
	maxShares = 32 // of the rows, for sums along them
	minShare  = 16 // rows of a share
	line      = 16 // numbers of a cache line
)

// plan is how a program goes through its space.
type plan struct {
	allRows, allCols int // of the space
	period           int

	blockSize          int // numbers of a block, at most
	blockRows          int // at most
	blockCols          int
	taskRows, taskCols int
	shares, strips     int // tasks along the rows and along inner

	sharedSize int // numbers of scratch memory that belong to no worker
	workerSize int // and to each worker
}

func newPlan(b *builder, count slots, separable, blockwise bool) plan {
	s := b.spec
	p := plan{allRows: 1, allCols: s.Inner, period: s.Period}
	for _, d := range s.Rows {
		p.allRows *= d
	}
	p.sizeBlocks(b, count, separable)
	p.sizeTasks(b, separable)
	if blockwise {
		p.blockRows = pieceRows
	}
	p.place(b, count)
	return p
}

// sizeBlocks chooses blocks that fit into the cache: some whole rows, or a piece of one.
func (p *plan) sizeBlocks(b *builder, count slots, separable bool) {
	streams := count[Full]
	for i := range b.tensors {
		if b.tensors[i].Class == Full {
			streams++
		}
	}
	size := min(max(blockBytes/4/max(streams, 1)&^(line-1), minBlock), maxBlock)
	p.blockCols = p.allCols
	if separable && p.allCols > 2*size {
		p.blockCols = roundUp(pieces(p.allCols, pieces(p.allCols, size)), line)
	}
	p.blockRows = min(max(size/max(p.blockCols, 1), 1), max(p.allRows, 1))
	p.blockSize = max(size, p.blockRows*p.blockCols)
}

func (p *plan) sizeTasks(b *builder, separable bool) {
	tasks := min(max(p.allRows*p.allCols*max(b.passes(), 1)/taskWork, 1), maxTasks)
	shares := tasks
	for _, s := range b.sinks {
		if s.class != Scalar {
			shares = min(shares, maxShares, max(pieces(p.allRows, minShare), 1))
		}
	}
	p.taskRows, p.taskCols = pieces(p.allRows, shares), p.allCols
	if p.taskRows > p.blockRows {
		p.taskRows = roundUp(p.taskRows, p.blockRows)
	}
	if separable && tasks > p.allRows && p.allRows > 0 {
		p.taskCols = roundUp(pieces(p.allCols, pieces(tasks, p.allRows)), p.blockCols)
	}
	p.shares, p.strips = pieces(p.allRows, p.taskRows), max(pieces(p.allCols, p.taskCols), 1)
	if len(b.body) == 0 {
		p.shares = 0
	}
}

// pieces is how many pieces of a size there are in n.
func pieces(n, size int) int {
	if n == 0 {
		return 0
	}
	return (n + size - 1) / size
}

func roundUp(n, unit int) int { return pieces(n, unit) * unit }

// place gives registers and sinks their scratch memory.
func (p *plan) place(b *builder, count slots) {
	for i := range b.sinks {
		s := &b.sinks[i]
		if s.class == Scalar {
			s.numbers = make([]float64, p.shares*p.strips)
			continue
		}
		s.width = b.spec.width(s.class)
		s.offset = p.sharedSize
		p.sharedSize += roundUp(max(p.shares, 1)*s.width, line)
	}
	sizes := slots{Scalar: 1, ColTile: p.period, Col: p.blockCols, Row: p.blockRows, Tile: p.blockRows * p.period, Full: p.blockSize}
	var begin slots
	for c, size := range sizes {
		begin[c] = p.workerSize
		p.workerSize += count[c] * roundUp(size, line)
	}
	for i := range b.registers {
		r := &b.registers[i]
		r.offset = begin[r.class] + r.offset*roundUp(sizes[r.class], line)
	}
}
