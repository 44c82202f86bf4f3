// The general product of tensors, for the types that the engine's matrix multiplication does not take.

package ops

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// NewDotGeneral multiplies tensors and sums over pairs of contracted axes. The output has the batch axes, which both have in
// common, then the other axes of lhs, then those of rhs. Real numbers are summed in float64 and rounded once to the output's
// type; whole ones wrap around in the accumulator's type, by default their own, and must not be made wider than that.
func NewDotGeneral(lhs shapes.Shape, lhsContracted, lhsBatch []int, rhs shapes.Shape, rhsContracted, rhsBatch []int,
	config compute.DotGeneralConfig, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeDotGeneral
	want, err := shapeinference.DotGeneral(lhs, lhsContracted, lhsBatch, rhs, rhsContracted, rhsBatch, config)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	f, err := familyOf(op, lhs.DType)
	if err != nil {
		return nil, err
	}
	g, err := familyOf(op, out.DType)
	if err != nil {
		return nil, err
	}
	if err := summed(lhs.DType, config.AccumulatorDType, out.DType); err != nil {
		return nil, err
	}
	from, with := strides(lhs.Dimensions, 1), strides(rhs.Dimensions, 1)
	var over, keep []axis
	for i, k := range lhsContracted {
		over = append(over, axis{lhs.Dimensions[k], offsets{from[k], with[rhsContracted[i]]}})
	}
	for i, k := range lhsBatch {
		keep = append(keep, axis{lhs.Dimensions[k], offsets{from[k], with[rhsBatch[i]]}})
	}
	for k, n := range lhs.Dimensions {
		if !slices.Contains(lhsContracted, k) && !slices.Contains(lhsBatch, k) {
			keep = append(keep, axis{n, offsets{from[k], 0}})
		}
	}
	for k, n := range rhs.Dimensions {
		if !slices.Contains(rhsContracted, k) && !slices.Contains(rhsBatch, k) {
			keep = append(keep, axis{n, offsets{0, with[k]}})
		}
	}
	for k, step := range strides(out.Dimensions, 1) {
		keep[k].step[2] = step
	}
	d := contraction{over: newNest(over, offsets{}), out: g}
	d.parts = newNest(keep, offsets{}).split(max(elementGrain/max(d.over.size(), 1), 1))
	return made(f.dot(d), op, lhs.DType)
}

// summed refuses accumulators that the sums here do not agree with: whole ones of real numbers, real ones of whole numbers,
// and whole ones that would have to wrap around before they are made wider.
func summed(in, sums, out dtypes.DType) error {
	if sums == dtypes.InvalidDType {
		sums = in
	}
	if sums.IsInt() != in.IsInt() || sums.IsInt() && sums.Size() < out.Size() {
		return fmt.Errorf("%s of %s, summed in %s, as %s: %w", compute.OpTypeDotGeneral, in, sums, out, compute.ErrNotImplemented)
	}
	return nil
}

// contraction is the loops of a product: the parts go over the output's elements, in lhs, rhs and the output, and for each
// of them over goes over the products to be added, in lhs and rhs.
type contraction struct {
	parts
	over nest
	out  family
}

type dot[T any, A int64 | float64] struct {
	contraction
	results results[A]
	product func(a, b T) A
}

func (k *dot[T, A]) Do(task, _ int, in, out [][]byte) {
	p, lhs, rhs := k.parts[task], view[T](in[0]), view[T](in[1])
	inner, over := p.inner(), k.over.inner()
	p.rows(1, func(at offsets) {
		for range inner.n {
			var sum A
			k.over.rows(1, func(o offsets) {
				a, b := at[0]+o[0], at[1]+o[1]
				for range over.n {
					sum += k.product(lhs[a], rhs[b])
					a += over.step[0]
					b += over.step[1]
				}
			})
			k.results.put(out[0], at[2], sum)
			at = at.plus(1, inner.step)
		}
	})
}

func (ints[T]) dot(d contraction) Kernel {
	if to, ok := d.out.(results[int64]); ok {
		return &dot[T, int64]{d, to, func(a, b T) int64 { return int64(a) * int64(b) }}
	}
	return nil
}

func (r reals[T]) dot(d contraction) Kernel {
	if to, ok := d.out.(results[float64]); ok {
		return &dot[T, float64]{d, to, func(a, b T) float64 { return r.load(a) * r.load(b) }}
	}
	return nil
}
