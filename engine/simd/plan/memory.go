package plan

import (
	"slices"

	"videomae/engine/simd/ir"
)

// settleOutputs gives each output its own memory, and finds the parameters whose memory outputs may take over.
func (c *compiler) settleOutputs() {
	p := c.program
	written := map[int]bool{}
	for _, s := range p.steps {
		for _, o := range s.operands {
			if o.write {
				written[o.slot] = true
			}
		}
	}
	taken := make([]bool, len(p.params))
	own := map[int]bool{} // slots that are an output's memory
	for i, n := range c.outputs {
		out := output{slot: c.slot(n), bytes: ir.Bytes(n.Shape), reuse: -1, copy: -1}
		if !written[out.slot] || own[out.slot] {
			out.copy = out.slot
			if j := slices.Index(p.params, out.slot); j >= 0 && !taken[j] {
				out.reuse, taken[j] = j, true // the parameter itself
			}
		} else {
			own[out.slot] = true
			out.reuse = c.reusable(i, n, taken)
			if out.reuse >= 0 {
				taken[out.reuse] = true
			}
		}
		p.outputs = append(p.outputs, out)
	}
}

// reusable finds a parameter whose memory an output may take over: of its size, and read for the last time by what writes the
// output, at the same places, or before. The parameter at the output's own number comes first.
func (c *compiler) reusable(i int, n *ir.Node, taken []bool) int {
	p := c.program
	order := []int{}
	if i < len(p.params) {
		order = append(order, i)
	}
	for j := range p.params {
		if j != i {
			order = append(order, j)
		}
	}
	for _, j := range order {
		param := c.graph.Params[j]
		if taken[j] || slices.Contains(c.outputs, param) || param.Shape.DType != n.Shape.DType || param.Shape.Size() != n.Shape.Size() {
			continue
		}
		if c.overwritable(p.params[j], c.slot(n)) {
			return j
		}
	}
	return -1
}

// overwritable tells whether the memory in slot may be overwritten by the value of slot out as this is written.
func (c *compiler) overwritable(slot, out int) bool {
	begun := false
	for _, s := range c.program.steps {
		reads, writes := s.uses(slot, false), s.uses(out, true)
		if begun && reads {
			return false
		}
		if writes {
			if reads && !s.inPlace(slot, out) {
				return false
			}
			begun = true
		}
	}
	return begun
}

func (s *step) uses(slot int, write bool) bool {
	return slices.ContainsFunc(s.operands, func(o operand) bool { return o.slot == slot && o.write == write })
}

// life is the range of steps during which a value must keep its memory.
type life struct{ slot, bytes, first, last, offset int }

// placeValues gives every value inside the program a place in the arena: the largest first, each at the lowest place that is
// free for the whole of its life. What steps need while they run comes after all values.
func (c *compiler) placeValues() {
	p := c.program
	lives := c.lives()
	slices.SortStableFunc(lives, func(a, b *life) int { return b.bytes - a.bytes })
	var done []*life // by offset
	for _, l := range lives {
		l.offset = 0
		for _, other := range done {
			if other.last < l.first || l.last < other.first {
				continue
			}
			if l.offset+l.bytes <= other.offset {
				break
			}
			l.offset = max(l.offset, other.offset+other.bytes)
		}
		at, _ := slices.BinarySearchFunc(done, l, func(a, b *life) int { return a.offset - b.offset })
		done = slices.Insert(done, at, l)
		p.scratch = max(p.scratch, l.offset+l.bytes)
	}
	for _, l := range lives {
		p.fixed = append(p.fixed, placed{l.slot, l.offset, l.bytes})
	}
	p.size = p.scratch
	for _, s := range p.steps {
		p.size = max(p.size, p.scratch+s.scratch)
	}
}

// lives lists the values inside the program.
func (c *compiler) lives() []*life {
	outside := map[int]bool{}
	for _, slot := range c.program.params {
		outside[slot] = true
	}
	for _, o := range c.program.outputs {
		outside[o.slot] = outside[o.slot] || o.copy < 0
	}
	bySlot := map[int]*life{}
	var list []*life
	bytes := c.bytes()
	for i, s := range c.program.steps {
		for _, o := range s.operands {
			if outside[o.slot] || c.program.memory[o.slot] != nil {
				continue
			}
			l := bySlot[o.slot]
			if l == nil {
				l = &life{slot: o.slot, bytes: (bytes[o.slot] + Line - 1) / Line * Line, first: i}
				bySlot[o.slot] = l
				list = append(list, l)
			}
			l.last = i
		}
	}
	for _, o := range c.program.outputs {
		if l := bySlot[o.slot]; l != nil {
			l.last = len(c.program.steps) // copied at the end
		}
	}
	return list
}

// bytes is the size of each slot's value.
func (c *compiler) bytes() []int {
	sizes := make([]int, len(c.program.memory))
	for n, slot := range c.slots {
		sizes[slot] = ir.Bytes(n.Shape)
	}
	return sizes
}
