// The ends of a program: stores and reductions along the rows, and where in the body stores do no harm.

package loop

import (
	"slices"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

// stored is the value that a Store takes: not one that is rounded to bfloat16 if storing does that.
func (b *builder) stored(n *Node) Value {
	v := n.In[0]
	if from := &b.spec.Nodes[v]; from.Op == Round && b.spec.Operands[n.Operand].Type == dtypes.BFloat16 {
		return from.In[0]
	}
	return v
}

// protect finds the operands that must be copied when loaded: where there are several stores, one may write the memory that
// another still has to take its value from.
func (b *builder) protect() {
	b.copied = make([]bool, len(b.spec.Operands))
	stores := 0
	for i := range b.spec.Nodes {
		n := &b.spec.Nodes[i]
		if n.Op != Store {
			continue
		}
		stores++
		if from := &b.spec.Nodes[b.stored(n)]; from.Op == Load && !b.spec.Operands[from.Operand].Block {
			b.copied[from.Operand] = true
		}
	}
	if stores <= 1 {
		clear(b.copied)
	}
}

func (b *builder) store(n *Node) {
	o, r := &b.tensors[n.Operand], b.lower(b.stored(n))
	if b.registers[r].class != o.Class {
		t := &widen{writes(o.Class, r)}
		if !o.Class.hasRows() {
			r = b.emit(t)
		} else { // even what is the same in all rows is best repeated right into the memory
			r = b.newRegister(o.Class, false)
			t.out = r
			b.body = append(b.body, t)
		}
	}
	t := &store{writes(o.Class, r), n.Operand}
	if o.Class.hasRows() {
		b.held = append(b.held, t)
	} else {
		b.last = append(b.last, t)
	}
}

func (b *builder) reduceCol(n *Node) {
	to, c := b.tensors[n.Operand].Class, b.classes[n.In[0]]
	index := len(b.sinks)
	b.sinks = append(b.sinks, sink{operand: n.Operand, reduce: n.Reduce, class: to})
	p, q, product := b.summedProduct(n)
	switch {
	case to == Col && product && c.hasRows():
		t := &products{writes(Full, b.lower(p), b.lower(q)), index, b.k.Binary[vec.Mul], b.k.Binary[vec.Add], b.k.MulAddRows}
		t.spare = b.newRegister(Full, false)
		b.body = append(b.body, t)
	case to != Scalar:
		x := b.widen(b.lower(n.In[0]), to|rows)
		t := &columns{writes(to|rows, x), index, n.Reduce.pairs(b.k)}
		t.spare = b.newRegister(to|rows, false)
		b.body = append(b.body, t)
	case c.inner() == 0:
		x := b.widen(b.lower(n.In[0]), Row)
		b.body = append(b.body, &total{writes(Row, x, x), index, n.Reduce.of(b.k)})
	default:
		x, y, kernel := b.reduced(n)
		if !c.hasRows() {
			x, y = b.widen(x, Full), b.widen(y, Full)
		}
		b.body = append(b.body, &total{writes(Full, x, y), index, kernel})
	}
}

func (b *builder) reduceTile(n *Node, class Class) int {
	x := b.lower(n.In[0])
	wide := b.registers[x].class&rows | inner
	x = b.widen(x, wide)
	t := &reduceTile{writes(class, x), n.Reduce, n.Reduce.pairs(b.k)}
	t.spare = b.newRegister(wide, b.registers[x].once)
	return b.emit(t)
}

// placeStores puts the stores into the body. An operand that is stored may lie where one that is loaded does, so that its
// store comes after all that reads the latter. If the value is computed there or later, it is computed right into the memory.
func (b *builder) placeStores() {
	made, read := b.positions()
	at := make([][]step, len(b.body)+1) // stores that go before each step
	for _, t := range b.held {
		r, barrier := t.in[0], none
		for i := range b.tensors {
			if b.overlap(t.operand, i) {
				barrier = max(barrier, read[i])
			}
		}
		position := max(barrier, made[r])
		if made[r] >= barrier && b.direct(r, made[r], t.operand) {
			b.registers[r].operand = t.operand
			continue
		}
		at[position+1] = append(at[position+1], t)
	}
	var body []step
	for i, stores := range at {
		body = append(body, stores...)
		body = append(body, b.body[i:min(i+1, len(b.body))]...)
	}
	b.body = body
}

// positions gives the step of the body that computes each register, and the last one that reads each operand, or none.
func (b *builder) positions() (made, read []int) {
	made, read = filled(len(b.registers)), filled(len(b.tensors))
	source := filled(len(b.registers)) // operand that a register may be a window of
	for i, t := range b.body {
		h := t.head()
		if h.out != none {
			made[h.out] = i
		}
		if l, ok := t.(*load); ok {
			source[l.out], read[l.operand] = l.operand, i
		}
		for _, r := range h.in {
			if source[r] != none {
				read[source[r]] = i
			}
		}
	}
	return made, read
}

// overlap reports whether a stored operand may lie where a loaded one does.
func (b *builder) overlap(stored, loaded int) bool {
	o, p := &b.tensors[stored], &b.tensors[loaded]
	return !p.Block && o.Class == p.Class && o.size == p.size && slices.Equal(o.Strides, p.Strides)
}

// direct reports whether a register that a step of the body computes can lie in the memory of an operand.
func (b *builder) direct(r, made, operand int) bool {
	o := &b.tensors[operand]
	if made == none || b.registers[r].operand != none || o.Type != dtypes.Float32 || !o.evenly() {
		return false
	}
	if _, copied := b.body[made].(*load); copied {
		return false
	}
	return o.Class != Row || o.step() <= 1
}
