// Reductions over any axes.

package ops

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// NewReduce combines the elements of x along the given axes, which the output lacks; no axes stand for all. Of nothing, a
// sum is 0, a product 1, a maximum the lowest and a minimum the highest value, "and" true or all bits, "or" and "xor" false
// or no bits. A maximum or minimum of which NaN is part is NaN.
//
// Sums and products of real numbers are taken in float64, in an order given by the shape, and rounded once. The error of a
// sum is half a unit in the last place and for n elements at most n * 1.2e-16 of the sum of their magnitudes.
func NewReduce(op compute.OpType, x shapes.Shape, axes []int, out shapes.Shape) (Kernel, error) {
	if len(axes) == 0 {
		for k := range x.Rank() {
			axes = append(axes, k)
		}
	}
	want, err := shapeinference.Reduce(x, axes)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	f, err := familyOf(op, x.DType)
	if err != nil {
		return nil, err
	}
	return made(f.reduce(op, newReduction(x, axes)), op, x.DType)
}

// reduction is the loops of one: the parts go over what is kept, in x and in the output, and for each of their turns over
// goes over what is reduced, in x. The innermost loop of one of them runs along x.
type reduction struct {
	parts
	over nest
}

func newReduction(x shapes.Shape, axes []int) reduction {
	reduced := make([]bool, x.Rank())
	for _, k := range axes {
		reduced[k] = true
	}
	var keep, over []axis
	from, to := strides(x.Dimensions, 1), 1
	for k := x.Rank() - 1; k >= 0; k-- {
		n := x.Dimensions[k]
		if reduced[k] {
			over = append([]axis{{n, offsets{from[k]}}}, over...)
		} else {
			keep = append([]axis{{n, offsets{from[k], to}}}, keep...)
			to *= n
		}
	}
	r := reduction{over: newNest(over, offsets{})}
	r.parts = newNest(keep, offsets{}).split(max(elementGrain/max(r.over.size(), 1), 1))
	return r
}

// width is the number of columns that are reduced side by side. Where rows of x are reduced, there is but one.
func (r *reduction) width() int {
	if r.parts[0].inner().step[0] == 1 && r.over.inner().step[0] != 1 {
		return maxWidth
	}
	return 1
}

// maxWidth is the number of columns whose accumulators stay in the first-level cache.
const maxWidth = 256

// blocks calls f with the place in x and in the output of every block of at most width columns.
func (r *reduction) blocks(task, width int, f func(x, y, n int)) {
	p := r.parts[task]
	inner := p.inner()
	p.rows(1, func(at offsets) {
		for done := 0; done < inner.n; done += width {
			f(at[0]+done*inner.step[0], at[1]+done*inner.step[1], min(width, inner.n-done))
		}
	})
}

// reducer is how values of T are combined: in the accumulator's type A, from a first one.
type reducer[T, A any] struct {
	first  A
	step   func(sum A, x T) A
	finish func(A) T
}

type reduce[T, A any] struct {
	reduction
	reducer[T, A]
}

func (k *reduce[T, A]) Do(task, _ int, in, out [][]byte) {
	xs, ys := view[T](in[0]), view[T](out[0])
	inner := k.over.inner()
	var room [maxWidth]A
	k.blocks(task, k.width(), func(x, y, n int) {
		sums := room[:n]
		for i := range sums {
			sums[i] = k.first
		}
		k.over.rows(1, func(at offsets) {
			from := x + at[0]
			if n == 1 {
				sums[0] = k.row(sums[0], xs[from:], inner)
				return
			}
			for range inner.n {
				for i, v := range xs[from:][:n] {
					sums[i] = k.step(sums[i], v)
				}
				from += inner.step[0]
			}
		})
		for i, sum := range sums {
			ys[y+i] = k.finish(sum)
		}
	})
}

// row takes in elements that lie a step apart.
func (r *reducer[T, A]) row(sum A, x []T, row axis) A {
	i := 0
	for range row.n {
		sum = r.step(sum, x[i])
		i += row.step[0]
	}
	return sum
}

func itself[T any](x T) T { return x }

func (f ints[T]) reduce(op compute.OpType, r reduction) Kernel {
	if c, ok := f.reducer(op); ok {
		return &reduce[T, T]{r, c}
	}
	return nil
}

func (f ints[T]) reducer(op compute.OpType) (reducer[T, T], bool) {
	switch op {
	case compute.OpTypeReduceSum:
		return reducer[T, T]{0, f.operation(compute.OpTypeAdd), itself[T]}, true
	case compute.OpTypeReduceProduct:
		return reducer[T, T]{1, f.operation(compute.OpTypeMul), itself[T]}, true
	case compute.OpTypeReduceMax:
		return reducer[T, T]{f.lowest(), f.operation(compute.OpTypeMax), itself[T]}, true
	case compute.OpTypeReduceMin:
		return reducer[T, T]{f.highest(), f.operation(compute.OpTypeMin), itself[T]}, true
	case compute.OpTypeReduceBitwiseAnd:
		return reducer[T, T]{^T(0), f.operation(compute.OpTypeBitwiseAnd), itself[T]}, true
	case compute.OpTypeReduceBitwiseOr:
		return reducer[T, T]{0, f.operation(compute.OpTypeBitwiseOr), itself[T]}, true
	case compute.OpTypeReduceBitwiseXor:
		return reducer[T, T]{0, f.operation(compute.OpTypeBitwiseXor), itself[T]}, true
	}
	return reducer[T, T]{}, false
}

func (r reals[T]) reduce(op compute.OpType, plan reduction) Kernel {
	if op == compute.OpTypeReduceSum {
		return &sum[T]{plan, r.store}
	}
	if c, ok := r.reducer(op); ok {
		return &reduce[T, float64]{plan, c}
	}
	return nil
}

func (r reals[T]) reducer(op compute.OpType) (reducer[T, float64], bool) {
	switch op {
	case compute.OpTypeReduceSum:
		return reducer[T, float64]{0, func(sum float64, x T) float64 { return sum + r.load(x) }, r.store}, true
	case compute.OpTypeReduceProduct:
		return reducer[T, float64]{1, func(sum float64, x T) float64 { return sum * r.load(x) }, r.store}, true
	case compute.OpTypeReduceMax:
		return reducer[T, float64]{math.Inf(-1), func(sum float64, x T) float64 { return max(sum, r.load(x)) }, r.store}, true
	case compute.OpTypeReduceMin:
		return reducer[T, float64]{math.Inf(1), func(sum float64, x T) float64 { return min(sum, r.load(x)) }, r.store}, true
	}
	return reducer[T, float64]{}, false
}

func (f truths) reduce(op compute.OpType, r reduction) Kernel {
	switch op {
	case compute.OpTypeReduceLogicalAnd:
		return &reduce[bool, bool]{r, reducer[bool, bool]{true, f.operation(compute.OpTypeLogicalAnd), itself[bool]}}
	case compute.OpTypeReduceLogicalOr:
		return &reduce[bool, bool]{r, reducer[bool, bool]{false, f.operation(compute.OpTypeLogicalOr), itself[bool]}}
	case compute.OpTypeReduceLogicalXor:
		return &reduce[bool, bool]{r, reducer[bool, bool]{false, f.operation(compute.OpTypeLogicalXor), itself[bool]}}
	}
	return nil
}
