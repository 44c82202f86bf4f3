// What becomes of sums that wait in scratch memory.

package tile

import "unsafe"

// Store writes rows x cols of sums, rows ld float32 apart, as elements of a type, rounding to the nearest bfloat16, ties to
// even. The rows of dst are row elements apart.
func (k *Kernels) Store(dst unsafe.Pointer, to Type, row int, sums []float32, ld, rows, cols int) {
	if to == F32 {
		for i := range rows {
			copy(unsafe.Slice((*float32)(unsafe.Add(dst, i*row*to.Size())), cols), sums[i*ld:])
		}
		return
	}
	from, even := Operand{unsafe.Pointer(unsafe.SliceData(sums)), F32, ld, 1}, cols&^1
	k.lay(place{dst, row * to.Size(), Word}, Pair, from, rows, even)
	for i := range rows * (cols - even) {
		*(*uint16)(unsafe.Add(dst, (i*row+even)*to.Size())) = uint16(from.word(Pair, i, even/2, cols))
	}
}
