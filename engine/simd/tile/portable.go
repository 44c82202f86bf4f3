// The product in plain Go.

package tile

import (
	"unsafe"

	"videomae/engine/simd/isa"
)

// The portable tile has as few sums as the registers of any CPU hold.
const portableRows, portableCols = 2, 4

func portable() *Kernels {
	return &Kernels{Level: isa.Portable, NR: portableCols, F32: Product{multiply, portableRows, 8, peak}}
}

func multiply(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool) {
	for i := 0; i < rows; i += portableRows {
		upper := unsafe.Add(a, i*aRow)
		lower := unsafe.Add(a, min(i+1, rows-1)*aRow)
		first, second := sums(steps, upper, lower, aStep, b, bStep)
		store(unsafe.Add(unsafe.Pointer(c), i*ldc*Word), first, alpha, load)
		if i+1 < rows {
			store(unsafe.Add(unsafe.Pointer(c), (i+1)*ldc*Word), second, alpha, load)
		}
	}
}

// sums are those of two rows.
func sums(steps int, upper, lower unsafe.Pointer, aStep int, b unsafe.Pointer, bStep int) (first, second [portableCols]float32) {
	var u0, u1, u2, u3, l0, l1, l2, l3 float32
	for p := range steps {
		u, l := *(*float32)(unsafe.Add(upper, p*aStep)), *(*float32)(unsafe.Add(lower, p*aStep))
		b := (*[portableCols]float32)(unsafe.Add(b, p*bStep))
		u0, u1, u2, u3 = u0+u*b[0], u1+u*b[1], u2+u*b[2], u3+u*b[3]
		l0, l1, l2, l3 = l0+l*b[0], l1+l*b[1], l2+l*b[2], l3+l*b[3]
	}
	return [portableCols]float32{u0, u1, u2, u3}, [portableCols]float32{l0, l1, l2, l3}
}

func store(c unsafe.Pointer, sums [portableCols]float32, alpha float32, load bool) {
	to := (*[portableCols]float32)(c)
	for j, sum := range sums {
		if load {
			to[j] += alpha * sum
		} else {
			to[j] = alpha * sum
		}
	}
}

// peak multiplies the same few zeros again and again.
func peak(steps int) {
	var c [portableRows * portableCols]float32
	zero := unsafe.Pointer(&c)
	multiply(portableRows, steps, zero, 0, 0, zero, 0, &c[0], portableCols, 1, false)
}
