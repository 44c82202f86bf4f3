// From nodes to steps: each value gets a register, computed when the first store or reduction that needs it is reached.

package loop

import "videomae/engine/simd/vec"

// narrow is the width below which calling a kernel for each row costs more than repeating a value for all rows of a block.
const narrow = 128

// builder turns the nodes of a Spec into steps.
type builder struct {
	k       *vec.Kernels
	spec    *Spec
	classes []Class
	uses    []int  // how often each node's value is read by nodes that matter
	copied  []bool // operands that must be copied when loaded

	values    []int          // register of each node, or none
	loaded    []int          // register of each operand, or none
	widened   map[[2]int]int // register of {register, class}
	inverses  map[int]int    // register of each register's reciprocal
	registers []register
	tensors   []operand
	sinks     []sink

	once []step   // what is the same for all rows
	body []step   // for each block
	last []step   // stores of what is the same for all rows
	held []*store // to be put into the body where they do no harm
}

func newBuilder(k *vec.Kernels, s *Spec, classes []Class) *builder {
	b := &builder{k: k, spec: s, classes: classes, values: filled(len(s.Nodes)), loaded: filled(len(s.Operands)),
		widened: map[[2]int]int{}, inverses: map[int]int{}}
	for _, o := range s.Operands {
		b.tensors = append(b.tensors, newOperand(k, o, s.Rows))
	}
	b.count()
	b.protect()
	for i := range s.Nodes {
		switch n := &s.Nodes[i]; n.Op {
		case Store:
			b.store(n)
		case ReduceCol:
			b.reduceCol(n)
		}
	}
	b.placeStores()
	return b
}

func filled(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = none
	}
	return list
}

// count finds what is needed, and how often.
func (b *builder) count() {
	b.uses = make([]int, len(b.spec.Nodes))
	for i := len(b.spec.Nodes) - 1; i >= 0; i-- {
		n := &b.spec.Nodes[i]
		if b.uses[i] == 0 && n.Op != Store && n.Op != ReduceCol {
			continue
		}
		for _, v := range n.in() {
			b.uses[v]++
		}
	}
}

// emit adds a step and gives its register.
func (b *builder) emit(t step) int {
	h := t.head()
	once := len(h.in) > 0 || !h.class.hasRows()
	for _, r := range h.in {
		once = once && b.registers[r].once
	}
	h.out = b.newRegister(h.class, once)
	if once {
		b.once = append(b.once, t)
	} else {
		b.body = append(b.body, t)
	}
	return h.out
}

func (b *builder) newRegister(c Class, once bool) int {
	b.registers = append(b.registers, register{class: c, once: once, operand: none})
	return len(b.registers) - 1
}

func writes(c Class, in ...int) header { return header{class: c, in: in, out: none, spare: none} }

func (b *builder) constant(v float32) int {
	r := b.newRegister(Scalar, true)
	b.registers[r].constant = []float32{v}
	return r
}

// lower gives the register of a node's value.
func (b *builder) lower(v Value) int {
	if b.values[v] == none {
		b.values[v] = b.compute(v)
	}
	return b.values[v]
}

func (b *builder) compute(v Value) int {
	n := &b.spec.Nodes[v]
	switch n.Op {
	case Load:
		return b.load(n.Operand)
	case Const:
		return b.constant(n.Const)
	case Unary:
		return b.unary(b.k.Unary[n.Unary], b.lower(n.In[0]))
	case Round:
		return b.unary(b.k.RoundBF16, b.lower(n.In[0]))
	case Binary:
		return b.binaryNode(v)
	case Where:
		return b.where(b.lower(n.In[0]), b.lower(n.In[1]), b.lower(n.In[2]))
	case ReduceRow:
		return b.reduceRow(n, b.classes[v])
	}
	return b.reduceTile(n, b.classes[v]) // the only one left that has a value
}

func (b *builder) load(operand int) int {
	if b.loaded[operand] == none {
		b.loaded[operand] = b.emit(&load{writes(b.tensors[operand].Class), operand, b.copied[operand]})
	}
	return b.loaded[operand]
}

func (b *builder) unary(kernel func(dst, x []float32), x int) int {
	if c := b.registers[x].constant; c != nil {
		folded := b.constant(0)
		kernel(b.registers[folded].constant, c)
		return folded
	}
	return b.emit(&unary{writes(b.registers[x].class, x), kernel})
}

func (b *builder) binary(op vec.Binary, x, y int) int {
	cx, cy := b.registers[x].class, b.registers[y].class
	class := cx.or(cy)
	if p, q := b.registers[x].constant, b.registers[y].constant; p != nil && q != nil {
		folded := b.constant(0)
		b.k.Binary[op](b.registers[folded].constant, p, q)
		return folded
	}
	switch {
	case op == vec.Mul && x == y:
		return b.unary(b.k.Unary[vec.Square], x)
	case op == vec.Div && cy != class && class.inner() != 0 && b.invertible(y):
		return b.binary(vec.Mul, x, b.reciprocal(y))
	case cy.single(class):
		return b.emit(&right{writes(class, b.fit(x, class), y), b.k.RightRows[op]})
	case cx.single(class):
		return b.emit(&left{writes(class, x, b.fit(y, class)), b.k.BinaryScalarLeft[op]})
	}
	return b.emit(&binary{writes(class, b.fit(x, class), b.fit(y, class)), b.k.BinaryRows[op]})
}

func (b *builder) where(mask, x, y int) int {
	class := b.registers[mask].class.or(b.registers[x].class).or(b.registers[y].class)
	if b.registers[mask].class.single(class) {
		return b.emit(&choose{writes(class, mask, x, y)})
	}
	return b.emit(&where{writes(class, b.fit(mask, class), b.fit(x, class), b.fit(y, class)), b.k.Where})
}

// fit widens a register as far as a kernel needs that computes a value of class c: it must have numbers for a whole row, but
// may be the same in all rows unless these are short.
func (b *builder) fit(r int, c Class) int {
	want := b.registers[r].class&rows | c.inner()
	if c == Row || c.hasRows() && b.spec.width(c) < narrow {
		want = c
	}
	return b.widen(r, want)
}

func (b *builder) widen(r int, c Class) int {
	if b.registers[r].class == c {
		return r
	}
	key := [2]int{r, int(c)}
	wide, ok := b.widened[key]
	if !ok {
		wide = b.emit(&widen{writes(c, r)})
		b.widened[key] = wide
	}
	return wide
}
