// Loop nests: how a kernel walks over several operands at once, each with its own strides.

package ops

import "slices"

const (
	operands = 4  // the most buffers that a nest walks over
	maxTasks = 64 // enough for any CPU's cores to share work evenly
	lineSize = 64 // elements that lie together are cut apart at multiples of it only, so that two workers seldom share a cache line
)

// offsets is a position in each operand, or a distance.
type offsets [operands]int

// plus is the position some steps further.
func (o offsets) plus(times int, step offsets) offsets {
	for i := range o {
		o[i] += times * step[i]
	}
	return o
}

// axis is one loop: n turns, and each moves every operand by its step.
type axis struct {
	n    int
	step offsets
}

// nest is loops within each other, outermost first, from a first position. There are always at least two.
type nest struct {
	axes []axis
	base offsets
}

// newNest drops loops of one turn and makes one of neighbours through which all operands run on without a jump.
func newNest(axes []axis, base offsets) nest {
	if slices.ContainsFunc(axes, func(a axis) bool { return a.n == 0 }) {
		return nest{axes: make([]axis, 2), base: base}
	}
	merged := []axis{}
	for _, a := range axes {
		last := len(merged) - 1
		switch {
		case a.n == 1:
		case last >= 0 && merged[last].step == (offsets{}).plus(a.n, a.step):
			merged[last] = axis{merged[last].n * a.n, a.step}
		default:
			merged = append(merged, a)
		}
	}
	for len(merged) < 2 {
		merged = slices.Insert(merged, 0, axis{n: 1})
	}
	return nest{merged, base}
}

// inner is the innermost loop.
func (p nest) inner() axis { return p.axes[len(p.axes)-1] }

// size is how often the innermost loop's body runs.
func (p nest) size() int {
	size := 1
	for _, a := range p.axes {
		size *= a.n
	}
	return size
}

// rows calls f with the position at every turn of all loops but the given number of inner ones.
func (p nest) rows(inner int, f func(at offsets)) {
	descend(p.axes[:len(p.axes)-inner], p.base, f)
}

func descend(axes []axis, at offsets, f func(at offsets)) {
	if len(axes) == 0 {
		f(at)
		return
	}
	for range axes[0].n {
		descend(axes[1:], at, f)
		at = at.plus(1, axes[0].step)
	}
}

// split cuts a nest through whose loops an output always moves into parts of about grain turns, of which no two meet.
func (p nest) split(grain int) parts {
	tasks := min(p.size()/grain, maxTasks)
	if tasks <= 1 {
		return parts{p}
	}
	k, multiple := p.widest(tasks), 1
	if slices.Contains(p.axes[k].step[:], 1) {
		multiple = lineSize
	}
	var list parts
	for _, span := range spans(p.axes[k].n, tasks, multiple) {
		list = append(list, p.part(k, span[0], span[1]))
	}
	return list
}

// widest picks the loop to cut: the outermost that gives all tasks something to do, or else the longest.
func (p nest) widest(tasks int) int {
	best := 0
	for k, a := range p.axes {
		if p.axes[best].n < min(a.n, tasks) {
			best = k
		}
	}
	return best
}

// part is the nest with loop k from one turn to before another.
func (p nest) part(k, from, to int) nest {
	axes := slices.Clone(p.axes)
	axes[k].n = to - from
	return nest{axes, p.base.plus(from, axes[k].step)}
}

// parts are the tasks of a kernel; one that holds them has its number of tasks from here.
type parts []nest

// Tasks implements Kernel.
func (p parts) Tasks() int { return len(p) }

// spans cuts the numbers below n into at most so many ranges, each from one number to before another. All but the last have
// a multiple of some power of two.
func spans(n, tasks, multiple int) [][2]int {
	tasks = max(min(tasks, maxTasks), 1)
	chunk := (n + tasks - 1) / tasks
	chunk += -chunk & (multiple - 1)
	list := [][2]int{{0, min(chunk, n)}}
	for from := chunk; from < n; from += chunk {
		list = append(list, [2]int{from, min(from+chunk, n)})
	}
	return list
}

// strides are the distances between neighbours along each axis of a row-major tensor, for elements of a size.
func strides(dims []int, size int) []int {
	steps := make([]int, len(dims))
	for k := len(dims) - 1; k >= 0; k-- {
		steps[k] = size
		size *= dims[k]
	}
	return steps
}
