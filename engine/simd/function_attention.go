// Attention in one op, forward and backward. What the kernels lack is refused in the forward op alone: GoMLX then computes
// attention by other ops, while a backward op must take whatever its forward op took.

package simd

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// maxHeadWidth is the widest head that the attention kernels take.
const maxHeadWidth = 256

// FusedScaledDotProductAttention implements compute.FusedOps for Float32 and BFloat16 without masks. The one state is the
// logarithm of the sum of the exponentials of each query's scores: Float32 [batch, heads, queries].
func (f *Function) FusedScaledDotProductAttention(query, key, value compute.Value, layout compute.AttentionAxesLayout,
	options *compute.ScaledDotProductAttentionConfig) (output compute.Value, statesForVJP []compute.Value, err error) {
	op := compute.OpTypeFusedScaledDotProductAttention
	in, err := f.operands(op, []compute.Value{query, key, value})
	if err != nil {
		return nil, nil, err
	}
	q, k, v := in[0].Shape, in[1].Shape, in[2].Shape
	if err := checkAttention(q, k, v, layout); err != nil {
		return nil, nil, fmt.Errorf("simd: %s: %w", op, err)
	}
	if err := takesAttention(q, k, v, layout, options); err != nil {
		return nil, nil, fmt.Errorf("simd: %s: %w: %w", op, err, compute.ErrNotImplemented)
	}
	sums := shapes.Make(dtypes.Float32, q.Dimensions[0], q.Dimensions[layout.HeadsAxis()], q.Dimensions[layout.SeqAxis()])
	results := f.values(f.graph.AddMany(op, []shapes.Shape{q, sums}, attention(q, layout, options), in...))
	return results[0], results[1:], nil
}

// FusedScaledDotProductAttentionVJP implements compute.FusedOps for what the forward op gave.
func (f *Function) FusedScaledDotProductAttentionVJP(query, key, value compute.Value, layout compute.AttentionAxesLayout,
	options *compute.ScaledDotProductAttentionConfig, output compute.Value, statesForVJP []compute.Value,
	dOutput compute.Value) (dQuery, dKey, dValue compute.Value, err error) {
	op := compute.OpTypeFusedScaledDotProductAttentionVJP
	if len(statesForVJP) != 1 {
		return nil, nil, nil, fmt.Errorf("simd: %s: is given %d states, not the forward op's one", op, len(statesForVJP))
	}
	in, err := f.operands(op, []compute.Value{query, key, value, output, statesForVJP[0], dOutput})
	if err != nil {
		return nil, nil, nil, err
	}
	if !in[5].Shape.Equal(in[0].Shape) {
		return nil, nil, nil, fmt.Errorf("simd: %s: the output's gradient is %s, the output %s", op, in[5].Shape, in[0].Shape)
	}
	results := []shapes.Shape{in[0].Shape, in[1].Shape, in[2].Shape}
	grads := f.values(f.graph.AddMany(op, results, attention(in[0].Shape, layout, options), in...))
	return grads[0], grads[1], grads[2], nil
}

func attention(q shapes.Shape, layout compute.AttentionAxesLayout, options *compute.ScaledDotProductAttentionConfig) ir.Attention {
	attr := ir.Attention{Layout: layout, Scale: 1 / math.Sqrt(float64(q.Dimensions[3]))}
	if options != nil && options.Scale != 0 {
		attr.Scale = options.Scale
	}
	return attr
}

// checkAttention tells what is wrong with operands.
func checkAttention(q, k, v shapes.Shape, layout compute.AttentionAxesLayout) error {
	if layout != compute.AttentionAxesLayoutBHSD && layout != compute.AttentionAxesLayoutBSHD {
		return fmt.Errorf("unknown layout %d", layout)
	}
	for _, s := range []shapes.Shape{q, k, v} {
		if s.Rank() != 4 || s.DType != q.DType || s.Dimensions[0] != q.Dimensions[0] {
			return fmt.Errorf("query %s, key %s and value %s must have 4 axes, one type and one batch size", q, k, v)
		}
	}
	if k.Dimensions[3] != q.Dimensions[3] || k.Dimensions[layout.SeqAxis()] != v.Dimensions[layout.SeqAxis()] {
		return fmt.Errorf("query %s, key %s and value %s do not fit together", q, k, v)
	}
	return nil
}

// takesAttention tells what there is no kernel for.
func takesAttention(q, k, v shapes.Shape, layout compute.AttentionAxesLayout, options *compute.ScaledDotProductAttentionConfig) error {
	heads := layout.HeadsAxis()
	switch {
	case q.DType != dtypes.Float32 && q.DType != dtypes.BFloat16:
		return fmt.Errorf("attention of %s", q.DType)
	case !k.Equal(v):
		return fmt.Errorf("values %s unlike the keys %s", v, k)
	case k.Dimensions[heads] != q.Dimensions[heads]:
		return fmt.Errorf("%d heads of queries on %d of keys", q.Dimensions[heads], k.Dimensions[heads])
	case q.Dimensions[3] == 0 || q.Dimensions[3] > maxHeadWidth:
		return fmt.Errorf("heads %d wide (1 to %d can be had)", q.Dimensions[3], maxHeadWidth)
	case options == nil:
		return nil
	case options.Mask != nil || options.Bias != nil || options.Causal:
		return errors.New("attention with a mask or a bias")
	case options.QuerySeqLen != nil || options.KeyValueSeqLen != nil:
		return errors.New("sequences of different lengths in a batch")
	}
	return nil
}
