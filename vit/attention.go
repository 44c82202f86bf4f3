package vit

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Attention is joint space-time attention over all tokens of x [B, N, D]: queries and values have biases, keys have
// none (a key bias would add the same number to all scores of a query). Returns Float32 [B, N, D]. Source: spec 1.4.
func Attention(p Params, x *Node, heads int, c Compute) *Node {
	q, k, v := queriesKeysValues(p, x, heads, c)
	out := Reshape(c.attend(q, k, v), x.Shape().Dimensions...)
	return c.Linear(out, p.Get("proj.weight"), p.Get("proj.bias"))
}

// queriesKeysValues projects x [B, N, D] to queries, keys and values, each [B, N, heads, D/heads].
func queriesKeysValues(p Params, x *Node, heads int, c Compute) (q, k, v *Node) {
	b, n, d := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	qBias, vBias := p.Get("q_bias"), p.Get("v_bias")
	bias := Concatenate([]*Node{qBias, ZerosLike(qBias), vBias}, 0)
	qkv := Reshape(c.Linear(x, p.Get("qkv.weight"), bias), b, n, 3, heads, d/heads)
	part := func(i int) *Node { return Squeeze(Slice(qkv, AxisRange(), AxisRange(), AxisElem(i)), 2) }
	return part(0), part(1), part(2)
}

// attend weighs values by the soft-max of the scaled scores of queries and keys, all [B, N, heads, d]. The engine's
// fused attention is used where it has one together with its gradient; otherwise scores are stored, N x N for each head.
func (c Compute) attend(q, k, v *Node) *Node {
	scale := 1 / math.Sqrt(float64(q.Shape().Dim(-1)))
	stored := func() *Node { return c.attendStored(MulScalar(q, scale), k, v) }
	ops := q.Graph().Backend().Capabilities().Operations
	if !ops[compute.OpTypeFusedScaledDotProductAttention] || !ops[compute.OpTypeFusedScaledDotProductAttentionVJP] {
		return stored()
	}
	fused := func() *Node {
		out, _ := BackendFusedScaledDotProductAttention(c.operand(q), c.operand(k), c.operand(v),
			compute.AttentionAxesLayoutBSHD, &compute.ScaledDotProductAttentionConfig{Scale: scale})
		return ConvertDType(out, dtypes.Float32)
	}
	out, _ := InternalFusedOpCaller(fused, stored, false)
	return out
}

// attendStored is attention with its scores in memory and their soft-max in Float32, whatever the compute type.
func (c Compute) attendStored(q, k, v *Node) *Node {
	out := c.dot(c.operand(c.weigh(q, k)), []int{3}, []int{0, 1}, c.operand(v), []int{1}, []int{0, 2})
	return TransposeAllAxes(out, 0, 2, 1, 3)
}

// weigh is the soft-max over keys of the scores of scaled queries, [B, heads, N, N].
func (c Compute) weigh(q, k *Node) *Node {
	return softmax(c.dot(c.operand(q), []int{3}, []int{0, 2}, c.operand(k), []int{3}, []int{0, 2}))
}
