// The portable kernels of several operations. Conversions keep compilers from rounding a product and a sum together.

package vec

import "math"

func affine(dst, x []float32, s, t float32) {
	for i := range dst {
		dst[i] = fma(x[i], s, t)
	}
}

func affineSqrt(dst, x []float32, s, t float32) {
	for i := range dst {
		dst[i] = fma(float32(math.Sqrt(float64(x[i]))), s, t)
	}
}

func blend(dst, x []float32, s float32, y []float32, t float32) {
	for i := range dst {
		dst[i] = fma(y[i], t, float32(x[i]*s))
	}
}

func blendSquare(dst, x []float32, s float32, y []float32, t float32) {
	for i := range dst {
		dst[i] = fma(float32(y[i]*y[i]), t, float32(x[i]*s))
	}
}

func addQuotient(dst, x []float32, s float32, y []float32, t float32, z []float32) {
	for i := range dst {
		dst[i] = fma(x[i], s, float32(float32(y[i]*t)/z[i]))
	}
}
