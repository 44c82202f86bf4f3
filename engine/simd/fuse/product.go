package fuse

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/ir"
)

// view finds input i of an op on its own in memory. A copy of it that was made for another reader may lie otherwise than what it is a
// copy of: that is then read instead.
func (p *partition) view(op *ir.Node, i int) (View, error) {
	v, err := p.viewOf(op, op.In[i], p.pullDown)
	if err == nil && v.suits(op, i) {
		return v, nil
	}
	if original, failed := p.viewOf(op, op.In[i], p.pullThrough); failed == nil && original.suits(op, i) {
		return original, nil
	}
	return v, err
}

// puller follows an index through moves down to memory: to a node, and a place in its value.
type puller func(space Space, n *ir.Node, x Index) (l Linear, base *ir.Node, need *split)

// viewOf is how a value lies in memory for an op that reads it.
func (p *partition) viewOf(op, in *ir.Node, pull puller) (View, error) {
	source := p.unrounded(op, in)
	v := View{Round: source != in, Dims: source.Shape.Dimensions, Strides: make([]int, source.Shape.Rank())}
	if source.Shape.Size() == 0 {
		v.Node = p.base(source)
		return v, nil
	}
	space, x := dense(v.Dims)
	l, base, need := pull(space, source, x)
	if need != nil {
		return View{}, fmt.Errorf("reading %v for %v: an axis lies in two pieces", in, op)
	}
	v.Node, v.Offset = base, l.Offset
	for i, axis := range x {
		for _, atom := range axis.Parts {
			for _, part := range l.Parts {
				if part.Atom == atom.Atom {
					v.Strides[i] += part.Stride
				}
			}
		}
	}
	return v, nil
}

// IsProduct tells whether the node is a matrix product for the fast kernels.
func IsProduct(n *ir.Node) bool {
	if n.Op != compute.OpTypeDotGeneral || n.Shape.Size() == 0 || n.In[0].Shape.Size() == 0 {
		return false
	}
	fast := func(d dtypes.DType) bool { return d == dtypes.Float32 || d == dtypes.BFloat16 }
	return fast(n.Shape.DType) && fast(n.In[0].Shape.DType) && n.In[0].Shape.DType == n.In[1].Shape.DType
}

// IsAttention tells attention and its gradient.
func IsAttention(n *ir.Node) bool {
	return n.Op == compute.OpTypeFusedScaledDotProductAttention || n.Op == compute.OpTypeFusedScaledDotProductAttentionVJP
}

// readable tells whether an op on its own can read input i where it lies.
func (p *partition) readable(n *ir.Node, i int) bool {
	if n.Op == compute.OpTypeOptimizationBarrier || n.Op == compute.OpTypeSchedulingBarrier {
		return true
	}
	v, err := p.view(n, i)
	return err == nil && v.suits(n, i)
}

// suits tells whether an op can read its input i like this: attention wants whole rows, products axes that merge into those of
// matrices, others values in order without gaps.
func (v View) suits(n *ir.Node, i int) bool {
	switch {
	case IsAttention(n):
		rank := len(v.Dims)
		return v.Dims[rank-1] == 1 || v.Strides[rank-1] == 1
	case IsProduct(n):
		_, err := v.matrix(n.Attr.(ir.Product), i)
		return err == nil
	}
	return v.inOrder()
}

// Matrix is a product's operand as a stack of matrices [batches][Free][Contract], with strides in elements.
type Matrix struct {
	Free, Contract             int
	FreeStride, ContractStride int
	Batch, BatchStrides        []int
}

// Left and Right give the operands of a product as matrices.
func (u *Unit) Left() (Matrix, error)  { return u.Operands[0].matrix(u.Op.Attr.(ir.Product), 0) }
func (u *Unit) Right() (Matrix, error) { return u.Operands[1].matrix(u.Op.Attr.(ir.Product), 1) }

// matrix merges a view's axes into those of matrices.
func (v View) matrix(a ir.Product, side int) (m Matrix, err error) {
	contract, batch := a.LeftContract, a.LeftBatch
	if side == 1 {
		contract, batch = a.RightContract, a.RightBatch
	}
	var free []int
	for axis := range v.Dims {
		if !slices.Contains(contract, axis) && !slices.Contains(batch, axis) {
			free = append(free, axis)
		}
	}
	var freeOK, contractOK bool
	m.Free, m.FreeStride, freeOK = v.merge(free)
	m.Contract, m.ContractStride, contractOK = v.merge(contract)
	if !freeOK || !contractOK {
		return m, fmt.Errorf("axes %v and %v of strides %v do not make a matrix", free, contract, v.Strides)
	}
	for _, axis := range batch {
		m.Batch = append(m.Batch, v.Dims[axis])
		m.BatchStrides = append(m.BatchStrides, v.Strides[axis])
	}
	return m, nil
}

// merge gives the size and the stride of axes seen as one, if there is one stride.
func (v View) merge(axes []int) (size, stride int, ok bool) {
	size = 1
	for _, axis := range slices.Backward(axes) {
		if v.Dims[axis] == 1 {
			continue
		}
		if size == 1 {
			stride = v.Strides[axis]
		} else if v.Strides[axis] != stride*size {
			return 0, 0, false
		}
		size *= v.Dims[axis]
	}
	return size, stride, true
}

// inOrder tells whether a view's values lie one after another in memory.
func (v View) inOrder() bool {
	axes := make([]int, len(v.Dims))
	for i := range axes {
		axes[i] = i
	}
	size, stride, ok := v.merge(axes)
	return ok && (size == 1 || stride == 1)
}

// DType is the type of the values as they lie in memory.
func (v View) DType() dtypes.DType { return v.Node.Shape.DType }
