// Choice between two tensors.

package ops

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// NewWhere takes each element from one tensor where the condition, a Bool, is true, and from another where it is false. Each
// of the three can be a scalar. The inputs are condition, onTrue and onFalse; the output may be the memory of either of the
// latter that has its shape.
func NewWhere(condition, onTrue, onFalse, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeWhere
	want, err := shapeinference.Where(condition, onTrue, onFalse)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, out)
	if err != nil {
		return nil, err
	}
	p := elementwise(out, condition, onTrue, onFalse)
	switch size {
	case 1:
		return &where[uint8]{p}, nil
	case 2:
		return &where[uint16]{p}, nil
	case 4:
		return &where[uint32]{p}, nil
	case 8:
		return &where[uint64]{p}, nil
	}
	return &where[[2]uint64]{p}, nil
}

type where[T any] struct{ parts }

func (k *where[T]) Do(task, _ int, in, out [][]byte) {
	p, condition, sources, y := k.parts[task], view[bool](in[0]), [2][]T{view[T](in[2]), view[T](in[1])}, view[T](out[0])
	n, step := p.inner().n, p.inner().step
	p.rows(1, func(at offsets) {
		if step[0] == 0 { // one choice for all of the row
			from := 2
			if condition[at[0]] {
				from = 1
			}
			copyRows(y, sources[2-from], at[3], at[from], axis{n: 1}, axis{n, offsets{step[from], 1}})
			return
		}
		chooseRow(y[at[3]:], condition[at[0]:][:n], sources[1][at[1]:], sources[0][at[2]:], step[1], step[2])
	})
}

func chooseRow[T any](y []T, condition []bool, onTrue, onFalse []T, trueStep, falseStep int) {
	t, f := 0, 0
	for i, yes := range condition {
		if yes {
			y[i] = onTrue[t]
		} else {
			y[i] = onFalse[f]
		}
		t += trueStep
		f += falseStep
	}
}
