// Operands in memory: where their rows lie, and the steps that load and store them.

package loop

import (
	"math"
	"slices"
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

type pointer = unsafe.Pointer

// operand is a tensor in memory as the steps see it.
type operand struct {
	Operand
	size  int                              // bytes of an element
	dims  []int                            // of the rows; one or none if they lie evenly apart
	read  func(dst []float32, src pointer) // converts elements
	write func(dst pointer, src []float32)
	short bool // elements are converted row by row, all rows of a block at once
}

func newOperand(k *vec.Kernels, o Operand, dims []int) operand {
	one := Spec{Rows: slices.Clone(dims), Operands: []Operand{{Class: o.Class, Strides: slices.Clone(o.Strides)}}}
	if even := mergeRows(one); len(even.Rows) <= 1 {
		dims, o.Strides = even.Rows, even.Operands[0].Strides
	}
	return operand{Operand: o, size: sizeOf(o.Type), dims: dims, read: reader(k, o.Type), write: writer(k, o.Type), short: o.Type == dtypes.BFloat16}
}

// evenly reports whether all rows lie equally far apart.
func (o *operand) evenly() bool { return !o.Class.hasRows() || len(o.dims) <= 1 }

// step is the number of elements from a row to the next one of the last dimension.
func (o *operand) step() int {
	if len(o.Strides) == 0 {
		return 0
	}
	return o.Strides[len(o.Strides)-1]
}

// find gives the first element of a row, and how many rows follow one another a step apart from there on.
func (o *operand) find(row int) (element, count int) {
	if o.evenly() {
		return row * o.step(), math.MaxInt
	}
	last := len(o.dims) - 1
	count = o.dims[last] - row%o.dims[last]
	for d := last; d >= 0; d-- {
		element += row % o.dims[d] * o.Strides[d]
		row /= o.dims[d]
	}
	return element, count
}

// reach is how many rows of how many elements an operand has for the block at hand, and the column at which they begin.
func (w *worker) reach(o *operand) (n, width, col int) {
	n, width = 1, 1
	switch o.Class.inner() {
	case inner:
		width, col = w.cols, w.col
	case onceAPeriod:
		width = w.period
	}
	if o.Class.hasRows() {
		n = w.rows
	}
	return n, width, col
}

// window is an operand of float32 seen as a register, if its rows in the block lie evenly apart.
func (w *worker) window(index int) (view, bool) {
	o := &w.tensors[index]
	n, width, col := w.reach(o)
	if o.Block && w.block.data != nil {
		b := &w.block
		return view{b.data[(w.row-b.row)*b.ld+col-b.col:], b.ld}, true
	}
	first, count := o.find(w.row)
	if n > count || o.Class == Row && n > 1 && o.step() != 1 {
		return view{}, false
	}
	if n*width == 0 {
		return view{}, true
	}
	data := (*float32)(unsafe.Add(w.operands[index], (first+col)*4))
	return view{unsafe.Slice(data, (n-1)*o.step()+width), o.step()}, true
}

// each calls f for runs of elements that are contiguous in memory, with the place of the first in a dense block, and how many
// times the run follows there.
func (w *worker) each(index int, f func(at, count, times int, memory pointer)) {
	o := &w.tensors[index]
	n, width, col := w.reach(o)
	for r := 0; r < n && width > 0; {
		first, count := o.find(w.row + r)
		count = min(count, n-r)
		lines, length, times := count, width, 1
		switch o.step() {
		case width:
			lines, length = 1, count*width
		case 0:
			lines, times = 1, count
		}
		for line := range lines {
			f(r*width+line*length, length, times, unsafe.Add(w.operands[index], (first+line*o.step()+col)*o.size))
		}
		r += count
	}
}

// shorts is where the rows of an operand of 16-bit elements lie for the block at hand, as many as can be one together with those of a
// register.
func (w *worker) shorts(index int, v *view) (first *uint16, ld, n, width int) {
	o := &w.tensors[index]
	n, width, col := w.reach(o)
	row, _ := o.find(w.row)
	first, ld = (*uint16)(unsafe.Add(w.operands[index], (row+col)*o.size)), o.step()
	if ld == width {
		n, width = lines(n, width, v)
	}
	return first, ld, n, width
}

// load makes a register of an operand: the memory itself if it can be, else a copy.
type load struct {
	header
	operand int
	copies  bool // never the memory itself
}

func (t *load) run(w *worker) {
	o := &w.tensors[t.operand]
	if o.Type == dtypes.Float32 && !t.copies {
		if v, ok := w.window(t.operand); ok {
			w.views[t.out] = v
			return
		}
	}
	dst, _, _ := w.target(&t.header)
	if o.short && o.evenly() {
		first, ld, n, width := w.shorts(t.operand, dst)
		w.kernels.FromBF16Rows(dst.first(), dst.ld, first, ld, n, width)
		return
	}
	w.each(t.operand, func(at, count, times int, memory pointer) {
		run := dst.data[at : at+count]
		o.read(run, memory)
		repeat(dst.data[at:at+count*times], run)
	})
}

// store writes a register of its operand's class.
type store struct {
	header
	operand int
}

func (t *store) run(w *worker) {
	x, o := &w.views[t.in[0]], &w.tensors[t.operand]
	n, width, _ := w.reach(o)
	if o.short && o.evenly() {
		first, ld, n, width := w.shorts(t.operand, x)
		w.kernels.ToBF16Rows(first, ld, x.first(), x.ld, n, width)
		return
	}
	w.each(t.operand, func(at, count, _ int, memory pointer) {
		if n == 1 || x.ld == width {
			o.write(memory, x.data[at:at+count])
			return
		}
		for done := 0; done < count; done += width {
			o.write(unsafe.Add(memory, done*o.size), x.row((at+done)/width, width))
		}
	})
}
