// The tasks of the gradient.

package attention

import (
	"math"

	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// backwardTask is a group of keys of one head, with a worker's memory.
type backwardTask struct {
	*Backward
	first, n int // keys

	keys, values []float32 // panels of keys, width x lanes each
	keyRows      []float32 // panels of columns, keys x lanes each
	dkT, dvT     []float32 // panels of keys, width x lanes each: sums so far
	packed       *label    // head of the blocks of queries
	blockMemory  []float32
	scores, ds   []float32 // queries x lanes, then words
	rows         left      // of ds, queries x keys of a part
	dqBlock      []float32 // queries x padded
	panel        []float32 // lanes x width
}

func (b *Backward) lay(s *scratch) backwardTask {
	k, width, queries := &b.kernels, b.p.HeadDim, b.blockQueries()
	keys := divide(largest(b.p.Keys, k.lanes, b.groups), k.lanes) * k.lanes
	return backwardTask{
		Backward: b,
		keys:     s.floats(k.rightWords(keys, width)), values: s.floats(k.rightWords(keys, width)),
		keyRows: s.floats(k.rightWords(width, keys)),
		dkT:     s.floats(keys * width), dvT: s.floats(keys * width),
		packed: s.label(), blockMemory: s.floats(b.blocks * b.blockWords()),
		scores: s.floats(k.panelWords(queries)), ds: s.floats(k.panelWords(queries)),
		rows:    left{s.floats(k.whole(queries) * b.rowBytes() / tile.Word), b.rowBytes()},
		dqBlock: s.floats(queries * b.padded()),
		panel:   s.floats(k.lanes * width),
	}
}

// queryBlock is what is packed of some queries.
type queryBlock struct {
	n          int
	q, do      left      // queries x width
	qT, doT    left      // width x queries
	lse, delta []float32 // of whole rows
}

// blockQueries is the number of queries of the largest block.
func (b *Backward) blockQueries() int { return largest(b.p.Queries, b.kernels.unit, max(1, b.blocks)) }

func (b *Backward) blockWords() int {
	n, width := b.blockQueries(), b.p.HeadDim
	return 2*b.kernels.leftWords(n, width) + 2*b.kernels.leftWords(width, n) + 2*b.kernels.whole(n)
}

// block is block i, of n queries.
func (t *backwardTask) block(i, n int) queryBlock {
	k, width := &t.kernels, t.p.HeadDim
	memory := t.blockMemory[i*t.blockWords():]
	take := func(words int) []float32 {
		part := memory[:words]
		memory = memory[words:]
		return part
	}
	rows, columns := k.leftWords(n, width), k.leftWords(width, n)
	return queryBlock{n, k.left(take(rows), width), k.left(take(rows), width), k.left(take(columns), n), k.left(take(columns), n),
		take(k.whole(n)), take(k.whole(n))}
}

// rowBytes is the distance of the rows of gradients of scores: a line more than they take, so that the lines of a panel do not
// fall into the same sets of the first-level cache.
func (b *Backward) rowBytes() int { return b.kernels.form.Steps(backwardKeys)*tile.Word + line }

// begin packs the keys and values and clears their gradients.
func (t *backwardTask) begin(keys, values tensor) {
	k, width := &t.kernels, t.p.HeadDim
	k.packRight(t.keys, keys.rows(t.first), t.n, width)
	k.packRight(t.values, values.rows(t.first), t.n, width)
	k.packRight(t.keyRows, keys.columns(t.first), width, t.n)
	clear(t.dkT)
	clear(t.dvT)
}

// addHead takes one head of queries into the gradients. Theirs go to the tensor, or to the group's place in partial.
func (t *backwardTask) addHead(batch, head, group int, partial []float32) {
	p := &t.p
	packed := t.packed.holds(batch*p.Heads + head)
	dq := p.head(t.dq, t.strides.DQ, batch, head)
	for i := range t.blocks {
		first, n := share(p.Queries, t.kernels.unit, t.blocks, i)
		block := t.block(i, n)
		if !packed {
			t.pack(block, batch, head, first)
		}
		if partial == nil {
			t.add(block, t.dqBlock)
			t.writeQueries(dq, first, n, t.dqBlock)
		} else {
			t.add(block, partial[p.state(group*p.Batch+batch, head, first)*t.padded():])
		}
	}
}

// pack fills a block with the queries from first on; delta of each is the scalar product of its output and that's gradient.
func (t *backwardTask) pack(to queryBlock, batch, head, first int) {
	p, k, width := &t.p, &t.kernels, t.p.HeadDim
	q, do := p.head(t.q, p.Q, batch, head), p.head(t.do, t.strides.DO, batch, head)
	k.packLeft(to.q, q.rows(first), to.n, width)
	k.packLeft(to.qT, q.columns(first), width, to.n)
	k.packLeft(to.do, do.rows(first), to.n, width)
	k.packLeft(to.doT, do.columns(first), width, to.n)
	k.vec.BinaryScalarRight[vec.Mul](to.lse[:to.n], t.lse[p.state(batch, head, first):], math.Log2E)
	o := p.head(t.o, p.O, batch, head)
	clear(to.lse[to.n:])
	clear(to.delta[to.n:])
	for i := range to.n {
		to.delta[i] = k.dot(do, o, first+i, t.panel)
	}
}

// add takes a block into the gradients of keys and values, and sets dq, its own gradients from these keys.
func (t *backwardTask) add(block queryBlock, dq []float32) {
	k, padded := &t.kernels, t.padded()
	if t.n == 0 {
		clear(dq[:block.n*padded])
	}
	for part := 0; part < t.n; part += backwardKeys {
		n := min(backwardKeys, t.n-part)
		for i := 0; i < n; i += k.lanes {
			t.addPanel(block, part+i, t.rows.words[k.form.Steps(i):])
		}
		for j := 0; j < padded; j += k.lanes {
			keys := t.keyRows[k.form.Steps(t.n)*j+k.form.Steps(part)*k.lanes:]
			k.multiply(dq[j:], padded, t.rows, keys, block.n, n, part > 0)
		}
	}
}

// addPanel does this for the panel that begins with a key, and leaves the gradients of its scores in rows.
func (t *backwardTask) addPanel(block queryBlock, key int, rows []float32) {
	k, width, lanes, n := &t.kernels, t.p.HeadDim, t.kernels.lanes, block.n
	packed, at := key*k.form.Steps(width), key*width
	scores, ds := t.scores[:k.panelWords(n)], t.ds[:k.panelWords(n)]
	k.multiply(k.numbers(scores, n, t.p.nothing()), lanes, block.q, t.keys[packed:], n, width, false)
	k.multiply(k.numbers(ds, n, 0), lanes, block.do, t.values[packed:], n, width, false)
	k.weigh(scores, ds, rows, t.rows.row/tile.Word, k.whole(n), float32(t.p.scale()*math.Log2E), block.lse, block.delta)
	k.multiply(t.dvT[at:], lanes, block.doT, scores, width, n, true)
	k.multiply(t.dkT[at:], lanes, block.qT, ds, width, n, true)
}

// end writes the gradients of keys and values. Scores were scaled once their products were made, and so are the keys' gradients.
func (t *backwardTask) end(dk, dv tensor) {
	k, width := &t.kernels, t.p.HeadDim
	k.vec.BinaryScalarRight[vec.Mul](t.dkT, t.dkT, float32(t.p.scale()))
	for i := 0; i < t.n; i += k.lanes {
		n := min(k.lanes, t.n-i)
		k.writeTransposed(dk, t.first+i, n, t.dkT[i*width:], t.panel)
		k.writeTransposed(dv, t.first+i, n, t.dvT[i*width:], t.panel)
	}
}
