// Tensors of increasing numbers.

package ops

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// elementGrain is how many elements make a task of their own worth while where each is computed by a call.
const elementGrain = 8 << 10

// NewIota counts from 0 along an axis of out. It has no inputs.
func NewIota(along int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeIota
	if along < 0 || along >= out.Rank() {
		return nil, fmt.Errorf("%s: %s has no axis %d", op, out, along)
	}
	f, err := familyOf(op, out.DType)
	if err != nil {
		return nil, err
	}
	n, below := out.Dimensions[along], strides(out.Dimensions, 1)[along]
	rows := 0
	if below > 0 {
		rows = out.Size() / below
	}
	return made(f.iota(count{n, below, spans(rows, out.Size()/elementGrain, 1)}), op, out.DType)
}

// count is where an iota's numbers go: below times each, n of them, again and again; a part is a range of such rows.
type count struct {
	n, below int
	spans    [][2]int
}

type counting[T any] struct {
	count
	number func(i int) T
}

func (k *counting[T]) Tasks() int { return len(k.spans) }

func (k *counting[T]) Do(task, _ int, _, out [][]byte) {
	y := view[T](out[0])
	for row := k.spans[task][0]; row < k.spans[task][1]; row++ {
		fill(y[row*k.below:][:k.below], k.number(row%k.n))
	}
}

func (ints[T]) iota(c count) Kernel { return &counting[T]{c, func(i int) T { return T(i) }} }
func (r reals[T]) iota(c count) Kernel {
	return &counting[T]{c, func(i int) T { return r.store(float64(i)) }}
}
