// Which registers share memory.

package loop

import "github.com/gomlx/compute/dtypes"

// slots counts the pieces of memory that the registers of each class need.
type slots [Full + 1]int

// allocate gives each register that needs memory a slot of its class: its offset is the slot's number. In the body a slot is used
// again as soon as its value is dead, so that few slots, which stay in the cache, see all the work.
func (b *builder) allocate() slots {
	var count slots
	needs := b.needing()
	for i := range b.registers {
		if r := &b.registers[i]; needs[i] && r.once {
			r.offset = count[r.class]
			count[r.class]++
		}
	}
	dies := b.deaths()
	var free [Full + 1][]int
	take := func(i int) {
		r := &b.registers[i]
		if list := free[r.class]; len(list) > 0 {
			r.offset, free[r.class] = list[len(list)-1], list[:len(list)-1]
			return
		}
		r.offset = count[r.class]
		count[r.class]++
	}
	release := func(i int) {
		if r := &b.registers[i]; needs[i] && !r.once {
			needs[i] = false
			free[r.class] = append(free[r.class], r.offset)
		}
	}
	for i, t := range b.body {
		h := t.head()
		for _, in := range h.in {
			if dies[in] == i {
				release(in)
			}
		}
		if h.out != none && needs[h.out] {
			take(h.out)
		}
		if h.spare != none {
			take(h.spare)
			release(h.spare)
		}
	}
	return count
}

// needing tells which registers need memory: those that are not known, nor lie in an operand.
func (b *builder) needing() []bool {
	needs := make([]bool, len(b.registers))
	for i := range b.registers {
		needs[i] = b.registers[i].constant == nil && b.registers[i].operand == none
	}
	for _, steps := range [][]step{b.once, b.body} {
		for _, t := range steps {
			if l, ok := t.(*load); ok && b.always(l) {
				needs[l.out] = false
			}
		}
	}
	return needs
}

// always reports whether a load gives the memory itself whatever the block.
func (b *builder) always(l *load) bool {
	o := &b.tensors[l.operand]
	return o.Type == dtypes.Float32 && !l.copies && o.evenly() && (o.Class != Row || len(o.dims) == 0 || o.step() == 1)
}

// deaths gives the last step of the body that reads each register, or none.
func (b *builder) deaths() []int {
	dies := filled(len(b.registers))
	for i, t := range b.body {
		for _, r := range t.head().in {
			dies[r] = i
		}
	}
	return dies
}
