package loop

import (
	"math"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

// The operations in float64.

func truthOf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unaryReference(u vec.Unary, x float64) float64 {
	normal := math.Erfc(-x/math.Sqrt2) / 2
	switch u {
	case vec.Neg:
		return -x
	case vec.Abs:
		return math.Abs(x)
	case vec.Sqrt:
		return math.Sqrt(x)
	case vec.Rsqrt:
		return 1 / math.Sqrt(x)
	case vec.Reciprocal:
		return 1 / x
	case vec.Square:
		return x * x
	case vec.Exp:
		return math.Exp(x)
	case vec.Expm1:
		return math.Expm1(x)
	case vec.Log:
		return math.Log(x)
	case vec.Log1p:
		return math.Log1p(x)
	case vec.Tanh:
		return math.Tanh(x)
	case vec.Erf:
		return math.Erf(x)
	case vec.Logistic:
		return 1 / (1 + math.Exp(-x))
	case vec.Sin:
		return math.Sin(x)
	case vec.Cos:
		return math.Cos(x)
	case vec.Floor:
		return math.Floor(x)
	case vec.Ceil:
		return math.Ceil(x)
	case vec.Round:
		return math.RoundToEven(x)
	case vec.Sign:
		return x / max(math.Abs(x), 1e-300)
	case vec.Not:
		return truthOf(x == 0)
	case vec.IsFinite:
		return truthOf(!math.IsInf(x, 0) && !math.IsNaN(x))
	case vec.GELU:
		return x * normal
	}
	return normal + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

func binaryReference(b vec.Binary, x, y float64) float64 {
	switch b {
	case vec.Add:
		return x + y
	case vec.Sub:
		return x - y
	case vec.Mul:
		return x * y
	case vec.Div:
		return x / y
	case vec.Max:
		return math.Max(x, y)
	case vec.Min:
		return math.Min(x, y)
	case vec.Pow:
		return math.Pow(x, y)
	case vec.Rem:
		return math.Mod(x, y)
	case vec.Atan2:
		return math.Atan2(x, y)
	case vec.Less:
		return truthOf(x < y)
	case vec.LessEqual:
		return truthOf(x <= y)
	case vec.Equal:
		return truthOf(x == y)
	case vec.NotEqual:
		return truthOf(x != y)
	case vec.Greater:
		return truthOf(x > y)
	case vec.GreaterEqual:
		return truthOf(x >= y)
	case vec.And:
		return truthOf(x != 0 && y != 0)
	case vec.Or:
		return truthOf(x != 0 || y != 0)
	}
	return truthOf((x != 0) != (y != 0))
}

// convert gives the value of a type that a number is stored as.
func convert(t dtypes.DType, x float64) float64 {
	f := float64(float32(x))
	switch t {
	case dtypes.BFloat16:
		return shorten(f, 8, -126)
	case dtypes.Float16:
		if f = shorten(f, 11, -14); math.Abs(f) > 65504 {
			return math.Copysign(math.Inf(1), f)
		}
		return f
	case dtypes.Int32:
		return math.Trunc(min(max(f, math.MinInt32), math.MaxInt32))
	case dtypes.Uint8:
		return math.Trunc(min(max(f, 0), 255))
	case dtypes.Bool:
		return truthOf(f != 0)
	}
	return f
}

// shorten rounds to a number of significant bits, fewer below the least exponent.
func shorten(x float64, bits, least int) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	unit := math.Ldexp(1, max(math.Ilogb(x), least)-bits+1)
	return math.RoundToEven(x/unit) * unit
}
