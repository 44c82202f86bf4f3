// Tensors where the caller has them.

package attention

import (
	"unsafe"

	"videomae/engine/simd/tile"
)

// tensor is one head of one sequence: rows of width elements, stride elements apart.
type tensor struct {
	at            unsafe.Pointer
	typ           tile.Type
	stride, width int
}

func (p *Problem) head(at unsafe.Pointer, s Strides, batch, head int) tensor {
	offset := (batch*s.Batch + head*s.Head) * p.Type.Size()
	return tensor{unsafe.Add(at, offset), p.Type, s.Token, p.HeadDim}
}

func (t tensor) row(i int) unsafe.Pointer { return unsafe.Add(t.at, i*t.stride*t.typ.Size()) }

// rows is the matrix from row first on, for sums along its rows.
func (t tensor) rows(first int) tile.Operand {
	return tile.Operand{Data: t.row(first), Type: t.typ, Lane: t.stride, Step: 1}
}

// columns is the transposed matrix from row first on, for sums along its columns.
func (t tensor) columns(first int) tile.Operand {
	return tile.Operand{Data: t.row(first), Type: t.typ, Lane: 1, Step: t.stride}
}

// floats is the part of a tensor of float32 that n rows span.
func (t tensor) floats(first, n int) []float32 {
	return unsafe.Slice((*float32)(t.row(first)), (n-1)*t.stride+t.width)
}

// halves is a row of a tensor of bfloat16.
func (t tensor) halves(i int) []uint16 { return unsafe.Slice((*uint16)(t.row(i)), t.width) }

// writeTransposed writes n > 0 rows from the first n columns of a panel; memory holds a panel.
func (k *kernels) writeTransposed(t tensor, first, n int, panel, memory []float32) {
	if t.typ == tile.F32 {
		k.vec.Transpose32(t.floats(first, n), t.stride, panel, k.lanes, t.width, n)
		return
	}
	k.vec.Transpose32(memory, t.width, panel, k.lanes, t.width, n)
	k.write(t, first, n, memory, t.width)
}

// write writes n rows that are ld apart.
func (k *kernels) write(t tensor, first, n int, rows []float32, ld int) {
	k.Store(t.row(first), t.typ, t.stride, rows, ld, n, t.width)
}

// dot is the scalar product of row i of two tensors; memory holds two rows.
func (k *kernels) dot(x, y tensor, i int, memory []float32) float32 {
	if x.typ == tile.F32 {
		return k.vec.Dot(x.floats(i, 1), y.floats(i, 1))
	}
	a, b := memory[:x.width], memory[x.width:][:x.width]
	k.vec.FromBF16(a, x.halves(i))
	k.vec.FromBF16(b, y.halves(i))
	return k.vec.Dot(a, b)
}
