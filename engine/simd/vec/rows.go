// Kernels over rows for operations that have none of their own: one row after the other.

package vec

import "unsafe"

// Rows2 to Rows4 are functions of one to three matrices. Of each they are given the first element, and how many elements lie from row to
// row.
type (
	Rows2 = func(dst *float32, ldd int, x *float32, ldx int, rows, width int)
	Rows3 = func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, rows, width int)
	Rows4 = func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, z *float32, ldz int, rows, width int)
)

// row gives a row of a matrix.
func row[T float32 | uint16](first *T, ld, r, width int) []T {
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(first), int(unsafe.Sizeof(*first))*ld*r)), width)
}

// at gives the number of a row.
func at(first *float32, ld, r int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(first), 4*ld*r))
}

// byRow derives the kernels over rows from those over slices.
func (k *Kernels) byRow() {
	for op := range numBinary {
		k.BinaryRows[op] = binaryRows(k.Binary[op])
		k.RightRows[op] = rightRows(k.BinaryScalarRight[op])
	}
	k.MulAddRows = mulAddRows(k.MulAdd)
	k.AddScaledRows = addScaledRows(k.AddScaled)
	k.SumRows = sumRows(k.Sum)
	k.DotRows = dotRows(k.Dot)
	k.FromBF16Rows = convertRows(k.FromBF16)
	k.ToBF16Rows = convertRows(k.ToBF16)
}

func binaryRows(f func(dst, x, y []float32)) Rows3 {
	return func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, rows, width int) {
		for r := range rows {
			f(row(dst, ldd, r, width), row(x, ldx, r, width), row(y, ldy, r, width))
		}
	}
}

func rightRows(f func(dst, x []float32, y float32)) Rows3 {
	return func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, rows, width int) {
		for r := range rows {
			f(row(dst, ldd, r, width), row(x, ldx, r, width), *at(y, ldy, r))
		}
	}
}

func mulAddRows(f func(dst, x, y, z []float32)) Rows4 {
	return func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, z *float32, ldz int, rows, width int) {
		for r := range rows {
			f(row(dst, ldd, r, width), row(x, ldx, r, width), row(y, ldy, r, width), row(z, ldz, r, width))
		}
	}
}

func addScaledRows(f func(dst, x []float32, s float32, y []float32)) Rows4 {
	return func(dst *float32, ldd int, x *float32, ldx int, s *float32, lds int, y *float32, ldy int, rows, width int) {
		for r := range rows {
			f(row(dst, ldd, r, width), row(x, ldx, r, width), *at(s, lds, r), row(y, ldy, r, width))
		}
	}
}

func sumRows(f func(x []float32) float32) Rows2 {
	return func(dst *float32, ldd int, x *float32, ldx int, rows, width int) {
		for r := range rows {
			*at(dst, ldd, r) = f(row(x, ldx, r, width))
		}
	}
}

func dotRows(f func(x, y []float32) float32) Rows3 {
	return func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, rows, width int) {
		for r := range rows {
			*at(dst, ldd, r) = f(row(x, ldx, r, width), row(y, ldy, r, width))
		}
	}
}

func convertRows[D, S float32 | uint16](f func(dst []D, src []S)) func(dst *D, ldd int, src *S, lds int, rows, width int) {
	return func(dst *D, ldd int, src *S, lds int, rows, width int) {
		for r := range rows {
			f(row(dst, ldd, r, width), row(src, lds, r, width))
		}
	}
}
