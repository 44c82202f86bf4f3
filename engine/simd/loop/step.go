// What a program consists of: steps, each a vector kernel's work on one block, between registers.

package loop

import "unsafe"

// step is one instruction. It computes one register from others, or writes memory.
type step interface {
	run(w *worker)
	head() *header
}

// header is what all steps have.
type header struct {
	class Class // of what it computes
	in    []int // registers that it reads
	out   int   // register that it computes, none for a step that writes memory
	spare int   // register that it uses up, or none
}

const none = -1

func (h *header) head() *header { return h }

// register is a value of a program at run time.
type register struct {
	class    Class
	once     bool      // computed before the blocks, and kept for all of them
	constant []float32 // its only number, if known when the program is made
	operand  int       // memory that it is a window of, or none
	offset   int       // of its own memory, in the worker's
}

// view is where a register lies: row r begins at data[r*ld]. What is the same in all rows has an ld of 0.
type view struct {
	data []float32
	ld   int
}

func (v *view) row(r, width int) []float32 { return v.data[r*v.ld : r*v.ld+width] }

// first is where the view begins.
func (v *view) first() *float32 { return unsafe.SliceData(v.data) }

// lines cuts n rows of a width into what can be done at once: all of it, if they follow one another in every view.
func lines(n, width int, views ...*view) (int, int) {
	for _, v := range views {
		if n > 1 && v.ld != width {
			return n, width
		}
	}
	return 1, n * width
}

// single reports whether a value of class c is a single number for each row of class d.
func (c Class) single(d Class) bool {
	return c.inner() == 0 && d.inner() != 0 || c == Scalar && d == Row
}

// worker is the state of one thread of a program.
type worker struct {
	*Program
	views    []view // of each register
	operands []pointer
	memory   []float32 // of the registers
	shared   []float32 // of the parts of sums along the rows
	totals   []float64 // of the task at hand, for each sink of a single number

	row, rows int // the block at hand
	col, cols int
	share     int // of the rows, numbered: where its column sums go

	block struct { // values of the operand that Block is given
		view
		row, col int // where they begin
	}

	number [1]float32 // a result on its way to memory
	_      [128]byte  // keeps other workers' fields off the last cache lines
}

// extent is how many rows of how many numbers a register has for the block at hand. A register of class Row has one row.
func (w *worker) extent(c Class) (n, width int) {
	n, width = 1, 1
	switch c.inner() {
	case inner:
		width = w.cols
	case onceAPeriod:
		width = w.period
	}
	switch {
	case c == Row:
		width = w.rows
	case c.hasRows():
		n = w.rows
	}
	return n, width
}

// target sets the view of a step's register, and says how many rows of how many numbers are to be computed.
func (w *worker) target(h *header) (dst *view, n, width int) {
	dst = &w.views[h.out]
	n, width = w.extent(h.class)
	r := &w.registers[h.out]
	if r.operand != none {
		*dst, _ = w.window(r.operand)
		return dst, n, width
	}
	dst.data = w.memory[r.offset:][:n*width]
	switch {
	case h.class == Row:
		dst.ld = 1
	case h.class.hasRows():
		dst.ld = width
	}
	return dst, n, width
}

// spare is the memory that a step uses up.
func (w *worker) spare(h *header) []float32 {
	n, width := w.extent(w.registers[h.spare].class)
	return w.memory[w.registers[h.spare].offset:][:n*width]
}
