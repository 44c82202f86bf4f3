package attention

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// loops are the kernels of all levels and forms.
type loops struct {
	name string
	kernels
}

func allLoops() []loops {
	var list []loops
	for _, level := range isa.Levels() {
		t := tile.For(level)
		add := func(name string, form tile.Form) {
			list = append(list, loops{level.String() + name, kernels{Kernels: t, form: form, lanes: t.NR, softmax: softmaxFor(level, form), vec: vec.For(level)}})
		}
		add("", tile.Float)
		if t.BF16.Multiply != nil || level == isa.Portable {
			add(" pairs", tile.Pair)
		}
		if t.Split.Multiply != nil {
			add(" parts", tile.Split)
		}
	}
	return list
}

// half is the low or the high bfloat16 of a word.
func half(word float32, i int) float64 {
	return float64(math.Float32frombits(math.Float32bits(word) >> (16 * i) << 16))
}

// value is number j of row i as a loop left it in words of a panel: of row pairs, or of parts of them.
func (l loops) value(s []float32, i, j int) float64 {
	switch l.form {
	case tile.Pair:
		return half(s[i/2*l.lanes+j], i%2)
	case tile.Split:
		sum := 0.0
		for part := range 3 {
			sum += half(s[(i/32*48+part*16+i%32/2)*l.lanes+j], i%2)
		}
		return sum
	}
	return float64(s[i*l.lanes+j])
}

// neighbour is number j of row i in a matrix of words of neighbouring columns.
func (l loops) neighbour(s []float32, ld, i, j int) float64 {
	switch l.form {
	case tile.Pair:
		return half(s[i*ld+j/2], j%2)
	case tile.Split:
		sum := 0.0
		for part := range 3 {
			sum += half(s[i*ld+j/32*48+part*16+j%32/2], j%2)
		}
		return sum
	}
	return float64(s[i*ld+j])
}

// panel is a panel's guarded memory for n rows, and the numbers in it.
func (l loops) panel(n int, value func() float32) (whole, memory, numbers []float32) {
	whole, memory = guarded(l.panelWords(n), value)
	return whole, memory, l.numbers(memory, n, value())
}

// tolerance is the greatest relative error of weights, and of their sums.
func (l loops) tolerance() (weights, sums float64) {
	if l.form == tile.Pair {
		const power = 1e-4
		return 1.0/256 + power, power
	}
	return 2e-6, 2e-6
}

// guarded is a slice with marked memory around it.
func guarded(n int, value func() float32) (whole, part []float32) {
	whole = make([]float32, n+64)
	for i := range whole {
		whole[i] = math.Float32frombits(guard)
	}
	part = whole[32 : 32+n : 32+n]
	for i := range part {
		part[i] = value()
	}
	return whole, part
}

func checkGuarded(t *testing.T, name string, wholes ...[]float32) {
	t.Helper()
	for _, whole := range wholes {
		for i := range 32 {
			if math.Float32bits(whole[i]) != guard || math.Float32bits(whole[len(whole)-1-i]) != guard {
				t.Fatalf("%s wrote beside its slice", name)
			}
		}
	}
}

// near allows for a relative error, and for that of an exponent which was rounded.
func near(got, want, tolerance float64) bool {
	if want != 0 {
		tolerance += 1e-7 * math.Abs(math.Log2(math.Abs(want)))
	}
	return math.Abs(got-want) <= tolerance*math.Abs(want)+1e-37
}

func TestRescale(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	random := func() float32 { return float32(r.NormFloat64()) }
	for _, l := range allLoops() {
		for _, n := range []int{0, 1, 5, 64} {
			whole, c := guarded(n*l.lanes, random)
			_, by := guarded(l.lanes, random)
			old := slices.Clone(c)
			l.rescale(c, n, by)
			for i := range c {
				if want := old[i] * by[i%l.lanes]; c[i] != want {
					t.Fatalf("%s: %g, want %g", l.name, c[i], want)
				}
			}
			checkGuarded(t, l.name, whole)
		}
	}
}

