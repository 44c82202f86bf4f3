// The tasks of the forward.

package attention

import (
	"math"

	"videomae/engine/simd/vec"
)

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
	scores       []float32 // of meetings, keys x lanes each, then words of weights
	alpha, most  []float32 // lanes
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
		scores: s.floats(f.inWork() * k.panelWords(keys)), alpha: s.floats(k.lanes), most: s.floats(k.lanes), panel: s.floats(width * k.lanes),
	}
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

// pack copies keys and values.
func (t *forwardTask) pack(keys, values tensor) {
	k, width := &t.kernels, t.p.HeadDim
	for i := range t.parts {
		first, n := share(t.p.Keys, k.unit, t.parts, i)
		k.packLeft(t.keysOf(i), keys.rows(first), n, width)
		k.packLeft(t.valuesOf(i, n), values.columns(first), width, n)
	}
}

// keysOf is where a part of the keys lies.
func (t *forwardTask) keysOf(part int) left {
	k, width := &t.kernels, t.p.HeadDim
	return k.left(t.keys[part*k.leftWords(t.partKeys(), width):], width)
}

// valuesOf is where their n values lie.
func (t *forwardTask) valuesOf(part, n int) left {
	k := &t.kernels
	return k.left(t.values[part*k.leftWords(t.p.HeadDim, t.partKeys()):], n)
}

// meeting is a panel of queries and a part of the keys, n of them; each part meets all panels before the next part does.
type meeting struct {
	number, panel, part, n int
}

func (t *forwardTask) meeting(number int) meeting {
	panels := divide(t.queries, t.kernels.lanes)
	part := number / panels
	_, n := share(t.p.Keys, t.kernels.unit, t.parts, part)
	return meeting{number, number % panels, part, n}
}

// run goes through all meetings: scores, weights, sums. Where kernels overlap, the weights of one are made while the tiles make the
// scores of the next and the sums of the one before.
func (t *forwardTask) run() {
	last := divide(t.queries, t.kernels.lanes)*t.parts - 1
	if !t.overlaps || last < 2 {
		for i := range last + 1 {
			m := t.meeting(i)
			t.score(m)
			t.soften(m)
			t.sum(m)
		}
		return
	}
	before, this := t.meeting(0), t.meeting(1)
	t.score(before)
	t.soften(before)
	t.score(this)
	for i := 2; i <= last; i++ {
		next := t.meeting(i)
		t.overlap(before, this, next)
		before, this = this, next
	}
	t.sum(before)
	t.soften(this)
	t.sum(this)
}

// score makes the scores.
func (t *forwardTask) score(m meeting) {
	k := &t.kernels
	numbers := k.numbers(t.scoresOf(m), m.n, float32(math.Inf(-1)))
	k.multiply(numbers, k.lanes, t.keysOf(m.part), t.queriesOf(m.panel), m.n, t.p.HeadDim, false)
	if t.p.scale() < 0 {
		k.vec.Unary[vec.Neg](numbers, numbers)
	}
}

// soften makes them weights.
func (t *forwardTask) soften(m meeting) {
	top, total := t.stateOf(m.panel)
	t.kernels.soften(t.scoresOf(m), t.kernels.whole(m.n), t.exponents(), top, total, t.alpha)
	t.rescale(m)
}

// exponents is the factor that makes scores exponents of two. That it is positive is taken care of when they are made.
func (t *forwardTask) exponents() float32 { return float32(math.Abs(t.p.scale()) * math.Log2E) }

// rescale brings the panel's sums to its new greatest score.
func (t *forwardTask) rescale(m meeting) {
	if m.part > 0 {
		t.kernels.rescale(t.sumsOf(m.panel), t.p.HeadDim, t.alpha)
	}
}

// sum adds the values that the weights call for to the panel's sums.
func (t *forwardTask) sum(m meeting) {
	k := &t.kernels
	k.multiply(t.sumsOf(m.panel), k.lanes, t.valuesOf(m.part, m.n), t.scoresOf(m), t.p.HeadDim, m.n, m.part > 0)
}

// overlap is soften for one meeting, score for the next, and sum for the one before.
func (t *forwardTask) overlap(before, this, next meeting) {
	top, total := t.stateOf(this.panel)
	keys, values := t.keysOf(next.part), t.valuesOf(before.part, before.n)
	t.kernels.overlap(t.scoresOf(this), this.n, t.exponents(), top, total, t.alpha,
		keys.words, keys.row, t.queriesOf(next.panel), t.scoresOf(next),
		values.words, values.row, t.scoresOf(before), t.sumsOf(before.panel), before.part > 0, t.most, this.number > 1)
	t.rescale(this)
}

// scoresOf is the memory for a meeting's scores, which become weights.
func (t *forwardTask) scoresOf(m meeting) []float32 {
	each := len(t.scores) / t.inWork()
	return t.scores[m.number%t.inWork()*each:][:t.kernels.panelWords(m.n)]
}

func (t *forwardTask) queriesOf(panel int) []float32 {
	return t.panels[panel*t.kernels.lanes*t.kernels.form.Steps(t.p.HeadDim):]
}

func (t *forwardTask) sumsOf(panel int) []float32 {
	words := t.kernels.lanes * t.p.HeadDim
	return t.sums[panel*words:][:words]
}

// stateOf is the greatest scaled score and the weights' sum of each of a panel's lanes.
func (t *forwardTask) stateOf(panel int) (top, total []float32) {
	first := panel * t.kernels.lanes
	return t.top[first:][:t.kernels.lanes], t.total[first:][:t.kernels.lanes]
}

// end writes the output and the state.
func (t *forwardTask) end(o tensor) {
	k, width, lanes := &t.kernels, t.p.HeadDim, t.kernels.lanes
	for i := 0; i < t.queries; i += lanes {
		sums := t.sumsOf(i / lanes)
		k.vec.Unary[vec.Reciprocal](t.alpha, t.total[i:])
		k.rescale(sums, width, t.alpha)
		k.writeTransposed(o, t.first+i, min(lanes, t.queries-i), sums, t.panel)
	}
	k.vec.Unary[vec.Log](t.states, t.total)
	k.vec.AddScaled(t.states, t.states, math.Ln2, t.top)
}
