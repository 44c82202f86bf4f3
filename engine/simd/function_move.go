// Ops that move values or change how they are looked upon.

package simd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// BroadcastInDim implements compute.StandardOps.
func (f *Function) BroadcastInDim(x compute.Value, outputShape shapes.Shape, broadcastAxes []int) (compute.Value, error) {
	return f.record(compute.OpTypeBroadcastInDim, func(in []shapes.Shape) (shapes.Shape, any, error) {
		err := shapeinference.BroadcastInDim(in[0], outputShape, broadcastAxes, nil)
		if err == nil && !slices.IsSorted(broadcastAxes) {
			err = fmt.Errorf("axes %v must ascend: a broadcast does not transpose", broadcastAxes)
		}
		return withType(outputShape, in[0].DType), ir.Axes(slices.Clone(broadcastAxes)), err
	}, x)
}

// Reshape implements compute.StandardOps.
func (f *Function) Reshape(x compute.Value, dimensions ...int) (compute.Value, error) {
	return f.record(compute.OpTypeReshape, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out := shapes.Shape{DType: in[0].DType, Dimensions: dimensions}
		if err := checkShape(out); err != nil {
			return out, nil, err
		}
		if out.Size() != in[0].Size() {
			return out, nil, fmt.Errorf("%s has not as many values as %s", in[0], out)
		}
		return out, nil, nil
	}, x)
}

// Transpose implements compute.StandardOps.
func (f *Function) Transpose(x compute.Value, permutation ...int) (compute.Value, error) {
	return f.record(compute.OpTypeTranspose, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out, err := shapeinference.Transpose(in[0], permutation)
		return out, ir.Axes(slices.Clone(permutation)), err
	}, x)
}

// Reverse implements compute.StandardOps.
func (f *Function) Reverse(x compute.Value, axes ...int) (compute.Value, error) {
	if len(axes) == 0 {
		return f.Identity(x)
	}
	return f.record(compute.OpTypeReverse, func(in []shapes.Shape) (shapes.Shape, any, error) {
		sorted := slices.Sorted(slices.Values(axes))
		return in[0], ir.Axes(sorted), checkAxes(in[0], sorted)
	}, x)
}

// Slice implements compute.StandardOps.
func (f *Function) Slice(x compute.Value, starts, limits, strides []int) (compute.Value, error) {
	return f.record(compute.OpTypeSlice, func(in []shapes.Shape) (shapes.Shape, any, error) {
		cut := ir.Range{Starts: slices.Clone(starts), Limits: slices.Clone(limits), Strides: orOnes(strides, in[0].Rank())}
		out, err := shapeinference.Slice(in[0], cut.Starts, cut.Limits, cut.Strides)
		return out, cut, err
	}, x)
}

// Pad implements compute.StandardOps. Negative padding takes values away at an edge.
func (f *Function) Pad(x, fillValue compute.Value, axesConfig ...compute.PadAxis) (compute.Value, error) {
	return f.record(compute.OpTypePad, func(in []shapes.Shape) (shapes.Shape, any, error) {
		if in[1].DType != in[0].DType || in[1].Rank() != 0 {
			return in[0], nil, fmt.Errorf("%s is to be padded with a scalar of its type, not with %s", in[0], in[1])
		}
		out, err := shapeinference.Pad(in[0], axesConfig...)
		padding := make(ir.Padding, in[0].Rank())
		copy(padding, axesConfig)
		return out, padding, err
	}, x, fillValue)
}

// Concatenate implements compute.StandardOps.
func (f *Function) Concatenate(axis int, operands ...compute.Value) (compute.Value, error) {
	if len(operands) == 1 {
		return f.Identity(operands[0])
	}
	return f.record(compute.OpTypeConcatenate, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out, err := shapeinference.Concatenate(in, axis)
		return out, ir.Axis(axis), err
	}, operands...)
}

// Iota implements compute.StandardOps.
func (f *Function) Iota(shape shapes.Shape, iotaAxis int) (compute.Value, error) {
	return f.record(compute.OpTypeIota, func([]shapes.Shape) (shapes.Shape, any, error) {
		if iotaAxis < 0 || iotaAxis >= shape.Rank() {
			return shape, nil, fmt.Errorf("%s has no axis %d to count along", shape, iotaAxis)
		}
		if shape.DType == dtypes.Bool {
			return shape, nil, errors.New("there is nothing to count with in Booleans")
		}
		return shape, ir.Axis(iotaAxis), nil
	})
}

// Bitcast implements compute.StandardOps.
func (f *Function) Bitcast(x compute.Value, targetDType dtypes.DType) (compute.Value, error) {
	return f.record(compute.OpTypeBitcast, func(in []shapes.Shape) (shapes.Shape, any, error) {
		if !capabilities.DTypes[targetDType] {
			return in[0], nil, fmt.Errorf("to %s: %w", targetDType, compute.ErrNotImplemented)
		}
		if in[0].Rank() == 0 && ir.ByteSize(targetDType) > ir.ByteSize(in[0].DType) {
			return in[0], nil, fmt.Errorf("%s has no axis to make values of %s from", in[0], targetDType)
		}
		out, err := shapeinference.Bitcast(in[0], targetDType)
		return out, nil, err
	}, x)
}

// OptimizationBarrier implements compute.StandardOps.
func (f *Function) OptimizationBarrier(operands ...compute.Value) ([]compute.Value, error) {
	nodes, err := f.operands(compute.OpTypeOptimizationBarrier, operands)
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("simd: %s: there must be an operand", compute.OpTypeOptimizationBarrier)
	}
	results := make([]shapes.Shape, len(nodes))
	for i, n := range nodes {
		results[i] = n.Shape
	}
	return f.values(f.graph.AddMany(compute.OpTypeOptimizationBarrier, results, nil, nodes...)), nil
}

// SchedulingBarrier implements compute.StandardOps.
func (f *Function) SchedulingBarrier(operand compute.Value, dependencies ...compute.Value) (compute.Value, error) {
	return f.record(compute.OpTypeSchedulingBarrier, func(in []shapes.Shape) (shapes.Shape, any, error) {
		return in[0], nil, nil
	}, append([]compute.Value{operand}, dependencies...)...)
}
