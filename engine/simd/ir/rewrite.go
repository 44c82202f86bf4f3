package ir

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// rewrite gives a node with the value that an op would have, where a simpler or an earlier one has it; else nil.
func (g *Graph) rewrite(op compute.OpType, shape shapes.Shape, attr any, in []*Node) *Node {
	switch op {
	case compute.OpTypeIdentity:
		return in[0]
	case compute.OpTypeConvertDType:
		return g.rewriteConvert(shape, in[0])
	case compute.OpTypeReshape, compute.OpTypeTranspose, compute.OpTypeSlice, compute.OpTypeBroadcastInDim:
		return g.rewriteMove(op, shape, attr, in[0])
	case compute.OpTypePad:
		return g.rewritePad(shape, attr.(Padding), in[0], in[1])
	case compute.OpTypeConcatenate:
		return g.rewriteConcatenate(shape, attr, in)
	case compute.OpTypeReduceSum, compute.OpTypeReduceMax, compute.OpTypeReduceMin, compute.OpTypeReduceProduct:
		if reducesNothing(in[0], attr.(Axes)) {
			return g.Add(compute.OpTypeReshape, shape, nil, in[0])
		}
	case compute.OpTypeMul:
		for i := range in {
			if isScalar(in[i], 1) && in[1-i].Shape.Equal(shape) {
				return in[1-i]
			}
		}
		if x := gelu(in[0], in[1]); x != nil {
			return g.Add(OpGELU, shape, nil, x)
		}
	case compute.OpTypeAdd:
		if gradient, x := geluGradient(in[0], in[1]); x != nil {
			return g.Add(compute.OpTypeMul, shape, nil, gradient, g.Add(OpGELUGrad, shape, nil, x))
		}
		return g.joinPads(shape, in)
	case compute.OpTypeDotGeneral:
		return g.orderAxes(shape, attr.(Product), in)
	}
	return nil
}

func reducesNothing(x *Node, axes Axes) bool {
	return !slices.ContainsFunc(axes, func(axis int) bool { return x.Shape.Dimensions[axis] != 1 })
}

// rewriteConvert drops conversions that undo each other and moves the rounding of a moved value before the move, so that it is rounded
// once, where it is computed.
func (g *Graph) rewriteConvert(shape shapes.Shape, x *Node) *Node {
	to, from := shape.DType, x.Shape.DType
	switch {
	case to == from:
		return x
	case x.Op == compute.OpTypeConvertDType && x.In[0].Shape.DType == to && widens(to, from):
		return x.In[0]
	case widens(to, from) && (x.Op == compute.OpTypeReshape || x.Op == compute.OpTypeTranspose || x.Op == compute.OpTypeSlice):
		rounded := g.Add(compute.OpTypeConvertDType, typed(x.In[0].Shape, to), nil, x.In[0])
		return g.Add(x.Op, shape, x.Attr, rounded)
	}
	return nil
}

// widens tells whether converting from one type to the other loses nothing.
func widens(from, to dtypes.DType) bool {
	return to == dtypes.Float32 && (from == dtypes.BFloat16 || from == dtypes.Float16)
}

func widening(n *Node) bool {
	return n.Op == compute.OpTypeConvertDType && widens(n.In[0].Shape.DType, n.Shape.DType)
}

func typed(s shapes.Shape, d dtypes.DType) shapes.Shape {
	s = s.Clone()
	s.DType = d
	return s
}

// rewriteMove joins moves in a row, drops those that change nothing, and moves the short form of a value rather than the widened one.
func (g *Graph) rewriteMove(op compute.OpType, shape shapes.Shape, attr any, x *Node) *Node {
	if x.Shape.Equal(shape) && (op == compute.OpTypeReshape || op == compute.OpTypeBroadcastInDim || op == compute.OpTypeSlice && whole(attr.(Range), x.Shape)) {
		return x
	}
	if widening(x) && op != compute.OpTypeBroadcastInDim {
		short := x.In[0]
		return g.Add(compute.OpTypeConvertDType, shape, nil, g.Add(op, typed(shape, short.Shape.DType), attr, short))
	}
	switch op {
	case compute.OpTypeReshape:
		if x.Op == op {
			return g.Add(op, shape, nil, x.In[0])
		}
	case compute.OpTypeTranspose:
		return g.rewriteTranspose(shape, attr.(Axes), x)
	}
	return nil
}

