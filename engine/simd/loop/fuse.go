// Where several nodes become one step.

package loop

import (
	"math"

	"videomae/engine/simd/vec"
)

// binaryNode gives the register of a Binary's value.
func (b *builder) binaryNode(v Value) int {
	op, x, y := b.signs(b.spec.Nodes[v])
	if r := b.combination(op, x, y, b.classes[v]); r != none {
		return r
	}
	if r := b.mulAdd(op, x, y, b.classes[v]); r != none {
		return r
	}
	return b.binary(op, b.lower(x), b.lower(y))
}

// signs turns sums of negated values into differences, which are the same to the last bit.
func (b *builder) signs(n Node) (op vec.Binary, x, y Value) {
	op, x, y = n.Binary, n.In[0], n.In[1]
	if op != vec.Add && op != vec.Sub {
		return op, x, y
	}
	if m := &b.spec.Nodes[y]; m.Op == Unary && m.Unary == vec.Neg {
		return vec.Add + vec.Sub - op, x, m.In[0]
	}
	if m := &b.spec.Nodes[x]; op == vec.Add && m.Op == Unary && m.Unary == vec.Neg {
		return vec.Sub, y, m.In[0]
	}
	return op, x, y
}

// factors gives the factors of a value that is a product and is used only once.
func (b *builder) factors(v Value) (x, y Value, ok bool) {
	n := &b.spec.Nodes[v]
	switch {
	case b.uses[v] != 1:
	case n.Op == Unary && n.Unary == vec.Square:
		return n.In[0], n.In[0], true
	case n.Op == Binary && n.Binary == vec.Mul:
		return n.In[0], n.In[1], true
	}
	return 0, 0, false
}

// mulAdd computes x+y or x-y in one step if one of the two is a product, and gives none if that cannot be.
func (b *builder) mulAdd(op vec.Binary, x, y Value, class Class) int {
	if op != vec.Add && op != vec.Sub {
		return none
	}
	if r := b.addProduct(x, y, op == vec.Sub, class); r != none || op == vec.Sub {
		return r
	}
	return b.addProduct(y, x, false, class)
}

// addProduct is x + product or x - product.
func (b *builder) addProduct(x, product Value, minus bool, class Class) int {
	p, q, ok := b.factors(product)
	if !ok || b.classes[product] != class || class == Scalar || b.classes[x].single(class) && b.classes[x] != Scalar {
		return none
	}
	if b.classes[p].single(class) {
		p, q = q, p
	}
	scalar := b.classes[q].single(class)
	if minus && !scalar {
		return none
	}
	term, first, second := b.lower(x), b.lower(p), b.lower(q)
	if minus {
		second = b.unary(b.k.Unary[vec.Neg], second)
	}
	if scalar {
		return b.emit(&scaled{writes(class, b.fit(term, class), second, b.fit(first, class)), b.k.AddScaledRows})
	}
	return b.emit(&mulAdd{writes(class, b.fit(first, class), b.fit(second, class), b.fit(term, class)), b.k.MulAddRows})
}

// summedProduct gives the factors of what a node sums, if both have numbers for a whole row.
func (b *builder) summedProduct(n *Node) (x, y Value, ok bool) {
	x, y, ok = b.factors(n.In[0])
	return x, y, ok && n.Reduce == Sum && b.classes[x].inner() == inner && b.classes[y].inner() == inner
}

// reduceRow gives the register of a reduction along inner.
func (b *builder) reduceRow(n *Node, class Class) int {
	x, y, kernel := b.reduced(n)
	switch _, _, product := b.summedProduct(n); {
	case product:
		return b.emit(&dotRow{writes(class, x, y), b.k.DotRows})
	case n.Reduce == Sum:
		return b.emit(&sumRow{writes(class, x), b.k.SumRows})
	}
	return b.emit(&reduceRow{writes(class, x, y), kernel})
}

// reduced gives the registers that a reduction along inner reads, and its kernel: for sums of products that of the dot product.
func (b *builder) reduced(n *Node) (x, y int, kernel func(x, y []float32) float32) {
	if p, q, ok := b.summedProduct(n); ok {
		x, y := b.lower(p), b.lower(q)
		if x == y {
			return x, y, func(x, _ []float32) float32 { return b.k.SumSquares(x) }
		}
		return x, y, b.k.Dot
	}
	x = b.lower(n.In[0])
	x = b.widen(x, b.registers[x].class&rows|inner)
	return x, x, n.Reduce.of(b.k)
}

// invertible reports whether to divide by a register is to multiply by its reciprocal, which is computed once for many quotients.
// Constants divide exactly: they are what whole numbers are divided by.
func (b *builder) invertible(r int) bool {
	c := b.registers[r].constant
	if c == nil {
		return true
	}
	fraction, _ := math.Frexp(float64(c[0]))
	return math.Abs(fraction) == 0.5 && math.Abs(math.Log2(math.Abs(float64(c[0])))) <= 126
}

func (b *builder) reciprocal(r int) int {
	inverse, ok := b.inverses[r]
	if !ok {
		inverse = b.unary(b.k.Unary[vec.Reciprocal], r)
		b.inverses[r] = inverse
	}
	return inverse
}
