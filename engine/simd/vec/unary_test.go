package vec

import (
	"math"
	"testing"
)

// unaryCase is what a function of one number is compared with.
type unaryCase struct {
	exact func(x float64) float64
	ulps  float64                 // greatest distance
	slack func(x float64) float64 // that is allowed beyond it; nil: none
}

func gauss(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }

var unaryCases = [numUnary]unaryCase{
	Neg:        {exact: func(x float64) float64 { return -x }},
	Abs:        {exact: math.Abs},
	Sqrt:       {math.Sqrt, 0.5, nil},
	Rsqrt:      {func(x float64) float64 { return 1 / math.Sqrt(x) }, 1.5, nil},
	Reciprocal: {func(x float64) float64 { return 1 / x }, 0.5, nil},
	Square:     {func(x float64) float64 { return x * x }, 0.5, nil},
	Exp:        {math.Exp, 1, nil},
	Expm1:      {math.Expm1, 0.51, nil},
	Log:        {math.Log, 1, nil},
	Log1p:      {math.Log1p, 0.51, nil},
	Tanh:       {math.Tanh, 1.5, nil},
	Erf:        {math.Erf, 2.5, nil},
	Logistic:   {func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2.5, belowNormal},
	Sin:        {math.Sin, 0.51, nil},
	Cos:        {math.Cos, 0.51, nil},
	Floor:      {exact: math.Floor},
	Ceil:       {exact: math.Ceil},
	Round:      {exact: math.RoundToEven},
	Sign: {exact: func(x float64) float64 {
		if x == 0 || x != x {
			return x
		}
		return math.Copysign(1, x)
	}},
	IsFinite: {exact: func(x float64) float64 { return bound(!math.IsNaN(x) && !math.IsInf(x, 0)) }},
	GELU:     {exactGELU, 0.5, func(x float64) float64 { return min(3e-7*math.Abs(x), 1.3e-7) }},
	GELUGrad: {exactGELUGrad, 0.5, func(float64) float64 { return 3e-7 }},
}

func belowNormal(float64) float64 { return 0x1p-126 }

func exactGELU(x float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return x * math.Erfc(-x/math.Sqrt2) / 2
}

func exactGELUGrad(x float64) float64 {
	if math.IsInf(x, 0) {
		return bound(x > 0)
	}
	return math.Erfc(-x/math.Sqrt2)/2 + x*gauss(x)
}

// excess is how far a result lies outside of what is allowed, in ulp beyond the bound; 0 or less is right.
func (c unaryCase) excess(x, got float32) float64 {
	want := c.exact(float64(x))
	d := ulps(got, want)
	if d > c.ulps && c.slack != nil && math.Abs(float64(got)-want) <= c.slack(float64(x))+c.ulps*math.Abs(want)*0x1p-23 {
		return 0
	}
	return d - c.ulps
}

func TestUnaryOfAllLengthsAndSpecials(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for op := range numUnary {
			for _, n := range lengths {
				x := numbers(n, uint64(n))
				if op == Not {
					x = masks(n, uint64(n))
				}
				checkUnary(t, k, op, x)
			}
		}
	})
}

func checkUnary(t *testing.T, k *Kernels, op Unary, x []float32) {
	t.Helper()
	dst := guard[float32](len(x), 77)
	k.Unary[op](dst.inner(), x)
	dst.check(t, caseName(op, len(x)))
	for i, got := range dst.inner() {
		if op == Not {
			if got != 1-x[i] {
				t.Fatalf("%v(%v) is %v", op, x[i], got)
			}
			continue
		}
		if c := unaryCases[op]; c.excess(x[i], got) > 0 {
			t.Fatalf("%v(%v) is %v, want %v", op, x[i], got, c.exact(float64(x[i])))
		}
	}
	inPlace := append([]float32(nil), x...)
	k.Unary[op](inPlace, inPlace)
	for i, got := range inPlace {
		if !same(got, dst.inner()[i]) {
			t.Fatalf("%v of %v in place is %v, apart %v", op, x[i], got, dst.inner()[i])
		}
	}
}

// TestSignsOfZero: a zero from a zero has the sign that IEEE 754 and the mathematics library give it.
func TestSignsOfZero(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, op := range []Unary{Neg, Abs, Sqrt, Tanh, Erf, Floor, Ceil, Round, Sign} {
			for _, x := range []float32{0, float32(math.Copysign(0, -1))} {
				got := []float32{x}
				k.Unary[op](got, got)
				if want := float32(unaryCases[op].exact(float64(x))); !same(got[0], want) {
					t.Errorf("%v(%v) is %v, want %v", op, x, got[0], want)
				}
			}
		}
	})
}

// TestUnaryErrors goes through the whole range of float32 in steps, and more densely where most inputs lie.
func TestUnaryErrors(t *testing.T) {
	const step = 20011 // a prime number, so that all low bits occur
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += step {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	for v := float32(-12); v < 12; v += 0x1p-13 {
		x = append(x, v)
	}
	dst := make([]float32, len(x))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, op := range []Unary{Exp, Log, Tanh, Erf, Logistic, GELU, GELUGrad} {
			k.Unary[op](dst, x)
			c := unaryCases[op]
			worst, at := math.Inf(-1), 0
			for i, got := range dst {
				if e := c.excess(x[i], got); e > worst {
					worst, at = e, i
				}
			}
			if worst > 0 {
				t.Errorf("%v(%v) is %v, want %v: %.2f ulp from it", op, x[at], dst[at], c.exact(float64(x[at])), worst+c.ulps)
			}
			t.Logf("%v: at most %.3f ulp, at %v", op, worst+c.ulps, x[at])
		}
	})
}
