package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sumLengths adds lengths about the size of a block and of a large tensor.
var sumLengths = append([]int{2047, 2048, 2049, 2_000_003}, lengths...)

func TestSums(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range sumLengths {
			x, y := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i], y[i] = float32(random.NormFloat64())+1, float32(random.NormFloat64())-0.5
			}
			checkSum(t, "Sum", n, k.Sum(x), func(i int) float64 { return float64(x[i]) })
			checkSum(t, "SumSquares", n, k.SumSquares(x), func(i int) float64 { return float64(x[i]) * float64(x[i]) })
			checkSum(t, "Dot", n, k.Dot(x, y), func(i int) float64 { return float64(x[i]) * float64(y[i]) })
		}
	})
}

func checkSum(t *testing.T, what string, n int, got float32, term func(i int) float64) {
	t.Helper()
	var want, magnitude float64
	for i := range n {
		want += term(i)
		magnitude += math.Abs(term(i))
	}
	if d := math.Abs(float64(got) - want); d > 1e-6*magnitude || got != got {
		t.Errorf("%s of %d is %v, want %v: off by %.2g of the magnitudes", what, n, got, want, d/magnitude)
	}
}

// TestSumOfEqualTerms: the partial sums grow as long as they can, and all roundings go the same way.
func TestSumOfEqualTerms(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range sumLengths {
			for _, v := range []float32{0.1, 1.9999999, 1.3} {
				x := make([]float32, n)
				k.Fill(x, v)
				checkSum(t, "Sum", n, k.Sum(x), func(int) float64 { return float64(v) })
			}
		}
	})
}

// TestReductionsReadOnlyTheirSlice has NaNs on both sides of it.
func TestReductionsReadOnlyTheirSlice(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range lengths {
			g := guard[float32](n, float32(math.NaN()))
			x := g.inner()
			for i := range x {
				x[i] = float32(i%7 + 1)
			}
			for _, got := range []float32{k.Sum(x), k.SumSquares(x), k.Dot(x, x), k.Product(x), k.Max(x), k.Min(x)} {
				if got != got {
					t.Fatalf("a reduction of %d elements reads outside of them", n)
				}
			}
		}
	})
}

func TestExtremes(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range lengths {
			x := make([]float32, n)
			most, least := float32(math.Inf(-1)), float32(math.Inf(1))
			for i := range x {
				x[i] = float32(random.NormFloat64()) * 1e5
				most, least = max(most, x[i]), min(least, x[i])
			}
			if got := k.Max(x); got != most {
				t.Errorf("Max of %d is %v, want %v", n, got, most)
			}
			if got := k.Min(x); got != least {
				t.Errorf("Min of %d is %v, want %v", n, got, least)
			}
			for i := range x {
				kept := x[i]
				x[i] = float32(math.NaN())
				if a, b := k.Max(x), k.Min(x); a == a || b == b {
					t.Fatalf("Max and Min of %d with a NaN at %d are %v and %v", n, i, a, b)
				}
				x[i] = kept
			}
		}
	})
}

func TestProduct(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		if got := k.Product(nil); got != 1 {
			t.Errorf("the product of nothing is %v", got)
		}
		if got := k.Product([]float32{2, -3, 0.5, 7}); got != -21 {
			t.Errorf("the product is %v, want -21", got)
		}
	})
}

// TestSumsKeepTheirOrder: a sum has the same bits wherever the slice lies.
func TestSumsKeepTheirOrder(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		x := numbers(5000, 9)
		for i := range x {
			x[i] = float32(math.Sin(float64(i))) // no specials
		}
		room := make([]float32, len(x)+16)
		want, wantDot := k.Sum(x), k.Dot(x, x)
		for shift := range 16 {
			y := room[shift : shift+len(x)]
			copy(y, x)
			if got, dot := k.Sum(y), k.Dot(y, y); got != want || dot != wantDot {
				t.Errorf("moved by %d: sums %v and %v, want %v and %v", shift, got, dot, want, wantDot)
			}
		}
	})
}
