package vit

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// CrossBlockSpecs lists the tensors of a block in which queries of width d look at tokens of that width.
func CrossBlockSpecs(prefix string, d, mlp int) []Spec {
	specs := NormSpecs(prefix+"norm1", d)
	specs = append(specs, biasSpec(prefix+"attn.q_bias", d), biasSpec(prefix+"attn.v_bias", d))
	specs = append(specs, Spec{prefix + "attn.q.weight", []int{d, d}, Xavier(d, d)}, Spec{prefix + "attn.kv.weight", []int{2 * d, d}, Xavier(2*d, d)})
	specs = append(specs, LinearSpecs(prefix+"attn.proj", d, d)...)
	specs = append(specs, NormSpecs(prefix+"norm2", d)...)
	specs = append(specs, LinearSpecs(prefix+"mlp.fc1", mlp, d)...)
	return append(specs, LinearSpecs(prefix+"mlp.fc2", d, mlp)...)
}

// CrossBlock is a transformer block in which queries [B, M, D] look at tokens x [B, N, D], which norm1 has normalised. Returns [B, M, D].
// Source: the attentive probe of V-JEPA (Bardes et al. 2024).
func CrossBlock(p Params, queries, x *Node, heads int, c Compute) *Node {
	queries = Add(queries, crossAttention(p.In("attn."), queries, LayerNorm(p, "norm1", x), heads, c))
	hidden := GELU(c.Linear(LayerNorm(p, "norm2", queries), p.Get("mlp.fc1.weight"), p.Get("mlp.fc1.bias")))
	return Add(queries, c.Linear(hidden, p.Get("mlp.fc2.weight"), p.Get("mlp.fc2.bias")))
}

// crossAttention is Attention with queries, few of them, from elsewhere than keys and values.
func crossAttention(p Params, queries, x *Node, heads int, c Compute) *Node {
	b, m, n, d := x.Shape().Dim(0), queries.Shape().Dim(1), x.Shape().Dim(1), x.Shape().Dim(2)
	q := Reshape(c.Linear(queries, p.Get("q.weight"), p.Get("q_bias")), b, m, heads, d/heads)
	vBias := p.Get("v_bias")
	kv := Reshape(c.Linear(x, p.Get("kv.weight"), Concatenate([]*Node{ZerosLike(vBias), vBias}, 0)), b, n, 2, heads, d/heads)
	part := func(i int) *Node { return Squeeze(Slice(kv, AxisRange(), AxisRange(), AxisElem(i)), 2) }
	out := c.attendStored(MulScalar(q, 1/math.Sqrt(float64(d/heads))), part(0), part(1))
	return c.Linear(Reshape(out, b, m, d), p.Get("proj.weight"), p.Get("proj.bias"))
}
