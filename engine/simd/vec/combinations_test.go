package vec

import (
	"math"
	"testing"
)

// Combinations give what their operations give one after the other, to the last bit.
func TestCombinations(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range lengths {
			x, y, z := numbers(n, 1), numbers(n, 2), numbers(n, 3)
			dst := guard[float32](n, 77)
			scalars := [][2]float32{{0.3, -1.7}, {0, 1}, {float32(math.Inf(1)), 1e-30}, {-2, float32(math.NaN())}}[n%4]
			s, u := scalars[0], scalars[1]
			check := func(what string, want func(i int) float32) {
				t.Helper()
				dst.check(t, what)
				for i, got := range dst.inner() {
					if !same(got, want(i)) {
						t.Fatalf("%s of %v, %v and %v with %v and %v is %v, want %v", what, x[i], y[i], z[i], s, u, got, want(i))
					}
				}
			}
			k.Affine(dst.inner(), x, s, u)
			check("Affine", func(i int) float32 { return exactFMA(x[i], s, u) })
			k.AffineSqrt(dst.inner(), x, s, u)
			check("AffineSqrt", func(i int) float32 { return exactFMA(float32(math.Sqrt(float64(x[i]))), s, u) })
			k.Blend(dst.inner(), x, s, y, u)
			check("Blend", func(i int) float32 { return exactFMA(y[i], u, float32(x[i]*s)) })
			k.BlendSquare(dst.inner(), x, s, y, u)
			check("BlendSquare", func(i int) float32 { return exactFMA(float32(y[i]*y[i]), u, float32(x[i]*s)) })
			k.AddQuotient(dst.inner(), x, s, y, u, z)
			check("AddQuotient", func(i int) float32 { return exactFMA(x[i], s, float32(float32(y[i]*u)/z[i])) })
			first := append([]float32(nil), x...)
			k.AddQuotient(first, first, 2, y, 3, z)
			k.AddQuotient(dst.inner(), x, 2, y, 3, z)
			for i := range first {
				if !same(first[i], dst.inner()[i]) {
					t.Fatalf("AddQuotient in place of x gives %v, elsewhere %v", first[i], dst.inner()[i])
				}
			}
		}
	})
}
