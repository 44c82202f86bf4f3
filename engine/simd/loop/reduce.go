// The steps that reduce: along a row, along the repeats of a tile, along the rows.

package loop

import (
	"math"
	"unsafe"

	"videomae/engine/simd/vec"
)

// identity is the reduction of nothing.
func (r Reduction) identity() float64 {
	return [...]float64{Sum: 0, Product: 1, Max: math.Inf(-1), Min: math.Inf(1)}[r]
}

// of gives the kernel that reduces the numbers of its first slice.
func (r Reduction) of(k *vec.Kernels) func(x, _ []float32) float32 {
	kernel := [...]func(x []float32) float32{Sum: k.Sum, Product: k.Product, Max: k.Max, Min: k.Min}[r]
	return func(x, _ []float32) float32 { return kernel(x) }
}

// pairs gives the kernel that combines two slices.
func (r Reduction) pairs(k *vec.Kernels) func(dst, x, y []float32) {
	return k.Binary[[...]vec.Binary{Sum: vec.Add, Product: vec.Mul, Max: vec.Max, Min: vec.Min}[r]]
}

func (r Reduction) combine(x, y float64) float64 {
	switch r {
	case Sum:
		return x + y
	case Product:
		return x * y
	case Max:
		return max(x, y)
	}
	return min(x, y)
}

// fold combines n rows of x into one, as a balanced tree so that rounding errors stay small. It returns the row, in x if n is
// 1 and else in spare, which holds (n+1)/2 rows and may be where x lies.
func fold(kernel func(dst, x, y []float32), spare []float32, x view, n, width int) []float32 {
	for n > 1 {
		half := n / 2
		if x.ld == width {
			kernel(spare[:half*width], x.data, x.data[(n-half)*width:])
		} else {
			for r := range half {
				kernel(spare[r*width:(r+1)*width], x.row(r, width), x.row(n-half+r, width))
			}
		}
		if n -= half; n > half { // the row in the middle
			copy(spare[half*width:], x.row(half, width))
		}
		x = view{spare, width}
	}
	return x.row(0, width)
}

// dotRow sums each row of the product of two values.
type dotRow struct {
	header
	kernel vec.Rows3
}

func (t *dotRow) run(w *worker) {
	dst, _, n := w.target(&t.header)
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	t.kernel(dst.first(), 1, x.first(), x.ld, y.first(), y.ld, n, w.cols)
}

// sumRow sums each row.
type sumRow struct {
	header
	kernel vec.Rows2
}

func (t *sumRow) run(w *worker) {
	dst, _, n := w.target(&t.header)
	x := &w.views[t.in[0]]
	t.kernel(dst.first(), 1, x.first(), x.ld, n, w.cols)
}

// reduceRow makes one number of each row.
type reduceRow struct {
	header
	kernel func(x, y []float32) float32
}

func (t *reduceRow) run(w *worker) {
	dst, _, n := w.target(&t.header)
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	for r := range n {
		dst.data[r] = t.kernel(x.row(r, w.cols), y.row(r, w.cols))
	}
}

// reduceTile combines the repeats of a period in each row.
type reduceTile struct {
	header
	reduce Reduction
	kernel func(dst, x, y []float32)
}

func (t *reduceTile) run(w *worker) {
	dst, n, width := w.target(&t.header)
	x, spare := &w.views[t.in[0]], w.spare(&t.header)
	for r := range n {
		if w.cols == 0 {
			w.kernels.Fill(dst.row(r, width), float32(t.reduce.identity()))
			continue
		}
		copy(dst.row(r, width), fold(t.kernel, spare, view{x.row(r, w.cols), width}, w.cols/width, width))
	}
}

// sink is a reduction along the rows, in parts that are combined in the end: one for each share of the rows, or for each task
// if it is of a single number.
type sink struct {
	operand int
	reduce  Reduction
	class   Class     // of the operand
	numbers []float64 // of a single number: the parts
	offset  int       // of rows: where the parts lie in the memory that the workers share
	width   int       // of rows: the length of one
}

// total reduces a block of one value or two to a number.
type total struct {
	header
	sink   int
	kernel func(x, y []float32) float32
}

func (t *total) run(w *worker) {
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	n, width := w.extent(t.class)
	n, width = lines(n, width, x, y)
	reduce := w.sinks[t.sink].reduce
	for r := range n {
		w.totals[t.sink] = reduce.combine(w.totals[t.sink], float64(t.kernel(x.row(r, width), y.row(r, width))))
	}
}

// columns reduces the rows of a block to one.
type columns struct {
	header
	sink   int
	kernel func(dst, x, y []float32)
}

func (t *columns) run(w *worker) {
	n, width := w.extent(t.class)
	row := fold(t.kernel, w.spare(&t.header), w.views[t.in[0]], n, width)
	part := w.part(t.sink)
	t.kernel(part, part, row)
}

// products sums the rows of the product of two values.
type products struct {
	header
	sink        int
	mul, add    func(dst, x, y []float32)
	multiplyAdd vec.Rows4
}

func (t *products) run(w *worker) {
	n, width := w.extent(t.class)
	x, y := &w.views[t.in[0]], &w.views[t.in[1]]
	row := w.spare(&t.header)[:width]
	t.mul(row, x.row(0, width), y.row(0, width))
	if n > 1 {
		sum := unsafe.SliceData(row)
		t.multiplyAdd(sum, 0, &x.data[x.ld], x.ld, &y.data[y.ld], y.ld, sum, 0, n-1, width)
	}
	part := w.part(t.sink)
	t.add(part, part, row)
}

// part is where the reduction of the columns at hand goes.
func (w *worker) part(index int) []float32 {
	s := &w.sinks[index]
	part := w.shared[s.offset+w.share*s.width:][:s.width]
	if s.class == Col {
		return part[w.col : w.col+w.cols]
	}
	return part
}

// sum combines the parts of a reduction to rows.
func (w *worker) sum(s *sink) []float32 {
	parts := w.shared[s.offset:]
	if w.shares == 0 {
		w.kernels.Fill(parts[:s.width], float32(s.reduce.identity()))
	}
	return fold(s.reduce.pairs(w.kernels), parts, view{parts, s.width}, w.shares, s.width)
}