// whole tells whether a range takes every element in order.
func whole(r Range, s shapes.Shape) bool {
	return slices.Equal(r.Limits, s.Dimensions) && !slices.ContainsFunc(r.Starts, nonzero)
}

func nonzero(i int) bool { return i != 0 }

// rewriteTranspose drops permutations that change nothing, joins those in a row, and has a product computed the other way round.
func (g *Graph) rewriteTranspose(shape shapes.Shape, permutation Axes, x *Node) *Node {
	switch {
	case slices.IsSorted(permutation):
		return x
	case x.Op == compute.OpTypeTranspose:
		joined := make(Axes, len(permutation))
		for i, axis := range permutation {
			joined[i] = x.Attr.(Axes)[axis]
		}
		return g.Add(compute.OpTypeTranspose, shape, joined, x.In[0])
	case x.Op == compute.OpTypeDotGeneral && swapsSides(x, permutation):
		a := x.Attr.(Product)
		swapped := Product{LeftContract: a.RightContract, RightContract: a.LeftContract, LeftBatch: a.RightBatch, RightBatch: a.LeftBatch}
		return g.Add(compute.OpTypeDotGeneral, shape, swapped, x.In[1], x.In[0])
	}
	return nil
}

// swapsSides tells whether a permutation of a product's axes puts the right operand's axes before the left one's.
func swapsSides(x *Node, permutation Axes) bool {
	a := x.Attr.(Product)
	batch := len(a.LeftBatch)
	left := x.In[0].Shape.Rank() - batch - len(a.LeftContract)
	var want Axes
	for i := range batch {
		want = append(want, i)
	}
	for i := batch + left; i < len(permutation); i++ {
		want = append(want, i)
	}
	for i := batch; i < batch+left; i++ {
		want = append(want, i)
	}
	return slices.Equal(permutation, want)
}

// rewritePad pads the short form of a widened value.
func (g *Graph) rewritePad(shape shapes.Shape, p Padding, x, fill *Node) *Node {
	if !widening(x) || !isScalar(fill, 0) {
		return nil
	}
	short := x.In[0].Shape.DType
	zero := g.Const(shapes.Make(short), make([]byte, ByteSize(short)))
	return g.Add(compute.OpTypeConvertDType, shape, nil, g.Add(compute.OpTypePad, typed(shape, short), p, x.In[0], zero))
}

// rewriteConcatenate joins the short forms of values that are all widened.
func (g *Graph) rewriteConcatenate(shape shapes.Shape, axis any, in []*Node) *Node {
	if len(in) == 1 {
		return in[0]
	}
	short := make([]*Node, len(in))
	for i, x := range in {
		if !widening(x) || x.In[0].Shape.DType != in[0].In[0].Shape.DType {
			return nil
		}
		short[i] = x.In[0]
	}
	joined := g.Add(compute.OpTypeConcatenate, typed(shape, short[0].Shape.DType), axis, short...)
	return g.Add(compute.OpTypeConvertDType, shape, nil, joined)
}

// joinPads finds sums of values padded with zeros that do not overlap and leave no gap, as gradients of slices are, and puts the values side
// by side instead.
func (g *Graph) joinPads(shape shapes.Shape, in []*Node) *Node {
	pads := append(padsOf(in[0]), padsOf(in[1])...)
	if slices.Contains(pads, nil) {
		return nil
	}
	axis, ok := paddedAxis(pads)
	if !ok {
		return nil
	}
	slices.SortFunc(pads, func(a, b *Node) int { return a.Attr.(Padding)[axis].Start - b.Attr.(Padding)[axis].Start })
	end := 0
	parts := make([]*Node, len(pads))
	for i, pad := range pads {
		if !pad.Shape.Equal(pads[0].Shape) || !slices.Equal(pad.Shape.Dimensions, shape.Dimensions) || pad.Attr.(Padding)[axis].Start != end {
			return nil
		}
		parts[i] = pad.In[0]
		end += pad.In[0].Shape.Dimensions[axis]
	}
	if end != shape.Dimensions[axis] {
		return nil
	}
	joined := g.Add(compute.OpTypeConcatenate, pads[0].Shape, Axis(axis), parts...)
	return g.Add(compute.OpTypeConvertDType, shape, nil, joined)
}

