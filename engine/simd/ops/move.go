// Ops that give every element of the output from one place of an input.

package ops

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// mover copies each input to its places in the output. Its tasks are the parts of the transfers, one after the other.
type mover struct {
	transfers []transfer // one for each input
	tasks     [][2]int   // input, part
}

func newMover(transfers ...transfer) Kernel {
	m := &mover{transfers: transfers}
	for i, t := range transfers {
		for part := range t.Tasks() {
			m.tasks = append(m.tasks, [2]int{i, part})
		}
	}
	return m
}

func (m *mover) Tasks() int { return len(m.tasks) }

func (m *mover) Do(task, _ int, in, out [][]byte) {
	i, part := m.tasks[task][0], m.tasks[task][1]
	m.transfers[i].run(part, in[i], out[0], 0, 0)
}

// bytesOf gives a shape's element size, or an error for types of which several share a byte.
func bytesOf(op compute.OpType, s shapes.Shape) (int, error) {
	if s.DType.IsPacked() || s.DType.Size() > widestUnit {
		return 0, refuse(op, s.DType)
	}
	return s.DType.Size(), nil
}

// NewCopy is the copy of a buffer as it is, for what the engine cannot express by sharing memory: Identity, Reshape and
// Bitcast. The shapes need only have the same number of bytes.
func NewCopy(op compute.OpType, x, out shapes.Shape) (Kernel, error) {
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	if x.ByteSize() != out.ByteSize() {
		return nil, agree(op, out, x, nil)
	}
	return newMover(newTransfer([]axis{{x.Size(), offsets{size, size}}}, offsets{}, size, copyGrain)), nil
}

// NewTranspose moves axis permutation[i] of x to axis i of out.
func NewTranspose(x shapes.Shape, permutation []int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeTranspose
	want, err := shapeinference.Transpose(x, permutation)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	from, to := strides(x.Dimensions, size), strides(out.Dimensions, size)
	axes := make([]axis, out.Rank())
	for k, source := range permutation {
		axes[k] = axis{out.Dimensions[k], offsets{from[source], to[k]}}
	}
	return newMover(newTransfer(axes, offsets{}, size, copyGrain)), nil
}

// NewBroadcastInDim repeats x: its axis i, of the output's size or of size 1, becomes axis places[i] of out.
func NewBroadcastInDim(x shapes.Shape, places []int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeBroadcastInDim
	if err := agree(op, out, shapes.Make(x.DType, out.Dimensions...), shapeinference.BroadcastInDim(x, out, places, nil)); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	from, to := strides(x.Dimensions, size), strides(out.Dimensions, size)
	axes := make([]axis, out.Rank())
	for k, n := range out.Dimensions {
		axes[k] = axis{n, offsets{0, to[k]}}
	}
	for i, k := range places {
		if x.Dimensions[i] == out.Dimensions[k] {
			axes[k].step[0] = from[i]
		}
	}
	return newMover(newTransfer(axes, offsets{}, size, copyGrain)), nil
}

// NewSlice takes from each axis of x the elements from starts to before limits, by strides of 1 or more. All three have a
// value for each axis and lie within x.
func NewSlice(x shapes.Shape, starts, limits, by []int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeSlice
	want, err := shapeinference.Slice(x, starts, limits, by)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	from, to := strides(x.Dimensions, size), strides(out.Dimensions, size)
	axes, base := make([]axis, out.Rank()), offsets{}
	for k, n := range out.Dimensions {
		axes[k] = axis{n, offsets{from[k] * by[k], to[k]}}
		base[0] += starts[k] * from[k]
	}
	return newMover(newTransfer(axes, base, size, copyGrain)), nil
}

// NewReverse turns x around along the given axes. The output has its shape.
func NewReverse(x shapes.Shape, reversed []int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeReverse
	if err := agree(op, out, x, nil); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	steps := strides(x.Dimensions, size)
	axes, base := make([]axis, x.Rank()), offsets{}
	for k, n := range x.Dimensions {
		axes[k] = axis{n, offsets{steps[k], steps[k]}}
		if slices.Contains(reversed, k) {
			axes[k].step[0] = -steps[k]
			base[0] += (n - 1) * steps[k]
		}
	}
	return newMover(newTransfer(axes, base, size, copyGrain)), nil
}

// NewConcatenate lays tensors end to end along an axis. All inputs are of one type and agree in their other axes.
func NewConcatenate(xs []shapes.Shape, along int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeConcatenate
	want, err := shapeinference.Concatenate(xs, along)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, out)
	if err != nil {
		return nil, err
	}
	to := strides(out.Dimensions, size)
	transfers, base := []transfer{}, offsets{}
	for _, x := range xs {
		from, axes := strides(x.Dimensions, size), make([]axis, x.Rank())
		for k, n := range x.Dimensions {
			axes[k] = axis{n, offsets{from[k], to[k]}}
		}
		transfers = append(transfers, newTransfer(axes, base, size, copyGrain))
		base[1] += x.Dimensions[along] * to[along]
	}
	return newMover(transfers...), nil
}
