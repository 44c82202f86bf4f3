package vec

import (
	"math"
	"math/big"
	"testing"
)

var binaryExact = [numBinary]func(x, y float64) float64{
	Add:          func(x, y float64) float64 { return x + y },
	Sub:          func(x, y float64) float64 { return x - y },
	Mul:          func(x, y float64) float64 { return x * y },
	Div:          func(x, y float64) float64 { return x / y },
	Max:          math.Max,
	Min:          math.Min,
	Pow:          math.Pow,
	Rem:          math.Mod,
	Atan2:        math.Atan2,
	Less:         func(x, y float64) float64 { return bound(x < y) },
	LessEqual:    func(x, y float64) float64 { return bound(x <= y) },
	Equal:        func(x, y float64) float64 { return bound(x == y) },
	NotEqual:     func(x, y float64) float64 { return bound(x != y) },
	Greater:      func(x, y float64) float64 { return bound(x > y) },
	GreaterEqual: func(x, y float64) float64 { return bound(x >= y) },
	And:          math.Min,
	Or:           math.Max,
	Xor:          func(x, y float64) float64 { return math.Abs(x - y) },
}

func TestBinary(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for op := range numBinary {
			for _, n := range lengths {
				make := numbers
				if op == And || op == Or || op == Xor {
					make = masks
				}
				checkBinary(t, k, op, make(n, uint64(n)), make(n, uint64(n+1)))
			}
		}
	})
}

// wantBinary is the float32 nearest to the exact result, but for what float64's functions take for special: their maximum of
// an infinity and a NaN is not a NaN.
func wantBinary(op Binary, x, y float32) float32 {
	if (op == Max || op == Min) && (x != x || y != y) {
		return float32(math.NaN())
	}
	return float32(binaryExact[op](float64(x), float64(y)))
}

func checkBinary(t *testing.T, k *Kernels, op Binary, x, y []float32) {
	t.Helper()
	n := len(x)
	dst := guard[float32](n, 77)
	check := func(form string, right func(i int) bool) {
		t.Helper()
		dst.check(t, caseName(op, n)+form)
		for i, got := range dst.inner() {
			if !right(i) {
				t.Fatalf("%v%s of %v and %v is %v", op, form, x[i], y[i], got)
			}
		}
	}
	k.Binary[op](dst.inner(), x, y)
	check("", func(i int) bool { return same(dst.inner()[i], wantBinary(op, x[i], y[i])) })
	first := append([]float32(nil), x...)
	k.Binary[op](first, first, y)
	check(" in place of x", func(i int) bool { return same(dst.inner()[i], first[i]) })
	second := append([]float32(nil), y...)
	k.Binary[op](second, x, second)
	check(" in place of y", func(i int) bool { return same(dst.inner()[i], second[i]) })
	for _, s := range append(x[:min(n, 3):min(n, 3)], float32(math.NaN()), 2) {
		if op == And || op == Or || op == Xor {
			s = float32(bound(s == 1))
		}
		k.BinaryScalarRight[op](dst.inner(), x, s)
		check(" with a scalar", func(i int) bool { return same(dst.inner()[i], wantBinary(op, x[i], s)) })
		k.BinaryScalarLeft[op](dst.inner(), s, y)
		check(" of a scalar", func(i int) bool { return same(dst.inner()[i], wantBinary(op, s, y[i])) })
	}
}

// exactFMA is x*y + z, rounded once.
func exactFMA(x, y, z float32) float32 {
	a, b, c := float64(x), float64(y), float64(z)
	if plain := a*b + c; plain == 0 || math.IsInf(plain, 0) || plain != plain {
		return float32(plain)
	}
	sum := new(big.Float).SetPrec(2000).SetFloat64(a)
	sum.Mul(sum, big.NewFloat(b)).Add(sum, big.NewFloat(c))
	rounded, _ := sum.Float32()
	return rounded
}

func TestTernaries(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range lengths {
			x, y, z, mask := numbers(n, 1), numbers(n, 2), numbers(n, 3), masks(n, 4)
			dst := guard[float32](n, 77)
			check := func(what string, want func(i int) float32) {
				t.Helper()
				dst.check(t, what)
				for i, got := range dst.inner() {
					if !same(got, want(i)) {
						t.Fatalf("%s of %v, %v and %v is %v, want %v", what, x[i], y[i], z[i], got, want(i))
					}
				}
			}
			k.MulAdd(dst.inner(), x, y, z)
			check("MulAdd", func(i int) float32 { return exactFMA(x[i], y[i], z[i]) })
			k.AddScaled(dst.inner(), x, 0.3, y)
			check("AddScaled", func(i int) float32 { return exactFMA(0.3, y[i], x[i]) })
			k.Where(dst.inner(), mask, x, y)
			check("Where", func(i int) float32 {
				if mask[i] != 0 {
					return x[i]
				}
				return y[i]
			})
			k.Fill(dst.inner(), -3)
			check("Fill", func(int) float32 { return -3 })
		}
	})
}

// TestRoundedOnce has sums that lie just beside the middle between two float32, where a rounding to float64 first goes wrong.
func TestRoundedOnce(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, c := range [][4]float32{
			{1 + 0x1p-23, 1 + 0x1p-23, 0x1p30, 0x1p30},
			{0x1p-30, 0x1p-40, 1 + 0x1p-23, 1 + 0x1p-23},
			{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-80, 1 + 0x1p-11 + 0x1p-23},
			{1 + 0x1p-12, 1 + 0x1p-12, -0x1p-80, 1 + 0x1p-11},
			{-1 - 0x1p-12, 1 + 0x1p-12, 0x1p-80, -1 - 0x1p-11},
			{0x1p-100, 0x1p-49, 0x1p-149, 0x1p-148},
		} {
			dst := []float32{0}
			k.MulAdd(dst, c[:1], c[1:2], c[2:3])
			if dst[0] != c[3] || c[3] != exactFMA(c[0], c[1], c[2]) {
				t.Errorf("%v*%v + %v is %v, want %v", c[0], c[1], c[2], dst[0], c[3])
			}
		}
	})
}
