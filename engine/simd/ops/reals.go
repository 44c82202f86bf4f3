// Arithmetic on real numbers.

package ops

import (
	"math"

	"github.com/gomlx/compute"
)

func (r reals[T]) unary(op compute.OpType, p parts) Kernel {
	switch op {
	case compute.OpTypeIsNaN:
		return &unary[T, bool]{p, func(x T) bool { return math.IsNaN(r.load(x)) }}
	case compute.OpTypeIsFinite:
		return &unary[T, bool]{p, func(x T) bool { return !math.IsNaN(r.load(x)) && !math.IsInf(r.load(x), 0) }}
	}
	if f := realFunction(op); f != nil {
		return &unary[T, T]{p, func(x T) T { return r.store(f(r.load(x))) }}
	}
	return nil
}

// realFunction gives the functions of one real number; nil for other ops.
func realFunction(op compute.OpType) func(float64) float64 {
	switch op {
	case compute.OpTypeAbs:
		return math.Abs
	case compute.OpTypeNeg:
		return func(x float64) float64 { return -x }
	case compute.OpTypeSign:
		return sign
	case compute.OpTypeFloor:
		return math.Floor
	case compute.OpTypeCeil:
		return math.Ceil
	case compute.OpTypeRound:
		return math.RoundToEven
	case compute.OpTypeSqrt:
		return math.Sqrt
	case compute.OpTypeRsqrt:
		return func(x float64) float64 { return 1 / math.Sqrt(x) }
	case compute.OpTypeExp:
		return math.Exp
	case compute.OpTypeExpm1:
		return math.Expm1
	case compute.OpTypeLog:
		return math.Log
	case compute.OpTypeLog1p:
		return math.Log1p
	case compute.OpTypeSin:
		return math.Sin
	case compute.OpTypeCos:
		return math.Cos
	case compute.OpTypeTanh:
		return math.Tanh
	case compute.OpTypeErf:
		return math.Erf
	case compute.OpTypeLogistic:
		return logistic
	}
	return nil
}

// sign keeps zeros and NaN as they are.
func sign(x float64) float64 {
	if x == 0 || math.IsNaN(x) {
		return x
	}
	return math.Copysign(1, x)
}

// logistic has the full precision of small values, where 1 + exp(-x) would not fit.
func logistic(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

func (r reals[T]) binary(op compute.OpType, p parts) Kernel {
	if f := realComparison(op); f != nil {
		return &binary[T, bool]{p, func(a, b T) bool { return f(r.load(a), r.load(b)) }}
	}
	if f := realOperation(op); f != nil {
		return &binary[T, T]{p, func(a, b T) T { return r.store(f(r.load(a), r.load(b))) }}
	}
	return nil
}

// realOperation gives the functions of two real numbers; nil for other ops.
func realOperation(op compute.OpType) func(a, b float64) float64 {
	switch op {
	case compute.OpTypeAdd:
		return func(a, b float64) float64 { return a + b }
	case compute.OpTypeSub:
		return func(a, b float64) float64 { return a - b }
	case compute.OpTypeMul:
		return func(a, b float64) float64 { return a * b }
	case compute.OpTypeDiv:
		return func(a, b float64) float64 { return a / b }
	case compute.OpTypeRem:
		return math.Mod
	case compute.OpTypePow:
		return math.Pow
	case compute.OpTypeAtan2:
		return math.Atan2
	case compute.OpTypeMax:
		return func(a, b float64) float64 { return max(a, b) }
	case compute.OpTypeMin:
		return func(a, b float64) float64 { return min(a, b) }
	}
	return nil
}

// realComparison gives the comparisons of two real numbers; nil for other ops.
func realComparison(op compute.OpType) func(a, b float64) bool {
	switch op {
	case compute.OpTypeEqualTotalOrder, compute.OpTypeNotEqualTotalOrder, compute.OpTypeLessThanTotalOrder,
		compute.OpTypeLessOrEqualTotalOrder, compute.OpTypeGreaterThanTotalOrder, compute.OpTypeGreaterOrEqualTotalOrder:
		f := comparison[int64](op)
		return func(a, b float64) bool { return f(ranked(a), ranked(b)) }
	}
	return comparison[float64](op)
}

// ranked orders numbers as -NaN < -Inf < ... < -0 < +0 < ... < +Inf < +NaN: as whole numbers, the bits of positive ones are
// in order already and those of negative ones in the opposite order.
func ranked(x float64) int64 {
	b := int64(math.Float64bits(x))
	return b ^ int64(uint64(b>>63)>>1)
}
