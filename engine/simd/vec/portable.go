// The portable set: plain Go. Functions of the mathematics library are evaluated in float64 and rounded.

package vec

import "math"

func portable() *Kernels {
	k := &Kernels{
		MulAdd:    mulAdd,
		AddScaled: addScaled,
		Where:     where,
		Fill:      fill,

		Affine:      affine,
		AffineSqrt:  affineSqrt,
		Blend:       blend,
		BlendSquare: blendSquare,
		AddQuotient: addQuotient,

		Sum:        sum,
		SumSquares: func(x []float32) float32 { return dot(x, x) },
		Dot:        dot,
		Product:    product,
		Max:        maximum,
		Min:        minimum,

		FromBF16:  fromBF16,
		ToBF16:    toBF16,
		RoundBF16: roundBF16,
		FromF16:   fromF16,
		ToF16:     toF16,
		FromUint8: fromNumber[uint8],
		FromInt32: fromNumber[int32],
		ToInt32:   toInt32,
		ToBool:    toBool,

		Transpose32: transpose[float32],
		Transpose16: transpose[uint16],
	}
	portableUnary(&k.Unary)
	portableBinary(k)
	k.byRow()
	return k
}

func portableUnary(table *[numUnary]func(dst, x []float32)) {
	table[Neg] = unary(func(x float32) float32 { return -x })
	table[Abs] = unary(func(x float32) float32 { return float32(math.Abs(float64(x))) })
	table[Sqrt] = unary(func(x float32) float32 { return float32(math.Sqrt(float64(x))) })
	table[Rsqrt] = unary(func(x float32) float32 { return float32(1 / math.Sqrt(float64(x))) })
	table[Reciprocal] = unary(func(x float32) float32 { return 1 / x })
	table[Square] = unary(func(x float32) float32 { return x * x })
	table[Exp] = unary(func(x float32) float32 { return float32(math.Exp(float64(x))) })
	table[Expm1] = unary(func(x float32) float32 { return float32(math.Expm1(float64(x))) })
	table[Log] = unary(func(x float32) float32 { return float32(math.Log(float64(x))) })
	table[Log1p] = unary(func(x float32) float32 { return float32(math.Log1p(float64(x))) })
	table[Tanh] = unary(func(x float32) float32 { return float32(math.Tanh(float64(x))) })
	table[Erf] = unary(func(x float32) float32 { return float32(math.Erf(float64(x))) })
	table[Logistic] = unary(func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) })
	table[Sin] = unary(func(x float32) float32 { return float32(math.Sin(float64(x))) })
	table[Cos] = unary(func(x float32) float32 { return float32(math.Cos(float64(x))) })
	table[Floor] = unary(func(x float32) float32 { return float32(math.Floor(float64(x))) })
	table[Ceil] = unary(func(x float32) float32 { return float32(math.Ceil(float64(x))) })
	table[Round] = unary(func(x float32) float32 { return float32(math.RoundToEven(float64(x))) })
	table[Sign] = unary(sign)
	table[Not] = unary(func(x float32) float32 { return truth(x == 0) })
	table[IsFinite] = unary(func(x float32) float32 { return truth(x-x == 0) })
	table[GELU] = unary(gelu)
	table[GELUGrad] = unary(geluGrad)
}

func portableBinary(k *Kernels) {
	k.binary(Add, func(x, y float32) float32 { return x + y })
	k.binary(Sub, func(x, y float32) float32 { return x - y })
	k.binary(Mul, func(x, y float32) float32 { return x * y })
	k.binary(Div, func(x, y float32) float32 { return x / y })
	k.binary(Max, func(x, y float32) float32 { return max(x, y) })
	k.binary(Min, func(x, y float32) float32 { return min(x, y) })
	k.binary(Pow, func(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) })
	k.binary(Rem, func(x, y float32) float32 { return float32(math.Mod(float64(x), float64(y))) })
	k.binary(Atan2, func(x, y float32) float32 { return float32(math.Atan2(float64(x), float64(y))) })
	k.binary(Less, func(x, y float32) float32 { return truth(x < y) })
	k.binary(LessEqual, func(x, y float32) float32 { return truth(x <= y) })
	k.binary(Equal, func(x, y float32) float32 { return truth(x == y) })
	k.binary(NotEqual, func(x, y float32) float32 { return truth(x != y) })
	k.binary(Greater, func(x, y float32) float32 { return truth(x > y) })
	k.binary(GreaterEqual, func(x, y float32) float32 { return truth(x >= y) })
	k.binary(And, func(x, y float32) float32 { return truth(x != 0 && y != 0) })
	k.binary(Or, func(x, y float32) float32 { return truth(x != 0 || y != 0) })
	k.binary(Xor, func(x, y float32) float32 { return truth((x != 0) != (y != 0)) })
}

// unary makes a loop of a function.
func unary(f func(x float32) float32) func(dst, x []float32) {
	return func(dst, x []float32) {
		for i := range dst {
			dst[i] = f(x[i])
		}
	}
}

// binary sets the three loops of a function.
func (k *Kernels) binary(op Binary, f func(x, y float32) float32) {
	k.Binary[op] = func(dst, x, y []float32) {
		for i := range dst {
			dst[i] = f(x[i], y[i])
		}
	}
	k.BinaryScalarRight[op] = func(dst, x []float32, y float32) {
		for i := range dst {
			dst[i] = f(x[i], y)
		}
	}
	k.BinaryScalarLeft[op] = func(dst []float32, x float32, y []float32) {
		for i := range dst {
			dst[i] = f(x, y[i])
		}
	}
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

func sign(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// normal is the normal distribution function.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// beyond is where the normal distribution's distance to 0 or 1 is no longer a float32; an infinite x would give a NaN.
const beyond = 20

func gelu(x float32) float32 {
	v := max(float64(x), -beyond)
	return float32(v * normal(v))
}

func geluGrad(x float32) float32 {
	v := min(max(float64(x), -beyond), beyond)
	return float32(normal(v) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
}

// fma is x*y + z, rounded once. The product is exact in float64. The sum is rounded there to an odd last bit unless it is
// exact, after which a second rounding to float32 gives what one rounding would have.
func fma(x, y, z float32) float32 {
	product, term := float64(x)*float64(y), float64(z)
	total := product + term
	part := total - product
	lost := (product - (total - part)) + (term - part)
	bits := math.Float64bits(total)
	if bits&1 == 0 && (lost > 0 || lost < 0) {
		if (lost > 0) == (total > 0) {
			bits++
		} else {
			bits--
		}
	}
	return float32(math.Float64frombits(bits))
}

func mulAdd(dst, x, y, z []float32) {
	for i := range dst {
		dst[i] = fma(x[i], y[i], z[i])
	}
}

func addScaled(dst, x []float32, s float32, y []float32) {
	for i := range dst {
		dst[i] = fma(s, y[i], x[i])
	}
}

func where(dst, mask, x, y []float32) {
	for i := range dst {
		if mask[i] != 0 {
			dst[i] = x[i]
		} else {
			dst[i] = y[i]
		}
	}
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}
