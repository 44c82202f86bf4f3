// Element-wise ops of one operand, and those that choose or convert.

package simd

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

func (f *Function) unary(op compute.OpType, x compute.Value) (compute.Value, error) {
	return f.record(op, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out, err := shapeinference.UnaryOp(op, in[0])
		return out, nil, err
	}, x)
}

// Abs implements compute.StandardOps.
func (f *Function) Abs(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeAbs, x)
}

// BitCount implements compute.StandardOps.
func (f *Function) BitCount(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeBitCount, x)
}

// BitwiseNot implements compute.StandardOps.
func (f *Function) BitwiseNot(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeBitwiseNot, x)
}

// Ceil implements compute.StandardOps.
func (f *Function) Ceil(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeCeil, x)
}

// Clz implements compute.StandardOps.
func (f *Function) Clz(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeClz, x)
}

// Cos implements compute.StandardOps.
func (f *Function) Cos(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeCos, x)
}

// Erf implements compute.StandardOps.
func (f *Function) Erf(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeErf, x)
}

// Exp implements compute.StandardOps.
func (f *Function) Exp(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeExp, x)
}

// Expm1 implements compute.StandardOps.
func (f *Function) Expm1(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeExpm1, x)
}

// Floor implements compute.StandardOps.
func (f *Function) Floor(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeFloor, x)
}

// Log implements compute.StandardOps.
func (f *Function) Log(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLog, x)
}

// Log1p implements compute.StandardOps.
func (f *Function) Log1p(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLog1p, x)
}

// LogicalNot implements compute.StandardOps.
func (f *Function) LogicalNot(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLogicalNot, x)
}

// Logistic implements compute.StandardOps.
func (f *Function) Logistic(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLogistic, x)
}

// Neg implements compute.StandardOps.
func (f *Function) Neg(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeNeg, x)
}

// Round implements compute.StandardOps.
func (f *Function) Round(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeRound, x)
}

// Rsqrt implements compute.StandardOps.
func (f *Function) Rsqrt(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeRsqrt, x)
}

// Sign implements compute.StandardOps.
func (f *Function) Sign(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeSign, x)
}

// Sin implements compute.StandardOps.
func (f *Function) Sin(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeSin, x)
}

// Sqrt implements compute.StandardOps.
func (f *Function) Sqrt(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeSqrt, x)
}

// Tanh implements compute.StandardOps.
func (f *Function) Tanh(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeTanh, x)
}

// Identity implements compute.StandardOps: the value itself.
func (f *Function) Identity(x compute.Value) (compute.Value, error) {
	return f.record(compute.OpTypeIdentity, func(in []shapes.Shape) (shapes.Shape, any, error) { return in[0], nil, nil }, x)
}

// IsFinite implements compute.StandardOps.
func (f *Function) IsFinite(x compute.Value) (compute.Value, error) {
	return f.record(compute.OpTypeIsFinite, func(in []shapes.Shape) (shapes.Shape, any, error) {
		if !in[0].DType.IsFloat() {
			return in[0], nil, fmt.Errorf("wants floats, not %s", in[0])
		}
		return withType(in[0], dtypes.Bool), nil, nil
	}, x)
}

// IsNaN implements compute.StandardOps: only a NaN differs from itself.
func (f *Function) IsNaN(x compute.Value) (compute.Value, error) { return f.NotEqual(x, x) }

// Clamp implements compute.StandardOps, as a maximum and a minimum.
func (f *Function) Clamp(lowest, x, highest compute.Value) (compute.Value, error) {
	raised, err := f.Max(lowest, x)
	if err != nil {
		return nil, err
	}
	return f.Min(raised, highest)
}

// Where implements compute.StandardOps. Each operand may be a scalar.
func (f *Function) Where(condition, onTrue, onFalse compute.Value) (compute.Value, error) {
	return f.record(compute.OpTypeWhere, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out, err := shapeinference.Where(in[0], in[1], in[2])
		return out, nil, err
	}, condition, onTrue, onFalse)
}

// ConvertDType implements compute.StandardOps.
func (f *Function) ConvertDType(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	return f.record(compute.OpTypeConvertDType, func(in []shapes.Shape) (shapes.Shape, any, error) {
		return withType(in[0], dtype), nil, nil
	}, x)
}

func withType(s shapes.Shape, dtype dtypes.DType) shapes.Shape {
	s.DType = dtype
	return s
}
