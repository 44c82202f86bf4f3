// Package fuse cuts a graph into the units that run one after another: fused loops, matrix products with what is done to their
// result, attention, and ops on their own. It decides which values get memory; all others are computed where they are used.
//
// The idea in one paragraph. Element-wise ops and reductions join a loop with the ops they read from, as long as they run over
// the same space and no loop would have to wait for itself (group.go). A value that several units read is stored, unless it can be computed
// anew from what a reader loads anyway (store.go). A loop is then written by pulling: begin at what has to be stored and follow the inputs
// until everything comes from memory (lower.go). Reshapes, transposes, slices and broadcasts move no data: they change the index that
// is pulled with (index.go).
package fuse

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/loop"
	"videomae/engine/simd/vec"
)

var unaryOps = map[compute.OpType]vec.Unary{
	compute.OpTypeAbs: vec.Abs, compute.OpTypeCeil: vec.Ceil, compute.OpTypeCos: vec.Cos, compute.OpTypeErf: vec.Erf,
	compute.OpTypeExp: vec.Exp, compute.OpTypeExpm1: vec.Expm1, compute.OpTypeFloor: vec.Floor, compute.OpTypeIsFinite: vec.IsFinite,
	compute.OpTypeLog: vec.Log, compute.OpTypeLog1p: vec.Log1p, compute.OpTypeLogicalNot: vec.Not, compute.OpTypeLogistic: vec.Logistic,
	compute.OpTypeNeg: vec.Neg, compute.OpTypeRound: vec.Round, compute.OpTypeRsqrt: vec.Rsqrt, compute.OpTypeSign: vec.Sign,
	compute.OpTypeSin: vec.Sin, compute.OpTypeSqrt: vec.Sqrt, compute.OpTypeTanh: vec.Tanh,
	ir.OpGELU: vec.GELU, ir.OpGELUGrad: vec.GELUGrad,
}

var binaryOps = map[compute.OpType]vec.Binary{
	compute.OpTypeAdd: vec.Add, compute.OpTypeSub: vec.Sub, compute.OpTypeMul: vec.Mul, compute.OpTypeDiv: vec.Div,
	compute.OpTypeMax: vec.Max, compute.OpTypeMin: vec.Min, compute.OpTypePow: vec.Pow, compute.OpTypeRem: vec.Rem,
	compute.OpTypeAtan2: vec.Atan2, compute.OpTypeLessThan: vec.Less, compute.OpTypeLessOrEqual: vec.LessEqual,
	compute.OpTypeEqual: vec.Equal, compute.OpTypeNotEqual: vec.NotEqual, compute.OpTypeGreaterThan: vec.Greater,
	compute.OpTypeGreaterOrEqual: vec.GreaterEqual, compute.OpTypeLogicalAnd: vec.And, compute.OpTypeLogicalOr: vec.Or,
	compute.OpTypeLogicalXor: vec.Xor,
}

var reductions = map[compute.OpType]loop.Reduction{
	compute.OpTypeReduceSum: loop.Sum, compute.OpTypeReduceMax: loop.Max, compute.OpTypeReduceMin: loop.Min, compute.OpTypeReduceProduct: loop.Product,
}

// real tells the types that loops compute in: Float32, and those that are rounded to or looked upon as it.
func real(d dtypes.DType) bool {
	return d == dtypes.Float32 || d == dtypes.BFloat16 || d == dtypes.Bool
}

// elementwise tells whether a loop can compute the node value by value.
func elementwise(n *ir.Node) bool {
	if !real(n.Shape.DType) {
		return false
	}
	_, unary := unaryOps[n.Op]
	_, binary := binaryOps[n.Op]
	switch {
	case unary, binary, n.Op == compute.OpTypeWhere:
		for _, in := range n.In {
			if !real(in.Shape.DType) {
				return false
			}
		}
		return true
	case n.Op == compute.OpTypeConvertDType:
		from := n.In[0].Shape.DType
		return n.Shape.DType != dtypes.Bool && (real(from) || from == dtypes.Uint8 || from == dtypes.Int32)
	}
	return false
}

// reduces tells whether a loop may compute the node as a reduction.
func reduces(n *ir.Node) bool {
	_, known := reductions[n.Op]
	return known && n.Shape.DType != dtypes.Bool && real(n.Shape.DType)
}

// moves tells the ops that only change the index under which a value is found.
func moves(n *ir.Node) bool {
	switch n.Op {
	case compute.OpTypeReshape, compute.OpTypeTranspose, compute.OpTypeBroadcastInDim:
		return true
	case compute.OpTypeSlice:
		return true
	}
	return barrierResult(n)
}

// barrierResult tells the results of barriers, which are the barrier's inputs at a later time.
func barrierResult(n *ir.Node) bool {
	return n.Op == ir.OpResult && n.In[0].Op == compute.OpTypeOptimizationBarrier || n.Op == compute.OpTypeSchedulingBarrier
}

// moved is the input of an op that moves.
func moved(n *ir.Node) *ir.Node {
	if n.Op == ir.OpResult {
		return n.In[0].In[n.Attr.(int)]
	}
	return n.In[0]
}

// given tells the nodes that have memory before anything runs.
func given(n *ir.Node) bool {
	return n.Op == compute.OpTypeParameter || n.Op == compute.OpTypeConstant
}
