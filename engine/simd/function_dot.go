// Matrix products.

package simd

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// DotGeneral implements compute.StandardOps. Products of half-precision floats are summed in Float32. Another accumulator
// type than that or the operands' own is honoured by converting the operands to it.
func (f *Function) DotGeneral(lhs compute.Value, lhsContractingAxes, lhsBatchAxes []int, rhs compute.Value,
	rhsContractingAxes, rhsBatchAxes []int, config compute.DotGeneralConfig) (compute.Value, error) {
	nodes, err := f.operands(compute.OpTypeDotGeneral, []compute.Value{lhs, rhs})
	if err != nil {
		return nil, err
	}
	output := config.OutputDType
	if output == dtypes.InvalidDType {
		output = nodes[0].Shape.DType
	}
	if inner := accumulator(nodes[0].Shape.DType, config.AccumulatorDType); inner != nodes[0].Shape.DType {
		if lhs, err = f.ConvertDType(lhs, inner); err != nil {
			return nil, err
		}
		if rhs, err = f.ConvertDType(rhs, inner); err != nil {
			return nil, err
		}
	}
	attr := ir.Product{
		LeftContract: slices.Clone(lhsContractingAxes), LeftBatch: slices.Clone(lhsBatchAxes),
		RightContract: slices.Clone(rhsContractingAxes), RightBatch: slices.Clone(rhsBatchAxes),
	}
	product, err := f.record(compute.OpTypeDotGeneral, func(in []shapes.Shape) (shapes.Shape, any, error) {
		if in[0].DType == dtypes.Bool {
			return in[0], nil, errors.New("is not defined for Booleans")
		}
		out, err := shapeinference.DotGeneral(in[0], attr.LeftContract, attr.LeftBatch, in[1], attr.RightContract,
			attr.RightBatch, compute.DotGeneralConfig{OutputDType: productType(in[0].DType, output)})
		return out, attr, err
	}, lhs, rhs)
	if err != nil {
		return nil, err
	}
	return f.ConvertDType(product, output)
}

// accumulator is the type that operands have to be converted to before they are multiplied.
func accumulator(operands, wanted dtypes.DType) dtypes.DType {
	if wanted == dtypes.InvalidDType || operands.IsHalfPrecision() && wanted == dtypes.Float32 {
		return operands
	}
	return wanted
}

// productType is the type that a product of operands is computed in when another one is wanted in the end: sums of
// half-precision products can stay Float32, all others have the type of the operands.
func productType(operands, wanted dtypes.DType) dtypes.DType {
	switch {
	case !operands.IsHalfPrecision() || wanted == operands:
		return operands
	default:
		return dtypes.Float32
	}
}
