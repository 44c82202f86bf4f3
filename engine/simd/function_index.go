// Ops that find their operands' values by computed positions.

package simd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// Gather implements compute.StandardOps.
func (f *Function) Gather(operand, startIndices compute.Value, indexVectorAxis int, offsetOutputAxes, collapsedSliceAxes,
	startIndexMap, sliceSizes []int, indicesAreSorted bool) (compute.Value, error) {
	startIndices, err := f.indexVectors(compute.OpTypeGather, startIndices, indexVectorAxis)
	if err != nil {
		return nil, err
	}
	return f.record(compute.OpTypeGather, func(in []shapes.Shape) (shapes.Shape, any, error) {
		attr := ir.Gathering{
			IndexVectorAxis:    indexVectorAxis,
			OffsetOutputAxes:   slices.Clone(offsetOutputAxes),
			CollapsedSliceAxes: slices.Clone(collapsedSliceAxes),
			StartIndexMap:      slices.Clone(startIndexMap),
			SliceSizes:         slices.Clone(sliceSizes),
			Sorted:             indicesAreSorted,
		}
		out, err := shapeinference.Gather(in[0], in[1], indexVectorAxis, offsetOutputAxes, collapsedSliceAxes, startIndexMap,
			sliceSizes, indicesAreSorted)
		return out, attr, err
	}, operand, startIndices)
}

// ScatterSum implements compute.StandardOps.
func (f *Function) ScatterSum(operand, scatterIndices, updates compute.Value, indexVectorAxis int, updateWindowAxes,
	insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	attr := scattering(indexVectorAxis, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices)
	return f.scatter(compute.OpTypeScatterSum, operand, scatterIndices, updates, attr)
}

// ScatterMax implements compute.StandardOps.
func (f *Function) ScatterMax(operand, scatterIndices, updates compute.Value, indexVectorAxis int, updateWindowAxes,
	insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	attr := scattering(indexVectorAxis, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices)
	return f.scatter(compute.OpTypeScatterMax, operand, scatterIndices, updates, attr)
}

// ScatterMin implements compute.StandardOps.
func (f *Function) ScatterMin(operand, scatterIndices, updates compute.Value, indexVectorAxis int, updateWindowAxes,
	insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	attr := scattering(indexVectorAxis, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices)
	return f.scatter(compute.OpTypeScatterMin, operand, scatterIndices, updates, attr)
}

func scattering(indexVectorAxis int, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, sorted, unique bool) ir.Scattering {
	return ir.Scattering{
		IndexVectorAxis:          indexVectorAxis,
		UpdateWindowAxes:         slices.Clone(updateWindowAxes),
		InsertedWindowAxes:       slices.Clone(insertedWindowAxes),
		ScatterAxesToOperandAxes: slices.Clone(scatterAxesToOperandAxes),
		Sorted:                   sorted,
		Unique:                   unique,
	}
}

func (f *Function) scatter(op compute.OpType, operand, indices, updates compute.Value, attr ir.Scattering) (compute.Value, error) {
	indices, err := f.indexVectors(op, indices, attr.IndexVectorAxis)
	if err != nil {
		return nil, err
	}
	return f.record(op, func(in []shapes.Shape) (shapes.Shape, any, error) {
		out, err := shapeinference.Scatter(in[0], in[1], in[2], attr.IndexVectorAxis, attr.UpdateWindowAxes,
			attr.InsertedWindowAxes, attr.ScatterAxesToOperandAxes)
		return out, attr, err
	}, operand, indices, updates)
}

// indexVectors gives indices that have an axis for the vectors' elements: the ops let one of size 1 be left out at the end.
func (f *Function) indexVectors(op compute.OpType, indices compute.Value, axis int) (compute.Value, error) {
	nodes, err := f.operands(op, []compute.Value{indices})
	if err != nil {
		return nil, err
	}
	shape := nodes[0].Shape
	switch {
	case !shape.DType.IsInt():
		return nil, fmt.Errorf("simd: %s: indices must be integers, not %s", op, shape)
	case axis < 0 || axis > shape.Rank():
		return nil, fmt.Errorf("simd: %s: indices %s have no axis %d", op, shape, axis)
	case axis == shape.Rank():
		return f.Reshape(indices, append(slices.Clone(shape.Dimensions), 1)...)
	}
	return indices, nil
}

// DynamicSlice implements compute.StandardOps.
func (f *Function) DynamicSlice(operand compute.Value, startIndices []compute.Value, sliceDims []int) (compute.Value, error) {
	return f.record(compute.OpTypeDynamicSlice, func(in []shapes.Shape) (shapes.Shape, any, error) {
		if err := checkStarts(in[0], in[1:]); err != nil {
			return in[0], nil, err
		}
		out, err := shapeinference.DynamicSlice(in[0], sliceDims)
		return out, ir.Lengths(slices.Clone(sliceDims)), err
	}, append([]compute.Value{operand}, startIndices...)...)
}

// DynamicUpdateSlice implements compute.StandardOps.
func (f *Function) DynamicUpdateSlice(operand, update compute.Value, startIndices []compute.Value) (compute.Value, error) {
	return f.record(compute.OpTypeDynamicUpdateSlice, func(in []shapes.Shape) (shapes.Shape, any, error) {
		if err := checkStarts(in[0], in[2:]); err != nil {
			return in[0], nil, err
		}
		out, err := shapeinference.DynamicUpdateSlice(in[0], in[1])
		if err == nil && slices.ContainsFunc(allAxes(in[0]), func(i int) bool { return in[1].Dimensions[i] > in[0].Dimensions[i] }) {
			err = fmt.Errorf("update %s does not fit into %s", in[1], in[0])
		}
		return out, nil, err
	}, append([]compute.Value{operand, update}, startIndices...)...)
}

// checkStarts checks positions in an operand: an integer scalar for each axis.
func checkStarts(operand shapes.Shape, starts []shapes.Shape) error {
	if len(starts) != operand.Rank() {
		return fmt.Errorf("%s is given %d start indices, not one for each axis", operand, len(starts))
	}
	for _, s := range starts {
		if s.Rank() != 0 || !s.DType.IsInt() {
			return errors.New("start indices must be integer scalars, not " + s.String())
		}
	}
	return nil
}
