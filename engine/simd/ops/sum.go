// Sums of real numbers, which gradients have many of: without a call for each element.

package ops

import (
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
)

type sum[T any] struct {
	reduction
	store func(float64) T
}

func (k *sum[T]) Do(task, _ int, in, out [][]byte) {
	xs, ys := view[T](in[0]), view[T](out[0])
	inner := k.over.inner()
	var room [maxWidth]float64
	k.blocks(task, k.width(), func(x, y, n int) {
		sums := room[:n]
		clear(sums)
		k.over.rows(1, func(at offsets) {
			from := x + at[0]
			if n == 1 && inner.step[0] == 1 {
				sums[0] += total(xs[from:][:inner.n])
				return
			}
			for range inner.n {
				accumulate(sums, xs[from:][:n])
				from += inner.step[0]
			}
		})
		for i, sum := range sums {
			ys[y+i] = k.store(sum)
		}
	})
}

// total is the sum of a row: of every 64th element in order, and of those sums in pairs.
func total[T any](x []T) float64 {
	var lanes [64]float64
	for ; len(x) > len(lanes); x = x[len(lanes):] {
		accumulate(lanes[:], x[:len(lanes)])
	}
	accumulate(lanes[:], x)
	for half := len(lanes) / 2; half > 0; half /= 2 {
		accumulate(lanes[:half], lanes[half:2*half])
	}
	return lanes[0]
}

// accumulate adds each value to a sum of its own.
func accumulate[T any](sums []float64, x []T) {
	sums = sums[:len(x)]
	switch x := any(x).(type) {
	case []float32:
		for i, v := range x {
			sums[i] += float64(v)
		}
	case []float64:
		for i, v := range x {
			sums[i] += v
		}
	case []bfloat16.BFloat16:
		for i, v := range x {
			sums[i] += v.Float64()
		}
	case []float16.Float16:
		for i, v := range x {
			sums[i] += v.Float64()
		}
	}
}
