// Conversions between the types of memory and float32.

package loop

import (
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

// sizeOf is the number of bytes of an element, 0 for a type that programs do not know.
func sizeOf(t dtypes.DType) int {
	switch t {
	case dtypes.Float32, dtypes.Int32:
		return 4
	case dtypes.BFloat16, dtypes.Float16:
		return 2
	case dtypes.Uint8, dtypes.Bool:
		return 1
	}
	return 0
}

// reader gives the function that turns len(dst) elements of a type into float32.
func reader(k *vec.Kernels, t dtypes.DType) func(dst []float32, src pointer) {
	switch t {
	case dtypes.BFloat16:
		return readAs(k.FromBF16)
	case dtypes.Float16:
		return readAs(k.FromF16)
	case dtypes.Int32:
		return readAs(k.FromInt32)
	case dtypes.Uint8, dtypes.Bool:
		return readAs(k.FromUint8)
	}
	return func(dst []float32, src pointer) { copy(dst, unsafe.Slice((*float32)(src), len(dst))) }
}

// writer gives the function that turns float32 into elements of a type.
func writer(k *vec.Kernels, t dtypes.DType) func(dst pointer, src []float32) {
	switch t {
	case dtypes.BFloat16:
		return writeAs(k.ToBF16)
	case dtypes.Float16:
		return writeAs(k.ToF16)
	case dtypes.Int32:
		return writeAs(k.ToInt32)
	case dtypes.Uint8:
		return writeAs(toUint8)
	case dtypes.Bool:
		return writeAs(k.ToBool)
	}
	return func(dst pointer, src []float32) { copy(unsafe.Slice((*float32)(dst), len(src)), src) }
}

func readAs[T any](kernel func(dst []float32, src []T)) func(dst []float32, src pointer) {
	return func(dst []float32, src pointer) { kernel(dst, unsafe.Slice((*T)(src), len(dst))) }
}

func writeAs[T any](kernel func(dst []T, src []float32)) func(dst pointer, src []float32) {
	return func(dst pointer, src []float32) { kernel(unsafe.Slice((*T)(dst), len(src)), src) }
}

// toUint8 cuts towards zero; beyond the limits it takes the nearest one, for a NaN 0.
func toUint8(dst []uint8, src []float32) {
	for i := range dst {
		switch x := src[i]; {
		case x >= 255:
			dst[i] = 255
		case x > 0:
			dst[i] = uint8(x)
		default:
			dst[i] = 0
		}
	}
}