func TestSoften(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	random := func() float32 { return float32(20 * r.NormFloat64()) }
	for _, l := range allLoops() {
		for _, n := range []int{1, 2, 3, 24, 101} {
			const scale = 0.7
			n = l.whole(n)
			ofWeights, ofSums := l.tolerance()
			wholeS, s, scores := l.panel(n, random)
			wholeTop, top := guarded(l.lanes, random)
			wholeSum, sum := guarded(l.lanes, func() float32 { return 1 + r.Float32() })
			wholeAlpha, alpha := guarded(l.lanes, random)
			top[0], top[1] = float32(math.Inf(-1)), 1000
			scores, oldTop, oldSum := slices.Clone(scores), slices.Clone(top), slices.Clone(sum)
			l.soften(s, n, scale, top, sum, alpha)
			for j := range l.lanes {
				want := float64(oldTop[j])
				for i := range n {
					want = max(want, float64(scores[i*l.lanes+j]*scale))
				}
				if float64(top[j]) != want {
					t.Fatalf("%s: greatest score %g, want %g", l.name, top[j], want)
				}
				factor := math.Exp2(float64(oldTop[j]) - want)
				total := float64(oldSum[j]) * factor
				for i := range n {
					weight := math.Exp2(float64(scores[i*l.lanes+j])*float64(float32(scale)) - want)
					total += weight
					if weight < 0x1p-126 {
						weight = 0
					}
					if got := l.value(s, i, j); !near(got, weight, ofWeights) {
						t.Fatalf("%s: weight of %d rows [%d,%d] = %g, want %g", l.name, n, i, j, got, weight)
					}
				}
				if !near(float64(alpha[j]), factor, ofSums) || !near(float64(sum[j]), total, ofSums) {
					t.Fatalf("%s: factor %g and sum %g, want %g and %g", l.name, alpha[j], sum[j], factor, total)
				}
			}
			if last := (n - 1) / 2; l.form == tile.Pair && n%2 == 1 && math.Float32bits(s[last*l.lanes])>>16 != 0 {
				t.Fatalf("%s: the last of %d rows has a partner", l.name, n)
			}
			checkGuarded(t, l.name, wholeS, wholeTop, wholeSum, wholeAlpha)
		}
	}
}

func TestWeigh(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	random := func() float32 { return float32(5 * r.NormFloat64()) }
	for _, l := range allLoops() {
		for _, n := range []int{1, 2, 5, 48} {
			const scale = 0.7
			n, ld := l.whole(n), l.form.Steps(l.lanes)+3
			ofWeights, _ := l.tolerance()
			wholeS, s, scores := l.panel(n, random)
			wholeDS, ds, gradients := l.panel(n, random)
			wholeRows, rows := guarded(n*ld, func() float32 { return math.Float32frombits(guard) })
			_, lse := guarded(n, func() float32 { return 10 + random() })
			_, delta := guarded(n, random)
			scores, gradients = slices.Clone(scores), slices.Clone(gradients)
			l.weigh(s, ds, rows, ld, n, scale, lse, delta)
			for i := range n {
				for j := range l.lanes {
					at := i*l.lanes + j
					weight := math.Exp2(min(0, float64(scores[at])*float64(float32(scale))-float64(lse[i])))
					gradient := weight * float64(gradients[at]-delta[i])
					if got := l.value(s, i, j); !near(got, weight, ofWeights) {
						t.Fatalf("%s: weight of %d rows [%d,%d] = %g, want %g", l.name, n, i, j, got, weight)
					}
					if got := l.value(ds, i, j); !near(got, gradient, ofWeights) {
						t.Fatalf("%s: gradient of %d rows [%d,%d] = %g, want %g", l.name, n, i, j, got, gradient)
					}
					if got := l.neighbour(rows, ld, i, j); got != l.value(ds, i, j) {
						t.Fatalf("%s: gradient in row [%d,%d] = %g, want %g", l.name, i, j, got, l.value(ds, i, j))
					}
				}
				for j := ld - 3; j < ld; j++ {
					if math.Float32bits(rows[i*ld+j]) != guard {
						t.Fatalf("%s wrote behind row %d", l.name, i)
					}
				}
			}
			checkGuarded(t, l.name, wholeS, wholeDS, wholeRows)
		}
	}
}

// TestPowers measures the error of the powers of two that weights are.
func TestPowers(t *testing.T) {
	for _, l := range allLoops() {
		if l.form != tile.Float {
			continue
		}
		one, greatest := make([]float32, 1), 0.0
		s, ds := make([]float32, l.lanes), make([]float32, l.lanes)
		for x := -130.0; x < 0.1; x += 0.001 * float64(l.lanes) {
			for j := range s {
				s[j] = float32(x + 0.001*float64(j))
			}
			exponents := slices.Clone(s)
			l.weigh(s, ds, ds, l.lanes, 1, 1, one, one)
			for j, exponent := range exponents {
				want := math.Exp2(min(0, float64(exponent)))
				if got := float64(s[j]); exponent > -126 {
					greatest = max(greatest, math.Abs(got-want)/want)
				} else if got > 0x1p-125 || got < 0 {
					t.Fatalf("%s: 2^%g = %g", l.name, exponent, got)
				}
			}
		}
		if greatest > 2e-7 {
			t.Errorf("%s: error %g, want 2e-7 at most", l.name, greatest)
		}
		for _, special := range []float32{float32(math.Inf(-1)), -1e30} {
			s[0] = special
			if l.weigh(s, ds, ds, l.lanes, 1, 1, one, one); s[0] != 0 {
				t.Errorf("%s: 2^%g = %g", l.name, special, s[0])
			}
		}
		s[0] = float32(math.NaN())
		if l.weigh(s, ds, ds, l.lanes, 1, 1, one, one); s[0] == s[0] {
			t.Errorf("%s: a NaN became %g", l.name, s[0])
		}
	}
}
