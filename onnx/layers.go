// The transformer, as package vit has it. Values between layers are Float; matrix products, and what lies between two of them, are of the
// graph's product type, except soft-max.

package onnx

import (
	"fmt"
	"math"

	"videomae/vit"
)

// embed gives the tokens [B, N, D] of clips [B, C, T, H, W], without positions. Cubes do not overlap, so that the embedding is a convolution.
func (s scope) embed(clips string, c vit.Config) string {
	cube := []int{c.Tubelet, c.Patch, c.Patch}
	x := s.op("Conv", []attribute{{"kernel_shape", cube}, {"strides", cube}}, s.lower(clips),
		s.tensor("patch_embed.proj.weight", s.product()), s.tensor("patch_embed.proj.bias", s.product()))
	x = s.op("Reshape", nil, x, s.ints(0, c.Dim, c.Tokens()))
	return s.raise(s.transpose(x, 0, 2, 1))
}

// blocks runs x [B, n, D] through the blocks.
func (s scope) blocks(x string, c vit.Config) string {
	for i := range c.Depth {
		b := s.in(fmt.Sprintf("blocks.%d.", i))
		x = b.op("Add", nil, x, b.raise(b.in("attn.").attention(b.lower(b.norm(x, "norm1")), c)))
		x = b.mlp(x)
	}
	return x
}

// mlp adds to x what the MLP makes of it.
func (s scope) mlp(x string) string {
	hidden := s.in("mlp.fc1.").linear(s.lower(s.norm(x, "norm2")))
	return s.op("Add", nil, x, s.raise(s.in("mlp.fc2.").linear(s.in("mlp.").gelu(hidden))))
}

// attention lets the tokens x [B, n, D] look at each other.
func (s scope) attention(x string, c vit.Config) string {
	d := c.Dim
	qkv := s.op("Add", nil, s.op("MatMul", nil, x, s.matrix("qkv.weight")), s.biases("qkv.bias", d, "q_bias", "", "v_bias"))
	parts := s.ops("Split", 3, []attribute{{"axis", 2}}, qkv, s.ints(d, d, d))
	return s.in("proj.").linear(s.attend(parts[0], parts[1], parts[2], c))
}

// biases adds, under a name, the biases [d] of several projections, one after another; those without a name, of keys, are zero.
func (s scope) biases(name string, d int, parts ...string) string {
	return s.floats(s.prefix+name, s.product(), []int{len(parts) * d}, func() (all []float32, err error) {
		for _, part := range parts {
			values := make([]float32, d)
			if part != "" {
				if values, err = s.get(part)(); err != nil {
					return nil, err
				}
			}
			all = append(all, values...)
		}
		return all, nil
	})
}

// cross is a block in which queries [1, M, D] look at tokens x [B, n, D]: [B, M, D].
func (s scope) cross(queries, x string, c vit.Config) string {
	d, a := c.Dim, s.in("attn.")
	q := a.op("Add", nil, a.op("MatMul", nil, a.lower(queries), a.matrix("q.weight")), a.tensor("q_bias", a.product()))
	kv := a.op("Add", nil, a.op("MatMul", nil, s.lower(s.norm(x, "norm1")), a.matrix("kv.weight")), a.biases("kv.bias", d, "", "v_bias"))
	parts := a.ops("Split", 2, []attribute{{"axis", 2}}, kv, a.ints(d, d))
	mixed := a.in("proj.").linear(a.attend(q, parts[0], parts[1], c))
	return s.mlp(s.op("Add", nil, queries, s.raise(mixed)))
}

// attend mixes values by the soft-max of the scores of queries and keys, each [B, n, D].
func (s scope) attend(q, k, v string, c vit.Config) string {
	head := c.Dim / c.Heads
	split := func(x string, axes ...int) string {
		return s.transpose(s.op("Reshape", nil, x, s.ints(0, 0, c.Heads, head)), axes...)
	}
	q = s.op("Mul", nil, split(q, 0, 2, 1, 3), s.scalar(float32(1/math.Sqrt(float64(head)))))
	scores := s.op("MatMul", nil, q, split(k, 0, 2, 3, 1))
	shares := s.lower(s.op("Softmax", []attribute{{"axis", -1}}, s.raise(scores)))
	mixed := s.transpose(s.op("MatMul", nil, shares, split(v, 0, 2, 1, 3)), 0, 2, 1, 3)
	return s.op("Reshape", nil, mixed, s.ints(0, 0, c.Dim))
}

// linear multiplies x [..., in] with the scope's weight and adds its bias.
func (s scope) linear(x string) string {
	return s.op("Add", nil, s.op("MatMul", nil, x, s.matrix("weight")), s.tensor("bias", s.product()))
}

// norm normalises x [..., D], in Float.
func (s scope) norm(x, name string) string {
	n := s.in(name + ".")
	return n.op("LayerNormalization", []attribute{{"axis", -1}, {"epsilon", float32(vit.NormEpsilon)}}, x, n.tensor("weight", Float), n.tensor("bias", Float))
}

// gelu is the exact form. Older sets of operators have no name for it; the order of its steps is the one that runtimes know as GELU.
func (s scope) gelu(x string) string {
	if s.opset >= 20 {
		return s.op("Gelu", nil, x)
	}
	erf := s.op("Erf", nil, s.op("Div", nil, x, s.scalar(math.Sqrt2)))
	return s.op("Mul", nil, s.op("Mul", nil, x, s.op("Add", nil, erf, s.scalar(1))), s.scalar(0.5))
}

// mean is that of the tokens x [B, n, D]: [B, D].
func (s scope) mean(x string) string {
	if s.opset >= 18 {
		return s.op("ReduceMean", []attribute{{"keepdims", 0}}, x, s.ints(1))
	}
	return s.op("ReduceMean", []attribute{{"axes", []int{1}}, {"keepdims", 0}}, x)
}

func (s scope) transpose(x string, axes ...int) string {
	return s.op("Transpose", []attribute{{"perm", axes}}, x)
}

// lower takes a Float value to the type of products, raise takes it back.
func (s scope) lower(x string) string { return s.cast(x, Half) }
func (s scope) raise(x string) string { return s.cast(x, Float) }

func (s scope) cast(x string, to Type) string {
	if !s.half {
		return x
	}
	return s.op("Cast", []attribute{{"to", int(to)}}, x)
}
