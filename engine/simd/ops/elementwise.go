// Kernels that compute each element of the output from one element of each input.

package ops

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// elementwise walks over inputs of the output's shape; a scalar or an axis of size 1 is read again for each element. The
// output comes after the inputs.
func elementwise(out shapes.Shape, ins ...shapes.Shape) parts {
	to := strides(out.Dimensions, 1)
	axes := make([]axis, out.Rank())
	for k, n := range out.Dimensions {
		axes[k].n = n
		axes[k].step[len(ins)] = to[k]
		for i, in := range ins {
			if !in.IsScalar() && in.Dimensions[k] == n {
				axes[k].step[i] = strides(in.Dimensions, 1)[k]
			}
		}
	}
	return newNest(axes, offsets{}).split(elementGrain)
}

// NewUnary applies a function to every element of x: the standard unary ops, IsFinite and IsNaN. The output may be x's memory
// if its elements have the same size.
func NewUnary(op compute.OpType, x, out shapes.Shape) (Kernel, error) {
	want, err := shapes.Make(dtypes.Bool, x.Dimensions...), error(nil)
	if op != compute.OpTypeIsFinite && op != compute.OpTypeIsNaN {
		want, err = shapeinference.UnaryOp(op, x)
	}
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	f, err := familyOf(op, x.DType)
	if err != nil {
		return nil, err
	}
	return made(f.unary(op, elementwise(out, x)), op, x.DType)
}

// NewBinary combines two tensors element by element: arithmetic, bits, logic, and comparisons, whose output is Bool. Scalars
// and axes of size 1 are repeated. The output may be the memory of an input of its own shape and type.
//
// Whole numbers wrap around; x / 0 is -1 and the remainder of x / 0 is x; shifts by the number of bits or more give 0 (-1 for
// an arithmetic shift of a negative number to the right); a power with a negative exponent is 1.
func NewBinary(op compute.OpType, lhs, rhs, out shapes.Shape) (Kernel, error) {
	infer := shapeinference.BinaryOp
	if shapeinference.ComparisonOperations.Has(op) || op == compute.OpTypeNotEqualTotalOrder {
		infer = compared
	}
	want, err := infer(op, lhs, rhs)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	f, err := familyOf(op, lhs.DType)
	if err != nil {
		return nil, err
	}
	return made(f.binary(op, elementwise(out, lhs, rhs)), op, lhs.DType)
}

// compared infers the shape of any comparison as that of Equal: shape inference knows all but one of them.
func compared(_ compute.OpType, lhs, rhs shapes.Shape) (shapes.Shape, error) {
	return shapeinference.ComparisonOp(compute.OpTypeEqual, lhs, rhs)
}

type unary[T, R any] struct {
	parts
	f func(T) R
}

func (k *unary[T, R]) Do(task, _ int, in, out [][]byte) {
	p, x, y := k.parts[task], view[T](in[0]), view[R](out[0])
	n := p.inner().n
	p.rows(1, func(at offsets) { mapRow(y[at[1]:][:n], x[at[0]:], k.f) })
}

func mapRow[T, R any](y []R, x []T, f func(T) R) {
	x = x[:len(y)]
	for i := range y {
		y[i] = f(x[i])
	}
}

type binary[T, R any] struct {
	parts
	f func(a, b T) R
}

func (k *binary[T, R]) Do(task, _ int, in, out [][]byte) {
	p, a, b, y := k.parts[task], view[T](in[0]), view[T](in[1]), view[R](out[0])
	n, step := p.inner().n, p.inner().step
	p.rows(1, func(at offsets) { zipRow(y[at[2]:][:n], a[at[0]:], b[at[1]:], step[0], step[1], k.f) })
}

func zipRow[T, R any](y []R, a, b []T, aStep, bStep int, f func(a, b T) R) {
	i, j := 0, 0
	for o := range y {
		y[o] = f(a[i], b[j])
		i += aStep
		j += bStep
	}
}
