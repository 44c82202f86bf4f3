// Where three to six nodes become one step: sums of scaled values and quotients. All of them save passes over the block.

package loop

import "videomae/engine/simd/vec"

// combination computes x+y or x-y together with what made x and y, or gives none.
func (b *builder) combination(op vec.Binary, x, y Value, class Class) int {
	if op != vec.Add && op != vec.Sub || class.inner() != inner {
		return none
	}
	for _, try := range []func(op vec.Binary, x, y Value, class Class) int{b.addQuotient, b.blend, b.affine} {
		if r := try(op, x, y, class); r != none {
			return r
		}
		if op == vec.Add {
			if r := try(op, y, x, class); r != none {
				return r
			}
		}
	}
	return none
}

// scaling is a value that is multiplied by a register of single numbers.
type scaling struct {
	of Value
	by int
}

// scalingOf tells of a value that is used only once how it is scaled, if it is.
func (b *builder) scalingOf(v Value, class Class) (s scaling, ok bool) {
	n := &b.spec.Nodes[v]
	if n.Op != Binary || b.uses[v] != 1 || b.classes[v] != class {
		return s, false
	}
	x, y := n.In[0], n.In[1]
	if n.Binary == vec.Mul && b.classes[x].single(class) {
		x, y = y, x
	}
	if !b.classes[y].single(class) {
		return s, false
	}
	switch n.Binary {
	case vec.Mul:
		return scaling{x, b.lower(y)}, true
	case vec.Div:
		if by := b.lower(y); b.invertible(by) {
			return scaling{x, b.reciprocal(by)}, true
		}
	}
	return s, false
}

// perhapsScaled takes what is not scaled for scaled by 1.
func (b *builder) perhapsScaled(v Value, class Class) scaling {
	s, ok := b.scalingOf(v, class)
	if !ok {
		return scaling{v, b.constant(1)}
	}
	return s
}

// signed gives a register of numbers, or their negatives for a difference.
func (b *builder) signed(op vec.Binary, r int) int {
	if op == vec.Sub {
		return b.unary(b.k.Unary[vec.Neg], r)
	}
	return r
}

// alone tells whether a value is used once, and varies along all that the class does.
func (b *builder) alone(v Value, class Class) bool { return b.uses[v] == 1 && b.classes[v] == class }

// affine is a scaled value, or the scaled square root of one, and a single number y.
func (b *builder) affine(op vec.Binary, x, y Value, class Class) int {
	if !b.classes[y].single(class) {
		return none
	}
	s, ok := b.scalingOf(x, class)
	if !ok {
		return none
	}
	kernel := b.k.Affine
	if n := &b.spec.Nodes[s.of]; n.Op == Unary && n.Unary == vec.Sqrt && b.alone(s.of, class) {
		kernel, s.of = b.k.AffineSqrt, n.In[0]
	}
	vector := b.fit(b.lower(s.of), class)
	return b.emit(&affine{writes(class, vector, s.by, b.signed(op, b.lower(y))), kernel})
}

// blend is the sum or difference of two scaled values, of which the second may be a square.
func (b *builder) blend(op vec.Binary, x, y Value, class Class) int {
	first, ok := b.scalingOf(x, class)
	if !ok {
		return none
	}
	second, ok := b.scalingOf(y, class)
	if !ok {
		return none
	}
	kernel := b.k.Blend
	if root, ok := b.squared(second.of, class); ok {
		kernel, second.of = b.k.BlendSquare, root
	} else if _, ok := b.squared(first.of, class); ok && op == vec.Add {
		return b.blend(op, y, x, class)
	}
	p, q := b.fit(b.lower(first.of), class), b.fit(b.lower(second.of), class)
	return b.emit(&blend{writes(class, p, first.by, q, b.signed(op, second.by)), kernel})
}

// squared gives the value that v is the square of, if v is used only once.
func (b *builder) squared(v Value, class Class) (root Value, ok bool) {
	p, q, ok := b.factors(v)
	return p, ok && p == q && b.classes[v] == class
}

// addQuotient is a value, scaled or not, plus or minus a quotient y.
func (b *builder) addQuotient(op vec.Binary, x, y Value, class Class) int {
	n := &b.spec.Nodes[y]
	if n.Op != Binary || n.Binary != vec.Div || !b.alone(y, class) || b.classes[n.In[1]] != class || b.classes[x].inner() != inner ||
		b.classes[n.In[0]].inner() != inner {
		return none
	}
	term, dividend := b.perhapsScaled(x, class), b.perhapsScaled(n.In[0], class)
	p, q, divisor := b.fit(b.lower(term.of), class), b.fit(b.lower(dividend.of), class), b.fit(b.lower(n.In[1]), class)
	return b.emit(&addQuotient{writes(class, p, term.by, q, b.signed(op, dividend.by), divisor), b.k.AddQuotient})
}

// affine is x*s + t, for numbers s and t of each row.
type affine struct {
	header
	kernel func(dst, x []float32, s, t float32)
}

func (t *affine) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, scale, shift := &w.views[t.in[0]], &w.views[t.in[1]], &w.views[t.in[2]]
	if scale.ld|shift.ld == 0 {
		n, width = lines(n, width, dst, x)
	}
	for r := range n {
		t.kernel(dst.row(r, width), x.row(r, width), scale.data[r*scale.ld], shift.data[r*shift.ld])
	}
}

// blend is x*s + y*t, for numbers s and t of each row.
type blend struct {
	header
	kernel func(dst, x []float32, s float32, y []float32, t float32)
}

func (t *blend) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, first, y, second := &w.views[t.in[0]], &w.views[t.in[1]], &w.views[t.in[2]], &w.views[t.in[3]]
	if first.ld|second.ld == 0 {
		n, width = lines(n, width, dst, x, y)
	}
	for r := range n {
		t.kernel(dst.row(r, width), x.row(r, width), first.data[r*first.ld], y.row(r, width), second.data[r*second.ld])
	}
}

// addQuotient is x*s + y*t/z, for numbers s and t of each row.
type addQuotient struct {
	header
	kernel func(dst, x []float32, s float32, y []float32, t float32, z []float32)
}

func (t *addQuotient) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, scale, y, weight, z := &w.views[t.in[0]], &w.views[t.in[1]], &w.views[t.in[2]], &w.views[t.in[3]], &w.views[t.in[4]]
	if scale.ld|weight.ld == 0 {
		n, width = lines(n, width, dst, x, y, z)
	}
	for r := range n {
		t.kernel(dst.row(r, width), x.row(r, width), scale.data[r*scale.ld], y.row(r, width), weight.data[r*weight.ld], z.row(r, width))
	}
}
