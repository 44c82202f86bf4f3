// Padding around and between the elements of a tensor.

package ops

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// NewPad puts the scalar fill before, after and between the elements of x along each axis; negative numbers before and after
// take elements away. Axes beyond the given ones stay as they are. The inputs are x and fill.
func NewPad(x, fill shapes.Shape, around []compute.PadAxis, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypePad
	want, err := shapeinference.Pad(x, around...)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	if err := agree(op, fill, shapes.Make(x.DType), nil); err != nil {
		return nil, err
	}
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	list := splitPad(padAxes(x, around, out), out.Size(), max(copyGrain/size, 1))
	switch size {
	case 1:
		return &pad[uint8]{list}, nil
	case 2:
		return &pad[uint16]{list}, nil
	case 4:
		return &pad[uint32]{list}, nil
	case 8:
		return &pad[uint64]{list}, nil
	}
	return &pad[[2]uint64]{list}, nil
}

// padAxis is one axis of a padded tensor. Of its places in the output, a part covers from to before to.
type padAxis struct {
	n, before, period int // elements of x, the place of the first, and the distance of neighbours
	inStep, outStep   int // the size of what lies below one place
	from, to          int
}

// padAxes are the axes that are padded, with the untouched ones after the last of them in its steps.
func padAxes(x shapes.Shape, around []compute.PadAxis, out shapes.Shape) []padAxis {
	in, to := strides(x.Dimensions, 1), strides(out.Dimensions, 1)
	axes := []padAxis{{n: 1, period: 1, inStep: x.Size(), outStep: out.Size(), to: 1}} // of a scalar there is no other
	touched := 0
	for k, p := range around {
		axes = append(axes, padAxis{x.Dimensions[k], p.Start, p.Interior + 1, in[k], to[k], 0, out.Dimensions[k]})
		if p != (compute.PadAxis{}) {
			touched = k + 1
		}
	}
	return axes[:touched+1]
}

// splitPad cuts the outermost axis that gives all tasks something to do, or else the longest.
func splitPad(axes []padAxis, total, grain int) [][]padAxis {
	tasks, k := min(total/grain, maxTasks), 0
	for i, a := range axes {
		if a.to > axes[k].to && axes[k].to < tasks {
			k = i
		}
	}
	list := [][]padAxis{}
	for _, span := range spans(axes[k].to, tasks, 1) {
		part := slices.Clone(axes)
		part[k].from, part[k].to = span[0], span[1]
		list = append(list, part)
	}
	return list
}

type pad[T any] struct{ list [][]padAxis }

func (k *pad[T]) Tasks() int { return len(k.list) }

func (k *pad[T]) Do(task, _ int, in, out [][]byte) {
	surround(k.list[task], view[T](out[0]), view[T](in[0]), view[T](in[1])[0])
}

// surround writes every place of dst once: values around x, between its elements, or x below this axis.
func surround[T any](axes []padAxis, dst, x []T, value T) {
	a, last := axes[0], len(axes) == 1
	length := max((a.n-1)*a.period+1, 0)
	begin := min(max(a.before, a.from), a.to)
	end := max(min(a.before+length, a.to), begin)
	fill(dst[a.from*a.outStep:begin*a.outStep], value)
	for o := begin; o < end; o++ {
		row, place := dst[o*a.outStep:][:a.outStep], o-a.before
		switch {
		case last && a.period == 1:
			copy(dst[o*a.outStep:end*a.outStep], x[place*a.inStep:])
			o = end
		case last && place%a.period == 0:
			copy(row, x[place/a.period*a.inStep:])
		case place%a.period == 0:
			surround(axes[1:], row, x[place/a.period*a.inStep:], value)
		default:
			fill(row, value)
		}
	}
	fill(dst[end*a.outStep:a.to*a.outStep], value)
}
