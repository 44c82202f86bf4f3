// Reductions over windows that slide over a tensor: pooling.

package ops

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// reduceOps are the reductions of windows.
var reduceOps = map[compute.ReduceOpType]compute.OpType{
	compute.ReduceOpSum:     compute.OpTypeReduceSum,
	compute.ReduceOpProduct: compute.OpTypeReduceProduct,
	compute.ReduceOpMax:     compute.OpTypeReduceMax,
	compute.ReduceOpMin:     compute.OpTypeReduceMin,
}

// NewReduceWindow reduces the window at each place of x to one element of out. Windows are of the given sizes (nil is 1 along
// every axis) and start by strides apart (nil: side by side); inputDilations put gaps between the elements of x and
// windowDilations between those of a window (nil: none); paddings widen x before and after each axis (nil: not). Gaps and
// padding take no part. Each element is rounded once.
func NewReduceWindow(x shapes.Shape, reduction compute.ReduceOpType, sizes, by, inputDilations, windowDilations []int,
	paddings [][2]int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeReduceWindow
	want, err := shapeinference.ReduceWindow(x, sizes, by, inputDilations, windowDilations, paddings)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	f, err := familyOf(op, x.DType)
	if err != nil {
		return nil, err
	}
	w := windows{steps: strides(out.Dimensions, 1), dims: out.Dimensions}
	work, from := out.Size(), strides(x.Dimensions, 1)
	for k, n := range out.Dimensions {
		size := or(sizes, k, 1)
		stride, gap, windowGap := or(by, k, size), or(inputDilations, k, 1), or(windowDilations, k, 1)
		reach := make([][]int, n)
		for o := range reach {
			for i := range size {
				place := o*stride + i*windowGap - or(paddings, k, [2]int{})[0]
				if place >= 0 && place%gap == 0 && place/gap < x.Dimensions[k] {
					reach[o] = append(reach[o], place/gap*from[k])
				}
			}
		}
		w.reach = append(w.reach, reach)
		work *= size
	}
	w.spans = spans(out.Size(), work/elementGrain, 1)
	return made(f.window(reduceOps[reduction], w), op, x.DType)
}

// or is element k of a list, or what stands for it where there is no list.
func or[T any](list []T, k int, missing T) T {
	if len(list) == 0 {
		return missing
	}
	return list[k]
}

// windows are the places of x that each output depends on: along axis k, output o has those of reach[k][o], in elements.
type windows struct {
	reach       [][][]int
	steps, dims []int // of the output
	spans       [][2]int
}

func (w *windows) Tasks() int { return len(w.spans) }

type window[T, A any] struct {
	windows
	reducer[T, A]
}

func (k *window[T, A]) Do(task, _ int, in, out [][]byte) {
	x, y := view[T](in[0]), view[T](out[0])
	for o := k.spans[task][0]; o < k.spans[task][1]; o++ {
		y[o] = k.finish(k.fold(0, o, x, 0, k.first))
	}
}

// fold takes in the places of output o along an axis and those after it, from place at along the ones before.
func (k *window[T, A]) fold(axis, o int, x []T, at int, sum A) A {
	if axis == len(k.reach) {
		return k.step(sum, x[at])
	}
	for _, place := range k.reach[axis][o/k.steps[axis]%k.dims[axis]] {
		sum = k.fold(axis+1, o, x, at+place, sum)
	}
	return sum
}

func (f ints[T]) window(op compute.OpType, w windows) Kernel {
	if c, ok := f.reducer(op); ok {
		return &window[T, T]{w, c}
	}
	return nil
}

func (r reals[T]) window(op compute.OpType, w windows) Kernel {
	if c, ok := r.reducer(op); ok {
		return &window[T, float64]{w, c}
	}
	return nil
}
