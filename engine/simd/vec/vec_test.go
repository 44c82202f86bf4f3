package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"videomae/engine/simd/isa"
)

// lengths are all that a loop's stages can make of small slices, and odd ones that have many of each.
var lengths = func() []int {
	list := []int{127, 128, 129, 1000, 1023, 1024, 1025, 4099}
	for n := range 71 {
		list = append(list, n)
	}
	return list
}()

func eachLevel(t *testing.T, test func(t *testing.T, k *Kernels)) {
	for _, level := range isa.Levels() {
		t.Run(level.String(), func(t *testing.T) { test(t, For(level)) })
	}
}

// guarded is a slice of n elements, at an odd place, between elements that must stay what they are.
type guarded[T comparable] struct {
	all  []T
	mark T
}

const margin = 19

func guard[T comparable](n int, mark T) guarded[T] {
	g := guarded[T]{make([]T, n+2*margin), mark}
	for i := range g.all {
		g.all[i] = mark
	}
	return g
}

func (g guarded[T]) inner() []T { return g.all[margin : len(g.all)-margin] }

func (g guarded[T]) check(t *testing.T, what string) {
	t.Helper()
	for i := range margin {
		if g.all[i] != g.mark || g.all[len(g.all)-1-i] != g.mark {
			t.Fatalf("%s of %d elements writes outside of them", what, len(g.all)-2*margin)
		}
	}
}

var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, math.SmallestNonzeroFloat32, 0x1p-126,
	-0x1p-126, 0x1p-130, 1e-30, -1e-30, math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)),
	float32(math.NaN()), math.Float32frombits(0xffc12345), math.Float32frombits(0x7fc001ff), 88.72, 88.73, -87.33, -103.97, -104.1, 9, -9,
	6, -6, 0x1p23, 0x1p24 + 2, 0x1p31, -0x1p31, 3e9, 0.99999994, 1.0000001}

// numbers mixes specials with numbers of all magnitudes and of common ones.
func numbers(n int, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		switch random.IntN(4) {
		case 0:
			x[i] = specials[random.IntN(len(specials))]
		case 1:
			x[i] = math.Float32frombits(random.Uint32())
		case 2:
			x[i] = float32(random.IntN(9) - 4)
		default:
			x[i] = float32(random.NormFloat64() * 3)
		}
	}
	return x
}

func masks(n int, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.IntN(2))
	}
	return x
}

// ulps is the distance of a result from the exact one, in units of the last place of a float32 there; without end if only one
// of the two is a number.
func ulps(got float32, want float64) float64 {
	rounded := float32(want)
	switch {
	case !number(rounded) && same(got, rounded):
		return 0
	case !number(rounded) || !number(got):
		return math.Inf(1)
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

func number(x float32) bool { return x-x == 0 }

func same(x, y float32) bool {
	return math.Float32bits(x) == math.Float32bits(y) || (x != x && y != y)
}

func bound(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestNames(t *testing.T) {
	if GELUGrad.String() != "GELUGrad" || Xor.String() != "Xor" {
		t.Errorf("the last names are %s and %s", GELUGrad, Xor)
	}
}

func TestForIsComplete(t *testing.T) {
	for level := range isa.AMX + 1 {
		k := For(level)
		for op := range numUnary {
			if k.Unary[op] == nil {
				t.Errorf("%v has no %v", level, op)
			}
		}
		for op := range numBinary {
			if k.Binary[op] == nil || k.BinaryScalarLeft[op] == nil || k.BinaryScalarRight[op] == nil {
				t.Errorf("%v has no %v", level, op)
			}
		}
	}
}

func caseName(op fmt.Stringer, n int) string { return fmt.Sprintf("%v of %d", op, n) }