// padsOf lists the values padded with zeros that a sum is made of, widened or not; a nil stands for any other term.
func padsOf(n *Node) []*Node {
	const most = 8 // terms
	switch {
	case widening(n):
		return padsOf(n.In[0])
	case n.Op == compute.OpTypeAdd:
		if terms := append(padsOf(n.In[0]), padsOf(n.In[1])...); len(terms) <= most {
			return terms
		}
	case n.Op == compute.OpTypePad && isScalar(n.In[1], 0):
		return []*Node{n}
	}
	return []*Node{nil}
}

// paddedAxis is the one axis along which values are padded, if it is the same for all and without negative or inner padding.
func paddedAxis(pads []*Node) (axis int, ok bool) {
	axis = -1
	for _, pad := range pads {
		for i, p := range pad.Attr.(Padding) {
			if p == (compute.PadAxis{}) {
				continue
			}
			if p.Interior != 0 || p.Start < 0 || p.End < 0 || axis >= 0 && axis != i {
				return 0, false
			}
			axis = i
		}
	}
	return axis, axis >= 0
}

// orderAxes transposes the operands of a product whose free or contracted axes are not neighbours in order, so that each of its
// sides is a stack of matrices.
func (g *Graph) orderAxes(shape shapes.Shape, a Product, in []*Node) *Node {
	left, leftContract, leftBatch := g.ordered(in[0], a.LeftContract, a.LeftBatch)
	right, rightContract, rightBatch := g.ordered(in[1], a.RightContract, a.RightBatch)
	if left == in[0] && right == in[1] {
		return nil
	}
	return g.Add(compute.OpTypeDotGeneral, shape, Product{leftContract, leftBatch, rightContract, rightBatch}, left, right)
}

// ordered moves the axes of a product's operand into the order batch, free, contracted, unless its free and its contracted axes are runs already.
func (g *Graph) ordered(x *Node, contract, batch []int) (y *Node, newContract, newBatch []int) {
	var free []int
	for axis := range x.Shape.Rank() {
		if !slices.Contains(contract, axis) && !slices.Contains(batch, axis) {
			free = append(free, axis)
		}
	}
	if isRun(x, free) && isRun(x, contract) {
		return x, contract, batch
	}
	order := Axes(slices.Concat(batch, free, contract))
	dims := make([]int, len(order))
	for i, axis := range order {
		dims[i] = x.Shape.Dimensions[axis]
		switch {
		case i < len(batch):
			newBatch = append(newBatch, i)
		case i >= len(batch)+len(free):
			newContract = append(newContract, i)
		}
	}
	return g.Add(compute.OpTypeTranspose, shapes.Make(x.Shape.DType, dims...), order, x), newContract, newBatch
}

// isRun tells whether axes follow one another in memory, those of size 1 left out.
func isRun(x *Node, axes []int) bool {
	next := -1
	for _, axis := range axes {
		if x.Shape.Dimensions[axis] == 1 {
			continue
		}
		for next >= 0 && next < axis && x.Shape.Dimensions[next] == 1 {
			next++
		}
		if next >= 0 && next != axis {
			return false
		}
		next = axis + 1
	}
	return true
}

// isScalar tells whether a node is the constant number 0 or 1, as asked for.
func isScalar(n *Node, want int) bool {
	c, ok := n.Attr.(Constant)
	if !ok || n.Shape.Size() != 1 {
		return false
	}
	var number []byte
	switch n.Shape.DType {
	case dtypes.Float32:
		number = [][]byte{{0, 0, 0, 0}, {0, 0, 0x80, 0x3f}}[want]
	case dtypes.BFloat16:
		number = [][]byte{{0, 0}, {0x80, 0x3f}}[want]
	default:
		return false
	}
	return slices.Equal(c.Data, number)
}
