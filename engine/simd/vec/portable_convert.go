// The portable conversions and transposes.

package vec

import "math"

func fromBF16(dst []float32, src []uint16) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}
}

func toBF16(dst []uint16, src []float32) {
	for i := range dst {
		dst[i] = bf16(src[i])
	}
}

func roundBF16(dst, src []float32) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(bf16(src[i])) << 16)
	}
}

func bf16(x float32) uint16 {
	bits := math.Float32bits(x)
	if x != x {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

func fromF16(dst []float32, src []uint16) {
	for i := range dst {
		bits := uint32(src[i])
		sign, magnitude := bits&0x8000<<16, bits&0x7fff<<13
		switch {
		case bits&0x7fff > 0x7c00: // NaN
			magnitude |= 0x7fc00000
		case bits&0x7fff == 0x7c00: // infinity
			magnitude = 0x7f800000
		default: // the exponent's offset is made up for by a product, which is exact and sets denormals right
			magnitude = math.Float32bits(math.Float32frombits(magnitude) * 0x1p112)
		}
		dst[i] = math.Float32frombits(sign | magnitude)
	}
}

func toF16(dst []uint16, src []float32) {
	for i := range dst {
		dst[i] = f16(src[i])
	}
}

func f16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign, magnitude := uint16(bits>>16&0x8000), bits&0x7fffffff
	switch {
	case x != x:
		return sign | 0x7e00 | uint16(magnitude>>13&0x1ff)
	case magnitude >= 0x477ff000: // 65520, from which on all round to infinity
		return sign | 0x7c00
	case magnitude < 0x38800000: // 2^-14: a denormal, counted in steps of 2^-24
		return sign | uint16(math.RoundToEven(math.Abs(float64(x))*0x1p24))
	}
	return sign | uint16((magnitude-112<<23+0xfff+magnitude>>13&1)>>13)
}

func fromNumber[T uint8 | int32](dst []float32, src []T) {
	for i := range dst {
		dst[i] = float32(src[i])
	}
}

func toInt32(dst []int32, src []float32) {
	for i := range dst {
		switch x := src[i]; {
		case x != x:
			dst[i] = 0
		case x >= 0x1p31:
			dst[i] = math.MaxInt32
		case x < -0x1p31:
			dst[i] = math.MinInt32
		default:
			dst[i] = int32(x)
		}
	}
}

func toBool(dst []uint8, src []float32) {
	for i := range dst {
		dst[i] = 0
		if src[i] != 0 {
			dst[i] = 1
		}
	}
}

func transpose[T float32 | uint16](dst []T, ldd int, src []T, lds int, rows, cols int) {
	const block = 16 // its rows of both matrices stay in the cache
	for left := 0; left < cols; left += block {
		for r := range rows {
			for c := left; c < min(left+block, cols); c++ {
				dst[c*ldd+r] = src[r*lds+c]
			}
		}
	}
}
