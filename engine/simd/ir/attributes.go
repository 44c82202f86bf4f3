package ir

import "github.com/gomlx/compute"

// The parameters of ops, as Node.Attr. An op that is not mentioned has none: its inputs and its shape say all.

// Parameter: OpTypeParameter.
type Parameter struct {
	Name  string
	Index int // among the computation's inputs
}

// Constant: OpTypeConstant. Data holds the values in row-major order, as in memory.
type Constant struct{ Data []byte }

// Axes: OpTypeTranspose (the permutation: axis i of the value is axis Axes[i] of the input), OpTypeBroadcastInDim (axis i of the input is
// axis Axes[i] of the value), OpTypeReduce* (the axes that go; never empty), OpTypeReverse.
type Axes []int

// Axis: OpTypeConcatenate, OpTypeIota.
type Axis int

// Range: OpTypeSlice.
type Range struct{ Starts, Limits, Strides []int }

// Padding: OpTypePad. Inputs: operand, fill value.
type Padding []compute.PadAxis

// Product: OpTypeDotGeneral. Inputs: left, right.
type Product struct{ LeftContract, LeftBatch, RightContract, RightBatch []int }

// Extreme: OpTypeArgMinMax.
type Extreme struct {
	Axis  int
	IsMin bool
}

// Gathering: OpTypeGather. Inputs: operand, start indices.
type Gathering struct {
	IndexVectorAxis                                                 int
	OffsetOutputAxes, CollapsedSliceAxes, StartIndexMap, SliceSizes []int
	Sorted                                                          bool
}

// Scattering: OpTypeScatterSum, OpTypeScatterMax, OpTypeScatterMin. Inputs: operand, indices, updates.
type Scattering struct {
	IndexVectorAxis                                                int
	UpdateWindowAxes, InsertedWindowAxes, ScatterAxesToOperandAxes []int
	Sorted, Unique                                                 bool
}

// Window: OpTypeReduceWindow.
type Window struct {
	Kind                                                 compute.ReduceOpType
	Dimensions, Strides, InputDilations, WindowDilations []int
	Paddings                                             [][2]int
}

// Lengths: OpTypeDynamicSlice. Inputs: operand, one start for each axis. (OpTypeDynamicUpdateSlice: operand, update, starts.)
type Lengths []int

// Attention: OpTypeFusedScaledDotProductAttention. Inputs: query, key, value. Results: output, log-sum-exp of the scores
// [batch, heads, queries]. Its VJP has the inputs query, key, value, output, log-sum-exp, output's gradient, and the results
// dQuery, dKey, dValue.
type Attention struct {
	Layout compute.AttentionAxesLayout
	Scale  float64
	Causal bool
}
