// The steps that compute a register from others, position by position.

package loop

import "videomae/engine/simd/vec"

// unary is a function of one value.
type unary struct {
	header
	kernel func(dst, x []float32)
}

func (t *unary) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x := &w.views[t.in[0]]
	n, width = lines(n, width, dst, x)
	for r := range n {
		t.kernel(dst.row(r, width), x.row(r, width))
	}
}

// binary is a function of two values.
type binary struct {
	header
	kernel vec.Rows3
}

func (t *binary) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	n, width = lines(n, width, dst, x, y)
	t.kernel(dst.first(), dst.ld, x.first(), x.ld, y.first(), y.ld, n, width)
}

// right is a function of a value and of a single number in each row.
type right struct {
	header
	kernel vec.Rows3
}

func (t *right) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	if y.ld == 0 {
		n, width = lines(n, width, dst, x)
	}
	t.kernel(dst.first(), dst.ld, x.first(), x.ld, y.first(), y.ld, n, width)
}

// left is a function of a single number in each row and of a value.
type left struct {
	header
	kernel func(dst []float32, x float32, y []float32)
}

func (t *left) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	if x.ld == 0 {
		n, width = lines(n, width, dst, y)
	}
	for r := range n {
		t.kernel(dst.row(r, width), x.data[r*x.ld], y.row(r, width))
	}
}

// where is one of two values, decided by a third for each position.
type where struct {
	header
	kernel func(dst, mask, x, y []float32)
}

func (t *where) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, y, z := &w.views[t.in[0]], &w.views[t.in[1]], &w.views[t.in[2]]
	n, width = lines(n, width, dst, x, y, z)
	for r := range n {
		t.kernel(dst.row(r, width), x.row(r, width), y.row(r, width), z.row(r, width))
	}
}

// mulAdd is x*y + z.
type mulAdd struct {
	header
	kernel vec.Rows4
}

func (t *mulAdd) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, y, z := &w.views[t.in[0]], &w.views[t.in[1]], &w.views[t.in[2]]
	n, width = lines(n, width, dst, x, y, z)
	t.kernel(dst.first(), dst.ld, x.first(), x.ld, y.first(), y.ld, z.first(), z.ld, n, width)
}

// scaled is x + s*y, where s is a single number in each row.
type scaled struct {
	header
	kernel vec.Rows4
}

func (t *scaled) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, s, y := &w.views[t.in[0]], &w.views[t.in[1]], &w.views[t.in[2]]
	if s.ld == 0 {
		n, width = lines(n, width, dst, x, y)
	}
	t.kernel(dst.first(), dst.ld, x.first(), x.ld, s.first(), s.ld, y.first(), y.ld, n, width)
}

// widen repeats a value along what it does not vary along.
type widen struct{ header }

func (t *widen) run(w *worker) {
	dst, n, width := w.target(&t.header)
	for r := range n {
		w.spread(dst.row(r, width), t.in[0], r, t.class)
	}
}

// choose is one of two values, decided by a single number in each row.
type choose struct{ header }

func (t *choose) run(w *worker) {
	dst, n, width := w.target(&t.header)
	mask := &w.views[t.in[0]]
	for r := range n {
		source := t.in[2]
		if mask.data[r*mask.ld] != 0 {
			source = t.in[1]
		}
		w.spread(dst.row(r, width), source, r, t.class)
	}
}

// spread copies row r of a register to a row of class c, repeating it as often as need be.
func (w *worker) spread(dst []float32, source, r int, c Class) {
	x, from := &w.views[source], w.registers[source].class
	switch {
	case from.single(c):
		w.kernels.Fill(dst, x.data[r*x.ld])
	case from.inner() == onceAPeriod:
		repeat(dst, x.row(r, w.period))
	default:
		copy(dst, x.row(r, len(dst)))
	}
}

// repeat fills dst with copies of x.
func repeat(dst, x []float32) {
	for done := copy(dst, x); done < len(dst); {
		done += copy(dst[done:], dst[:done])
	}
}
