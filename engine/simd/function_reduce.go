// Reductions.

package simd

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// reduce takes the axes in any order; none stands for all. A scalar, which has no axes to reduce, is its own reduction.
func (f *Function) reduce(op compute.OpType, x compute.Value, axes []int) (compute.Value, error) {
	if n, err := f.node(x); err == nil && n.Shape.Rank() == 0 && len(axes) == 0 {
		return f.Identity(x)
	}
	return f.record(op, func(in []shapes.Shape) (shapes.Shape, any, error) {
		sorted := slices.Sorted(slices.Values(axes))
		if len(sorted) == 0 {
			sorted = allAxes(in[0])
		}
		if err := checkAxes(in[0], sorted); err != nil {
			return in[0], nil, err
		}
		if err := checkReduced(op, in[0].DType); err != nil {
			return in[0], nil, err
		}
		out, err := shapeinference.Reduce(in[0], sorted)
		return out, ir.Axes(sorted), err
	}, x)
}

// checkAxes checks axes in ascending order.
func checkAxes(s shapes.Shape, sorted []int) error {
	for i, axis := range sorted {
		if axis < 0 || axis >= s.Rank() {
			return fmt.Errorf("%s has no axis %d", s, axis)
		}
		if i > 0 && axis == sorted[i-1] {
			return fmt.Errorf("axis %d is given twice", axis)
		}
	}
	return nil
}

func allAxes(s shapes.Shape) []int {
	axes := make([]int, s.Rank())
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// checkReduced checks that values of a type can be reduced with an op.
func checkReduced(op compute.OpType, dtype dtypes.DType) error {
	var ok bool
	switch op {
	case compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor:
		ok = dtype == dtypes.Bool
	case compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor:
		ok = dtype.IsInt()
	default:
		ok = dtype != dtypes.Bool
	}
	if !ok {
		return fmt.Errorf("is not defined for values of type %s", dtype)
	}
	return nil
}

// ReduceBitwiseAnd implements compute.StandardOps.
func (f *Function) ReduceBitwiseAnd(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseAnd, x, axes)
}

// ReduceBitwiseOr implements compute.StandardOps.
func (f *Function) ReduceBitwiseOr(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseOr, x, axes)
}

// ReduceBitwiseXor implements compute.StandardOps.
func (f *Function) ReduceBitwiseXor(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseXor, x, axes)
}

// ReduceLogicalAnd implements compute.StandardOps.
func (f *Function) ReduceLogicalAnd(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalAnd, x, axes)
}

// ReduceLogicalOr implements compute.StandardOps.
func (f *Function) ReduceLogicalOr(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalOr, x, axes)
}

// ReduceLogicalXor implements compute.StandardOps.
func (f *Function) ReduceLogicalXor(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalXor, x, axes)
}

// ReduceMax implements compute.StandardOps.
func (f *Function) ReduceMax(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceMax, x, axes)
}

// ReduceMin implements compute.StandardOps.
func (f *Function) ReduceMin(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceMin, x, axes)
}

// ReduceProduct implements compute.StandardOps.
func (f *Function) ReduceProduct(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceProduct, x, axes)
}

// ReduceSum implements compute.StandardOps.
func (f *Function) ReduceSum(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceSum, x, axes)
}

// ArgMinMax implements compute.StandardOps.
func (f *Function) ArgMinMax(x compute.Value, axis int, outputDType dtypes.DType, isMin bool) (compute.Value, error) {
	return f.record(compute.OpTypeArgMinMax, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out, err := shapeinference.ArgMinMax(in[0], axis, outputDType)
		if err == nil && in[0].Dimensions[axis] == 0 {
			err = fmt.Errorf("axis %d of %s has nothing to choose from", axis, in[0])
		}
		return out, ir.Extreme{Axis: axis, IsMin: isMin}, err
	}, x)
}

// ReduceWindow implements compute.StandardOps.
func (f *Function) ReduceWindow(x compute.Value, kind compute.ReduceOpType, windowDimensions, strides, inputDilations,
	windowDilations []int, paddings [][2]int) (compute.Value, error) {
	return f.record(compute.OpTypeReduceWindow, func(in []shapes.Shape) (shapes.Shape, any, error) {
		rank := in[0].Rank()
		window := ir.Window{
			Kind:            kind,
			Dimensions:      orOnes(windowDimensions, rank),
			InputDilations:  orOnes(inputDilations, rank),
			WindowDilations: orOnes(windowDilations, rank),
			Paddings:        slices.Clone(paddings),
		}
		window.Strides = window.Dimensions
		if len(strides) > 0 {
			window.Strides = slices.Clone(strides)
		}
		if len(paddings) == 0 {
			window.Paddings = make([][2]int, rank)
		}
		if kind <= compute.ReduceOpUndefined || kind > compute.ReduceOpMin {
			return in[0], nil, fmt.Errorf("unknown kind of reduction %d", kind)
		}
		if err := checkReduced(compute.OpTypeReduceWindow, in[0].DType); err != nil {
			return in[0], nil, err
		}
		out, err := shapeinference.ReduceWindow(in[0], window.Dimensions, window.Strides, window.InputDilations,
			window.WindowDilations, window.Paddings)
		return out, window, err
	}, x)
}

// orOnes is a list of numbers, one for each axis; where it is empty they are 1.
func orOnes(list []int, rank int) []int {
	if len(list) == 0 {
		return slices.Repeat([]int{1}, rank)
	}
	return slices.Clone(list)
}
