// What a program has to do, for profiles.

package loop

// Cost is the work of one run.
type Cost struct {
	Elements int // positions of the space
	Passes   int // vector operations on all of them
	Bytes    int // read from and written to the operands, each of their elements once
}

// Cost tells the work of one run.
func (p *Program) Cost() Cost { return p.cost }

func (b *builder) cost() Cost {
	c := Cost{Elements: b.spec.Inner, Passes: b.passes()}
	for _, d := range b.spec.Rows {
		c.Elements *= d
	}
	for i := range b.tensors {
		if b.loaded[i] != none {
			c.Bytes += b.bytes(i)
		}
	}
	for _, n := range b.spec.Nodes {
		if n.Op == Store || n.Op == ReduceCol {
			c.Bytes += b.bytes(n.Operand)
		}
	}
	return c
}

// passes counts the steps of the body that go through whole rows.
func (b *builder) passes() int {
	count := 0
	for _, t := range b.body {
		h := t.head()
		full := h.class == Full
		for _, r := range h.in {
			full = full || b.registers[r].class == Full
		}
		if l, loads := t.(*load); full && !(loads && b.always(l)) {
			count++
		}
	}
	return count
}

// bytes is the size of an operand.
func (b *builder) bytes(index int) int {
	o := &b.tensors[index]
	n := b.spec.width(o.Class) * o.size
	for d, stride := range o.Strides {
		if stride != 0 {
			n *= o.dims[d]
		}
	}
	return n
}
