// What the backend supports.

package simd

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// capabilities leaves out what is refused: functions and what needs them (Call, While, If, Sort), axes of unknown size,
// complex numbers, convolutions, batch normalisation, FFT, SelectAndScatter and work over several devices.
//
// Of the fused ops there is attention alone: GoMLX takes a fused op's gradient from its decomposed form, so that a training
// step would compute the others twice. What they fuse is found in the graph instead.
var capabilities = compute.Capabilities{
	Operations: set(slices.Concat(sources, unaries, predicates, binaries, comparisons, reductions, movements, compounds)),
	DTypes: set([]dtypes.DType{
		dtypes.Bool, dtypes.Int8, dtypes.Int16, dtypes.Int32, dtypes.Int64, dtypes.Uint8, dtypes.Uint16, dtypes.Uint32,
		dtypes.Uint64, dtypes.Float16, dtypes.BFloat16, dtypes.Float32, dtypes.Float64,
	}),
}

var (
	sources = []compute.OpType{
		compute.OpTypeParameter, compute.OpTypeConstant, compute.OpTypeIota,
	}
	unaries = []compute.OpType{
		compute.OpTypeAbs, compute.OpTypeBitCount, compute.OpTypeBitwiseNot, compute.OpTypeCeil, compute.OpTypeClz,
		compute.OpTypeCos, compute.OpTypeErf, compute.OpTypeExp, compute.OpTypeExpm1, compute.OpTypeFloor,
		compute.OpTypeIdentity, compute.OpTypeLog, compute.OpTypeLog1p, compute.OpTypeLogicalNot, compute.OpTypeLogistic,
		compute.OpTypeNeg, compute.OpTypeRound, compute.OpTypeRsqrt, compute.OpTypeSign, compute.OpTypeSin,
		compute.OpTypeSqrt, compute.OpTypeTanh, compute.OpTypeConvertDType,
	}
	predicates = []compute.OpType{compute.OpTypeIsFinite, compute.OpTypeIsNaN}
	binaries   = []compute.OpType{
		compute.OpTypeAdd, compute.OpTypeAtan2, compute.OpTypeBitwiseAnd, compute.OpTypeBitwiseOr, compute.OpTypeBitwiseXor,
		compute.OpTypeDiv, compute.OpTypeLogicalAnd, compute.OpTypeLogicalOr, compute.OpTypeLogicalXor, compute.OpTypeMax,
		compute.OpTypeMin, compute.OpTypeMul, compute.OpTypePow, compute.OpTypeRem, compute.OpTypeShiftLeft,
		compute.OpTypeShiftRightArithmetic, compute.OpTypeShiftRightLogical, compute.OpTypeSub,
	}
	comparisons = []compute.OpType{
		compute.OpTypeEqual, compute.OpTypeNotEqual, compute.OpTypeGreaterOrEqual, compute.OpTypeGreaterThan,
		compute.OpTypeLessOrEqual, compute.OpTypeLessThan, compute.OpTypeEqualTotalOrder, compute.OpTypeNotEqualTotalOrder,
		compute.OpTypeGreaterOrEqualTotalOrder, compute.OpTypeGreaterThanTotalOrder, compute.OpTypeLessOrEqualTotalOrder,
		compute.OpTypeLessThanTotalOrder,
	}
	reductions = []compute.OpType{
		compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor,
		compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor,
		compute.OpTypeReduceMax, compute.OpTypeReduceMin, compute.OpTypeReduceProduct, compute.OpTypeReduceSum,
		compute.OpTypeReduceWindow, compute.OpTypeArgMinMax,
	}
	movements = []compute.OpType{
		compute.OpTypeBitcast, compute.OpTypeBroadcastInDim, compute.OpTypeConcatenate, compute.OpTypeDynamicSlice,
		compute.OpTypeDynamicUpdateSlice, compute.OpTypeGather, compute.OpTypePad, compute.OpTypeReshape,
		compute.OpTypeReverse, compute.OpTypeScatterMax, compute.OpTypeScatterMin, compute.OpTypeScatterSum,
		compute.OpTypeSlice, compute.OpTypeTranspose, compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier,
	}
	compounds = []compute.OpType{
		compute.OpTypeClamp, compute.OpTypeDotGeneral, compute.OpTypeWhere,
		compute.OpTypeFusedScaledDotProductAttention, compute.OpTypeFusedScaledDotProductAttentionVJP,
	}
)

func set[K comparable](list []K) map[K]bool {
	s := map[K]bool{}
	for _, k := range list {
		s[k] = true
	}
	return s
}

// checkShape refuses shapes of values that the backend does not handle.
func checkShape(s shapes.Shape) error {
	switch {
	case !capabilities.DTypes[s.DType]:
		return fmt.Errorf("values of shape %s: %w", s, compute.ErrNotImplemented)
	case slices.Contains(s.Dimensions, shapes.DynamicDim):
		return fmt.Errorf("axes of unknown size, as in %s: %w", s, compute.ErrNotImplemented)
	case slices.ContainsFunc(s.Dimensions, func(n int) bool { return n < 0 }):
		return fmt.Errorf("%s has an axis of negative size", s)
	}
	return nil
}

// plain is a shape without the names of axes, which mean nothing here and would only tell equal shapes apart.
func plain(s shapes.Shape) shapes.Shape {
	return shapes.Shape{DType: s.DType, Dimensions: slices.Clone(s.Dimensions)}
}
