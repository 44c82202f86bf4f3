package loop

import (
	"math"
	"math/rand/v2"
	"slices"
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
)

// tensor is an operand's memory, with guards around and between its rows.
type tensor struct {
	Operand
	rows, offsets []int // dimensions of the rows; element at which each row begins
	width         int
	memory        []byte
	begin         int // byte of memory at which the operand begins
}

const guard = 0xA5

func newTensor(s *Spec, o Operand, misaligned int) *tensor {
	t := &tensor{Operand: o, rows: s.Rows, width: s.width(o.Class), offsets: []int{0}}
	if o.Class.hasRows() {
		strides := o.Strides
		if strides == nil {
			strides = dense(s.Rows, t.width)
		}
		for i, d := range s.Rows {
			var offsets []int
			for _, offset := range t.offsets {
				for j := range d {
					offsets = append(offsets, offset+j*strides[i])
				}
			}
			t.offsets = offsets
		}
	}
	last := 0
	if len(t.offsets) > 0 {
		last = slices.Max(t.offsets) + t.width
	}
	t.begin = 64 + misaligned*sizeOf(o.Type)
	t.memory = make([]byte, t.begin+last*sizeOf(o.Type)+64)
	for i := range t.memory {
		t.memory[i] = guard
	}
	return t
}

func (t *tensor) pointer() unsafe.Pointer { return unsafe.Pointer(&t.memory[t.begin]) }

// element is where the number for a position of the space lies.
func (t *tensor) element(row, col int) unsafe.Pointer {
	if !t.Class.hasRows() {
		row = 0
	}
	return unsafe.Pointer(&t.memory[t.begin+(t.offsets[row]+col%t.width)*sizeOf(t.Type)])
}

func (t *tensor) get(row, col int) float64 {
	p := t.element(row, col)
	switch t.Type {
	case dtypes.BFloat16:
		return float64((*bfloat16.BFloat16)(p).Float32())
	case dtypes.Float16:
		return float64((*float16.Float16)(p).Float32())
	case dtypes.Int32:
		return float64(*(*int32)(p))
	case dtypes.Uint8, dtypes.Bool:
		return float64(*(*uint8)(p))
	}
	return float64(*(*float32)(p))
}

func (t *tensor) set(row, col int, v float64) {
	p := t.element(row, col)
	switch t.Type {
	case dtypes.BFloat16:
		*(*bfloat16.BFloat16)(p) = bfloat16.FromFloat32(float32(v))
	case dtypes.Float16:
		*(*float16.Float16)(p) = float16.FromFloat32(float32(v))
	case dtypes.Int32:
		*(*int32)(p) = int32(v)
	case dtypes.Uint8, dtypes.Bool:
		*(*uint8)(p) = uint8(v)
	default:
		*(*float32)(p) = float32(v)
	}
}

// fill sets all elements at random, some of them to whole numbers so that comparisons meet equal ones.
func (t *tensor) fill(r *rand.Rand) {
	for row := range t.offsets {
		for col := range t.width {
			v := 2 * r.NormFloat64()
			switch {
			case t.Type == dtypes.Bool:
				v = float64(r.IntN(2))
			case t.Type == dtypes.Uint8:
				v = float64(r.IntN(256))
			case t.Type == dtypes.Int32 || r.IntN(8) == 0:
				v = math.Round(v)
			}
			t.set(row, col, v)
		}
	}
}

// mask tells which bytes of the memory belong to elements.
func (t *tensor) mask() []bool {
	mask := make([]bool, len(t.memory))
	for _, offset := range t.offsets {
		for i := range t.width * sizeOf(t.Type) {
			mask[t.begin+offset*sizeOf(t.Type)+i] = true
		}
	}
	return mask
}

// wrong returns the first element that is not within the error of what it should be, and that.
func (t *tensor) wrong(want []number) (row, col int, expect number, ok bool) {
	for i, n := range want {
		row, col = i/t.width, i%t.width
		got := t.get(row, col)
		low, high := convert(t.Type, n.v-1.001*n.e), convert(t.Type, n.v+1.001*n.e)
		near := t.Type == dtypes.Bool && math.Abs(n.v) <= 1.001*n.e
		if !math.IsInf(n.e, 0) && !near && !(got >= low && got <= high) {
			return row, col, n, true
		}
	}
	return 0, 0, number{}, false
}
