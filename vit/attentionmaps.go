package vit

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// AttentionWeights gives the attention of a block whose tensors are p and whose input is x [B, N, D]: Float32 [B, heads, N, N], the row of
// each query summing to 1 over the keys. The engine's fused attention stores no such matrix, so it is computed anew.
func AttentionWeights(p Params, x *Node, heads int, c Compute) *Node {
	q, k, _ := queriesKeysValues(p.In("attn."), LayerNorm(p, "norm1", x), heads, c)
	return c.weigh(MulScalar(q, 1/math.Sqrt(float64(q.Shape().Dim(-1)))), k)
}

// LayerAttention is AttentionWeights of block number layer, from 1, where x is the input of the first block.
func LayerAttention(p Params, x *Node, config Config, c Compute, layer int) *Node {
	config.Depth = layer - 1
	return AttentionWeights(p.Block(layer-1), Blocks(p, x, config, c, nil), config.Heads, c)
}

// Rollout follows attention from the input x of the first block through the given number of blocks: for each token that the last of them
// puts out, how much of each token of x has reached it, Float32 [B, N, N], rows summing to 1. Each block passes its input on half by its
// residual and half by its attention, the mean over heads. One block's matrices are needed at a time. Source: Abnar and Zuidema 2020.
func Rollout(p Params, x *Node, config Config, c Compute, layers int) *Node {
	var reached *Node
	for i := range layers {
		step := withResidual(ReduceMean(AttentionWeights(p.Block(i), x, config.Heads, c), 1))
		if reached != nil {
			step = Einsum("bij,bjk->bik", step, reached)
		}
		reached = step
		if i < layers-1 {
			x = block(p.Block(i), x, config.Heads, c, nil, nil)
		}
	}
	return reached
}

// withResidual adds the identity to attention [B, N, N] and normalises rows.
func withResidual(attention *Node) *Node {
	identity := ConvertDType(Diagonal(attention.Graph(), attention.Shape().Dim(1)), attention.DType())
	sum := Add(attention, ExpandLeftToRank(identity, 3))
	return Div(sum, ReduceAndKeep(sum, ReduceSum, -1))
}
