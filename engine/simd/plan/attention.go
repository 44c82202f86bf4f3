package plan

import (
	"fmt"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/attention"
	"videomae/engine/simd/fuse"
	"videomae/engine/simd/ir"
	"videomae/engine/simd/tile"
)

// attentionStep runs attention, or its gradient, on queries, keys and values where they lie.
func (c *compiler) attentionStep(u *fuse.Unit) (*step, error) {
	attr := u.Op.Attr.(ir.Attention)
	layout := layoutOf(attr.Layout)
	q, k := u.Operands[0], u.Operands[1]
	problem := attention.Problem{
		Batch: q.Dims[0], Heads: q.Dims[layout.head], KVHeads: k.Dims[layout.head],
		Queries: q.Dims[layout.token], Keys: k.Dims[layout.token], HeadDim: q.Dims[3],
		Scale: float32(attr.Scale),
		Q:     layout.strides(q), K: layout.strides(k), V: layout.strides(u.Operands[2]),
	}
	if u.Op.In[0].Shape.DType == dtypes.BFloat16 {
		problem.Type = tile.BF16
	}
	s := &step{}
	for _, v := range u.Operands {
		s.operands = append(s.operands, operand{c.slot(v.Node), v.Offset * ir.ByteSize(v.Node.Shape.DType), false})
	}
	for _, v := range u.Places {
		s.operands = append(s.operands, operand{c.slot(v.Node), v.Offset * ir.ByteSize(v.Node.Shape.DType), true})
	}
	s.pointers = make([]unsafe.Pointer, len(s.operands))
	work := 2 * problem.Batch * problem.Heads * problem.Queries * problem.Keys * problem.HeadDim // of one of its products
	shape := fmt.Sprintf("%dx%d tokens, %d heads of %d", problem.Batch, problem.Queries, problem.Heads, problem.HeadDim)
	states := problem.Batch * problem.Heads * problem.Queries
	if u.Op.Op == compute.OpTypeFusedScaledDotProductAttention {
		s.name, s.cost.flops = "attention "+shape, 2*work
		problem.O = layout.strides(u.Places[0])
		return s, c.forward(s, problem, states)
	}
	s.name, s.cost.flops = "attention gradient "+shape, 5*work
	problem.O = layout.strides(u.Operands[3])
	gradients := attention.GradientStrides{DO: layout.strides(u.Operands[5]),
		DQ: layout.strides(u.Places[0]), DK: layout.strides(u.Places[1]), DV: layout.strides(u.Places[2])}
	return s, c.backward(s, problem, gradients, states)
}

func (c *compiler) forward(s *step, problem attention.Problem, states int) error {
	f, err := attention.NewForward(c.machine.tile, c.machine.vec, problem)
	if err != nil {
		return err
	}
	s.scratch = f.ScratchBytes(c.machine.Pool.Workers())
	s.run = func(s *step, p *Program) {
		at := s.pointers
		f.Run(p.machine.Pool, at[0], at[1], at[2], at[3], unsafe.Slice((*float32)(at[4]), states), p.scratchFor(s))
	}
	return nil
}

func (c *compiler) backward(s *step, problem attention.Problem, g attention.GradientStrides, states int) error {
	b, err := attention.NewBackward(c.machine.tile, c.machine.vec, problem, g)
	if err != nil {
		return err
	}
	s.scratch = b.ScratchBytes(c.machine.Pool.Workers())
	s.run = func(s *step, p *Program) {
		at := s.pointers
		lse := unsafe.Slice((*float32)(at[4]), states)
		b.Run(p.machine.Pool, at[0], at[1], at[2], at[3], at[5], lse, at[6], at[7], at[8], p.scratchFor(s))
	}
	return nil
}

// axes are those of a layout that are not the batch (first) and the width (last).
type axes struct{ token, head int }

func layoutOf(l compute.AttentionAxesLayout) axes {
	if l == compute.AttentionAxesLayoutBSHD {
		return axes{token: 1, head: 2}
	}
	return axes{token: 2, head: 1}
}

func (a axes) strides(v fuse.View) attention.Strides {
	return attention.Strides{Batch: v.Strides[0], Token: v.Strides[a.token], Head: v.Strides[a.head]}
}
