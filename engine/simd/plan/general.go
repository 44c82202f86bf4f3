// Kernels for ops that are not fused: one for each node.

package plan

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/ops"
)

// generalKernel gives the kernel that computes a node's value from those of its inputs. Parameters,
// constants, barriers and results of other nodes have none; those of attention are not general ones.
func generalKernel(n *ir.Node) (ops.Kernel, error) {
	in := make([]shapes.Shape, len(n.In))
	for i, operand := range n.In {
		in[i] = operand.Shape
	}
	out := n.Shape
	if out.Size() == 0 && n.Results == nil {
		return nothing{}, nil
	}
	switch attr := n.Attr.(type) {
	case nil:
		return kernelWithoutAttribute(n.Op, in, out)
	case ir.Axes:
		return kernelOfAxes(n.Op, attr, in[0], out)
	case ir.Axis:
		if n.Op == compute.OpTypeIota {
			return ops.NewIota(int(attr), out)
		}
		return ops.NewConcatenate(in, int(attr), out)
	case ir.Range:
		return ops.NewSlice(in[0], attr.Starts, attr.Limits, attr.Strides, out)
	case ir.Padding:
		return ops.NewPad(in[0], in[1], attr, out)
	case ir.Product:
		config := compute.DotGeneralConfig{OutputDType: out.DType}
		if in[0].DType.IsHalfPrecision() {
			config.AccumulatorDType = dtypes.Float32
		}
		return ops.NewDotGeneral(in[0], attr.LeftContract, attr.LeftBatch, in[1], attr.RightContract, attr.RightBatch, config, out)
	case ir.Extreme:
		return ops.NewArgMinMax(in[0], attr.Axis, attr.IsMin, out)
	case ir.Gathering:
		return ops.NewGather(in[0], in[1], attr.IndexVectorAxis, attr.OffsetOutputAxes, attr.CollapsedSliceAxes,
			attr.StartIndexMap, attr.SliceSizes, out)
	case ir.Scattering:
		return ops.NewScatter(n.Op, in[0], in[1], in[2], attr.IndexVectorAxis, attr.UpdateWindowAxes, attr.InsertedWindowAxes,
			attr.ScatterAxesToOperandAxes, out)
	case ir.Window:
		return ops.NewReduceWindow(in[0], attr.Kind, attr.Dimensions, attr.Strides, attr.InputDilations, attr.WindowDilations,
			attr.Paddings, out)
	case ir.Lengths:
		return ops.NewDynamicSlice(in[0], in[1:], out)
	}
	return nil, fmt.Errorf("%s: %w", n.Op, compute.ErrNotImplemented)
}

// kernelOfAxes gives the kernels of ops that only name axes.
func kernelOfAxes(op compute.OpType, axes []int, x, out shapes.Shape) (ops.Kernel, error) {
	switch op {
	case compute.OpTypeTranspose:
		return ops.NewTranspose(x, axes, out)
	case compute.OpTypeBroadcastInDim:
		return ops.NewBroadcastInDim(x, axes, out)
	case compute.OpTypeReverse:
		return ops.NewReverse(x, axes, out)
	default:
		return ops.NewReduce(op, x, axes, out)
	}
}

// kernelWithoutAttribute gives the kernels of ops whose operands say all: those on elements, and those that change nothing.
func kernelWithoutAttribute(op compute.OpType, in []shapes.Shape, out shapes.Shape) (ops.Kernel, error) {
	switch op {
	case compute.OpTypeConvertDType:
		return ops.NewConvert(in[0], out)
	case compute.OpTypeWhere:
		return ops.NewWhere(in[0], in[1], in[2], out)
	case compute.OpTypeDynamicUpdateSlice:
		return ops.NewDynamicUpdateSlice(in[0], in[1], in[2:], out)
	case compute.OpTypeReshape, compute.OpTypeBitcast:
		return ops.NewCopy(op, in[0], out)
	}
	if len(in) == 2 {
		return ops.NewBinary(op, in[0], in[1], out)
	}
	return ops.NewUnary(op, in[0], out)
}

// nothing is the kernel of ops whose value is empty.
type nothing struct{}

// Tasks implements ops.Kernel.
func (nothing) Tasks() int { return 0 }

// Do implements ops.Kernel.
func (nothing) Do(int, int, [][]byte, [][]byte) {}
