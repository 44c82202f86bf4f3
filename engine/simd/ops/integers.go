// Arithmetic on whole numbers and on truth values.

package ops

import (
	"math/bits"

	"github.com/gomlx/compute"
)

func (f ints[T]) unary(op compute.OpType, p parts) Kernel {
	if op == compute.OpTypeIsNaN {
		return &unary[T, bool]{p, func(T) bool { return false }}
	}
	if g := f.function(op); g != nil {
		return &unary[T, T]{p, g}
	}
	return nil
}

func (f ints[T]) function(op compute.OpType) func(T) T {
	width := f.bits()
	mask := ^uint64(0) >> (64 - width)
	switch op {
	case compute.OpTypeAbs:
		return func(x T) T { return x * f.sign(x) }
	case compute.OpTypeNeg:
		return func(x T) T { return -x }
	case compute.OpTypeSign:
		return f.sign
	case compute.OpTypeBitwiseNot:
		return func(x T) T { return ^x }
	case compute.OpTypeBitCount:
		return func(x T) T { return T(bits.OnesCount64(uint64(x) & mask)) }
	case compute.OpTypeClz:
		return func(x T) T { return T(bits.LeadingZeros64(uint64(x)&mask) - 64 + width) }
	}
	return nil
}

func (ints[T]) sign(x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return ^T(0)
	}
	return 0
}

func (f ints[T]) binary(op compute.OpType, p parts) Kernel {
	if g := comparison[T](op); g != nil {
		return &binary[T, bool]{p, g}
	}
	if g := f.operation(op); g != nil {
		return &binary[T, T]{p, g}
	}
	return nil
}

func (f ints[T]) operation(op compute.OpType) func(a, b T) T {
	mask := ^uint64(0) >> (64 - f.bits())
	switch op {
	case compute.OpTypeAdd:
		return func(a, b T) T { return a + b }
	case compute.OpTypeSub:
		return func(a, b T) T { return a - b }
	case compute.OpTypeMul:
		return func(a, b T) T { return a * b }
	case compute.OpTypeDiv:
		return func(a, b T) T {
			if b == 0 {
				return ^T(0)
			}
			return a / b
		}
	case compute.OpTypeRem:
		return func(a, b T) T {
			if b == 0 {
				return a
			}
			return a % b
		}
	case compute.OpTypePow:
		return power[T]
	case compute.OpTypeMax:
		return func(a, b T) T { return max(a, b) }
	case compute.OpTypeMin:
		return func(a, b T) T { return min(a, b) }
	case compute.OpTypeBitwiseAnd:
		return func(a, b T) T { return a & b }
	case compute.OpTypeBitwiseOr:
		return func(a, b T) T { return a | b }
	case compute.OpTypeBitwiseXor:
		return func(a, b T) T { return a ^ b }
	case compute.OpTypeShiftLeft:
		return func(a, b T) T { return a << uint64(b) }
	case compute.OpTypeShiftRightArithmetic:
		return func(a, b T) T { return a >> uint64(b) }
	case compute.OpTypeShiftRightLogical:
		return func(a, b T) T { return T(uint64(a) & mask >> uint64(b)) }
	}
	return nil
}

// power multiplies base by itself, squaring it for each bit of the exponent.
func power[T integer](base, exponent T) T {
	result := T(1)
	for ; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			result *= base
		}
		base *= base
	}
	return result
}

// comparison gives the comparisons of numbers. For whole ones the total order is the usual one.
func comparison[T integer | float64](op compute.OpType) func(a, b T) bool {
	switch op {
	case compute.OpTypeEqual, compute.OpTypeEqualTotalOrder:
		return func(a, b T) bool { return a == b }
	case compute.OpTypeNotEqual, compute.OpTypeNotEqualTotalOrder:
		return func(a, b T) bool { return a != b }
	case compute.OpTypeLessThan, compute.OpTypeLessThanTotalOrder:
		return func(a, b T) bool { return a < b }
	case compute.OpTypeLessOrEqual, compute.OpTypeLessOrEqualTotalOrder:
		return func(a, b T) bool { return a <= b }
	case compute.OpTypeGreaterThan, compute.OpTypeGreaterThanTotalOrder:
		return func(a, b T) bool { return a > b }
	case compute.OpTypeGreaterOrEqual, compute.OpTypeGreaterOrEqualTotalOrder:
		return func(a, b T) bool { return a >= b }
	}
	return nil
}

func (truths) unary(op compute.OpType, p parts) Kernel {
	if op == compute.OpTypeLogicalNot {
		return &unary[bool, bool]{p, func(x bool) bool { return !x }}
	}
	return nil
}

func (f truths) binary(op compute.OpType, p parts) Kernel {
	if g := f.operation(op); g != nil {
		return &binary[bool, bool]{p, g}
	}
	return nil
}

func (truths) operation(op compute.OpType) func(a, b bool) bool {
	switch op {
	case compute.OpTypeLogicalAnd:
		return func(a, b bool) bool { return a && b }
	case compute.OpTypeLogicalOr:
		return func(a, b bool) bool { return a || b }
	case compute.OpTypeLogicalXor, compute.OpTypeNotEqual:
		return func(a, b bool) bool { return a != b }
	case compute.OpTypeEqual:
		return func(a, b bool) bool { return a == b }
	}
	return nil
}
