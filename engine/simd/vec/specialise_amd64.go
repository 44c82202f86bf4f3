// What the generated kernels need around them: blocks for sums, remainders for conversions, edges for transposes.

package vec

import (
	"unsafe"

	"videomae/engine/simd/isa"
)

//go:generate go run ../gen/vec avx2
//go:generate go run ../gen/vec avx512

// specialise replaces the portable kernels by those that the level has.
func (k *Kernels) specialise(level isa.Level) {
	switch {
	case level >= isa.AVX512:
		k.avx512()
		k.byRow()
		k.avx512Rows()
	case level >= isa.AVX2:
		k.avx2()
		k.byRow()
		k.avx2Rows()
	default:
		return
	}
	dot := k.Dot
	k.SumSquares = func(x []float32) float32 { return dot(x, x) }
}

// block is the longest slice that is summed in float32. With the terms spread over 64 lanes or more that is at most 16
// additions one after the other, and 6 to fold the lanes. Blocks are summed in float64.
const block = 1024

func blockwise(sum func(x []float32) float32) func(x []float32) float32 {
	return func(x []float32) float32 {
		var total float64
		for ; len(x) > block; x = x[block:] {
			total += float64(sum(x[:block]))
		}
		return float32(total + float64(sum(x)))
	}
}

func blockwise2(dot func(x, y []float32) float32) func(x, y []float32) float32 {
	return func(x, y []float32) float32 {
		var total float64
		for ; len(x) > block; x, y = x[block:], y[block:] {
			total += float64(dot(x[:block], y))
		}
		return float32(total + float64(dot(x, y)))
	}
}

// flat makes a conversion of rows one of slices.
func flat[D, S any](convert func(dst *D, ldd int, src *S, lds int, rows, width int)) func(dst []D, src []S) {
	return func(dst []D, src []S) { convert(unsafe.SliceData(dst), 0, unsafe.SliceData(src), 0, 1, len(dst)) }
}

// short2 has rows of up to a block summed by one kernel, longer ones by another; short3 too.
func short2(kernel, longer Rows2) Rows2 {
	return func(dst *float32, ldd int, x *float32, ldx int, rows, width int) {
		if width > block {
			longer(dst, ldd, x, ldx, rows, width)
			return
		}
		kernel(dst, ldd, x, ldx, rows, width)
	}
}

func short3(kernel, longer Rows3) Rows3 {
	return func(dst *float32, ldd int, x *float32, ldx int, y *float32, ldy int, rows, width int) {
		if width > block {
			longer(dst, ldd, x, ldx, y, ldy, rows, width)
			return
		}
		kernel(dst, ldd, x, ldx, y, ldy, rows, width)
	}
}

// pieces converts 16 elements at a time, and the remainder one by one.
func pieces[D, S any](vector, portable func(dst []D, src []S)) func(dst []D, src []S) {
	return func(dst []D, src []S) {
		vector(dst, src)
		if whole := len(dst) &^ 15; whole < len(dst) {
			portable(dst[whole:], src[whole:])
		}
	}
}

// tiled transposes by bands of rows that a vector of so many bytes holds, and groups of columns that 16 bytes hold, four of
// which make a cache line.
func tiled[T float32 | uint16](tile func(dst *T, ldd int, src *T, lds int, bands, groups int), bytes int) func(dst []T, ldd int, src []T, lds int, rows, cols int) {
	var element T
	size := int(unsafe.Sizeof(element))
	high, wide := bytes/size, 16/size
	return func(dst []T, ldd int, src []T, lds int, rows, cols int) {
		below, right := rows/high*high, cols/wide*wide
		for left := 0; left < right && below > 0; left += 4 * wide {
			tile(&dst[left*ldd], ldd, &src[left], lds, below/high, min(4, (right-left)/wide))
		}
		if below < rows && right > 0 {
			transpose(dst[below:], ldd, src[below*lds:], lds, rows-below, right)
		}
		if right < cols && rows > 0 {
			transpose(dst[right*ldd:], ldd, src[right:], lds, rows, cols-right)
		}
	}
}
