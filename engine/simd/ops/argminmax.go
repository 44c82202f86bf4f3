// The places of the smallest and the greatest elements.

package ops

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// NewArgMinMax finds the index of the smallest or greatest element along an axis of x, which the output, of any whole type,
// lacks. Of equal elements the first counts, and NaN before all numbers.
func NewArgMinMax(x shapes.Shape, along int, isMin bool, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeArgMinMax
	want, err := shapeinference.ArgMinMax(x, along, out.DType)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	f, err := familyOf(op, x.DType)
	if err != nil {
		return nil, err
	}
	g, err := familyOf(op, out.DType)
	if err != nil {
		return nil, err
	}
	r := newReduction(x, []int{along})
	return made(f.argMinMax(search{r.parts, x.Dimensions[along], strides(x.Dimensions, 1)[along], isMin, g.(results[int64])}), op, x.DType)
}

// search is where to look: n elements by step apart, for every turn of the parts.
type search struct {
	parts
	n, step int
	isMin   bool
	results results[int64]
}

type argMinMax[T any] struct {
	search
	beats func(x, best T) bool
}

func (k *argMinMax[T]) Do(task, _ int, in, out [][]byte) {
	p, x := k.parts[task], view[T](in[0])
	inner := p.inner()
	p.rows(1, func(at offsets) {
		for range inner.n {
			best := 0
			for i := range k.n {
				if k.beats(x[at[0]+i*k.step], x[at[0]+best*k.step]) {
					best = i
				}
			}
			k.results.put(out[0], at[1], int64(best))
			at = at.plus(1, inner.step)
		}
	})
}

func (ints[T]) argMinMax(s search) Kernel {
	if s.isMin {
		return &argMinMax[T]{s, func(x, best T) bool { return x < best }}
	}
	return &argMinMax[T]{s, func(x, best T) bool { return x > best }}
}

func (r reals[T]) argMinMax(s search) Kernel {
	less := func(a, b float64) bool { return a < b || math.IsNaN(a) && !math.IsNaN(b) }
	if s.isMin {
		return &argMinMax[T]{s, func(x, best T) bool { return less(r.load(x), r.load(best)) }}
	}
	return &argMinMax[T]{s, func(x, best T) bool { return less(-r.load(x), -r.load(best)) }}
}
