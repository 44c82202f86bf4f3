package vit

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// NormEpsilon is added to the variance in every layer norm. Source: spec 1.4.
const NormEpsilon = 1e-6

// Compute says how a graph is computed, as opposed to what.
type Compute struct {
	// DType is the type of matrix products' operands: Float32, or BFloat16, in which case weights, soft-max, norms,
	// residual sums and losses stay in Float32.
	DType dtypes.DType
	// RoundOnly rounds operands to DType but multiplies them in Float32, for engines whose own products in DType cannot
	// be relied on. The numbers are those of exact sums.
	RoundOnly bool
	// Checkpoint stores only the input of each block for the backward pass, which computes the rest anew: less memory, a third more work.
	Checkpoint bool
}

// Linear multiplies x [..., in] by the transpose of weight [out, in] in the compute type, and adds bias [out] (nil for
// none) in Float32. The result is Float32 [..., out].
func (c Compute) Linear(x, weight, bias *Node) *Node {
	last := x.Rank() - 1
	y := c.dot(c.operand(x), []int{last}, nil, c.operand(weight), []int{1}, nil)
	if bias == nil {
		return y
	}
	return Add(y, ExpandLeftToRank(bias, y.Rank()))
}

// operand converts x to the compute type.
func (c Compute) operand(x *Node) *Node {
	x = ConvertDType(x, c.DType)
	if c.RoundOnly {
		x = ConvertDType(x, dtypes.Float32)
	}
	return x
}

// dot is a matrix product of operands in the compute type with a Float32 result.
//
// GoMLX takes a product's gradient in its accumulator's type; leaving that unset keeps the backward products of bf16
// operands in bf16. Every engine sums bf16 products in Float32 all the same.
func (c Compute) dot(a *Node, aContract, aBatch []int, b *Node, bContract, bBatch []int) *Node {
	y := Dot(a, b).WithAccumulatorDType(dtypes.InvalidDType).General(aContract, aBatch, bContract, bBatch)
	return ConvertDType(y, dtypes.Float32)
}

// LayerNorm normalises x [..., d] over its last axis with the biased variance, then scales and shifts by the tensors
// norm.weight and norm.bias [d] of p. Float32 in and out.
func LayerNorm(p Params, norm string, x *Node) *Node {
	centred := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	variance := ReduceAndKeep(Mul(centred, centred), ReduceMean, -1)
	normal := Div(centred, Sqrt(AddScalar(variance, NormEpsilon)))
	scale, shift := p.Get(norm+".weight"), p.Get(norm+".bias")
	return Add(Mul(normal, ExpandLeftToRank(scale, x.Rank())), ExpandLeftToRank(shift, x.Rank()))
}

// GELU is x times the normal distribution's cumulative function at x, in its exact form by erf.
func GELU(x *Node) *Node {
	return Mul(MulScalar(x, 0.5), AddScalar(Erf(MulScalar(x, math.Sqrt2/2)), 1))
}

// softmax over the last axis. The subtracted maximum does not take part in the gradient, which it cannot change.
func softmax(x *Node) *Node {
	e := Exp(Sub(x, StopGradient(ReduceAndKeep(x, ReduceMax, -1))))
	return Div(e, ReduceAndKeep(e, ReduceSum, -1))
}
