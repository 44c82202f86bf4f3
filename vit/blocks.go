package vit

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Blocks runs x [B, N, D] through the transformer blocks of p (blocks.0, blocks.1, ...), without the final norm.
//
// keep holds the drop-path factors, [2*depth, B]: 0 where a sample skips a branch and 1/(1-rate) where it does not, row
// 2i for the attention of block i and 2i+1 for its MLP. Nil keeps every branch. Factors come from outside because the engine's
// random numbers would not repeat from run to run.
func Blocks(p Params, x *Node, config Config, c Compute, keep *Node) *Node {
	for i := range config.Depth {
		if c.Checkpoint {
			x = x.Checkpoint()
		}
		x = block(p.Block(i), x, config.Heads, c, branchFactor(keep, 2*i), branchFactor(keep, 2*i+1))
	}
	if c.Checkpoint {
		x = x.StopCheckpoint()
	}
	return x
}

// block is one pre-norm transformer block. Source: spec 1.4.
func block(p Params, x *Node, heads int, c Compute, keepAttention, keepMLP *Node) *Node {
	attended := Attention(p.In("attn."), LayerNorm(p, "norm1", x), heads, c)
	x = addBranch(x, attended, keepAttention)
	hidden := GELU(c.Linear(LayerNorm(p, "norm2", x), p.Get("mlp.fc1.weight"), p.Get("mlp.fc1.bias")))
	return addBranch(x, c.Linear(hidden, p.Get("mlp.fc2.weight"), p.Get("mlp.fc2.bias")), keepMLP)
}

// branchFactor is row i of the drop-path factors as [B, 1, 1], or nil.
func branchFactor(keep *Node, i int) *Node {
	if keep == nil {
		return nil
	}
	return Reshape(Slice(keep, AxisElem(i)), keep.Shape().Dim(1), 1, 1)
}

func addBranch(x, branch, keep *Node) *Node {
	if keep != nil {
		branch = Mul(branch, keep)
	}
	return Add(x, branch)
}

// EmbedCubes projects cubes [B, n, P] (values in the order frame, row, column, channel) to Float32 tokens [B, n, D].
// The weight is a convolution kernel [D, C, frame, row, column]; its channel axis moves last to meet the cubes' order. Source: spec 1.2.
func EmbedCubes(p Params, cubes *Node, c Compute) *Node {
	kernel := p.Get("patch_embed.proj.weight")
	weight := Reshape(TransposeAllAxes(kernel, 0, 2, 3, 4, 1), kernel.Shape().Dim(0), -1)
	return c.Linear(cubes, weight, p.Get("patch_embed.proj.bias"))
}
