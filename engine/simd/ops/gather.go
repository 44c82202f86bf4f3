// Windows of a tensor at places that are known only when the op runs.

package ops

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// coordinate is how one number of an index vector moves a window.
type coordinate struct {
	at   int // distance from the vector's first number in the index tensor
	step int // what one place more along its axis is worth in the tensor that is indexed
	last int // the greatest place at which the window fits
}

// clamped is the place of a window of which the index vector starts at i, each number moved to where the window fits.
func clamped(read indices, b []byte, i int, vector []coordinate) int {
	place := 0
	for _, c := range vector {
		place += c.step * min(max(read.at(b, i+c.at), 0), c.last)
	}
	return place
}

// withVectors gives single numbers that have no axis along which vectors lie an axis of size 1.
func withVectors(index shapes.Shape, along int) shapes.Shape {
	if along < index.Rank() {
		return index
	}
	return shapes.Make(index.DType, append(slices.Clone(index.Dimensions), 1)...)
}

// vectorOf gives the coordinates of an index vector that lies along an axis of the index tensor. Number i of it is the place
// along axis places[i] of a tensor of the given dimensions and steps, of which the window takes sizes.
func vectorOf(index shapes.Shape, along int, places, dims, steps, sizes []int) []coordinate {
	apart := strides(index.Dimensions, 1)[along]
	vector := make([]coordinate, len(places))
	for i, k := range places {
		vector[i] = coordinate{i * apart, steps[k], dims[k] - sizes[k]}
	}
	return vector
}

// vectorCost is how many bytes are copied in the time that an index vector takes.
const vectorCost = 512

// NewGather copies a window of x, sizes[k] long on its axis k, for every index vector. The vectors lie along axis along of
// index, or are single numbers if it has no such axis, and number i of each gives the window's place on axis places[i] of x,
// moved to where the window fits. Axes of the windows that are not in collapsed become the axes windowAxes of out; its other axes
// are the remaining ones of index. The inputs are x and index. Source: openxla.org/stablehlo/spec#gather.
func NewGather(x, index shapes.Shape, along int, windowAxes, collapsed, places, sizes []int, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeGather
	index = withVectors(index, along)
	want, err := shapeinference.Gather(x, index, along, windowAxes, collapsed, places, sizes, false)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	read, err := indicesOf(op, index.DType)
	if err != nil {
		return nil, err
	}
	size, err := bytesOf(op, x)
	if err != nil {
		return nil, err
	}
	from, to := strides(x.Dimensions, size), strides(out.Dimensions, size)
	var window []axis
	for k, n := range sizes {
		if !slices.Contains(collapsed, k) {
			window = append(window, axis{n, offsets{from[k], to[windowAxes[len(window)]]}})
		}
	}
	g := &gather{read: read, vector: vectorOf(index, along, places, x.Dimensions, from, sizes)}
	vectors := newNest(vectorAxes(index, along, out.Dimensions, to, windowAxes), offsets{})
	g.share(vectors, window, size, slices.Concat(from, to))
	return g, nil
}

// share gives each task its windows, or where there are few a part of every window, of elements of size bytes.
func (g *gather) share(vectors nest, window []axis, size int, steps []int) {
	bytes := size // of a window
	for _, a := range window {
		bytes *= a.n
	}
	if vectors.size() >= maxTasks {
		g.batch = vectors.split(copyGrain / min(max(bytes, vectorCost), copyGrain))
		g.window = newTransfer(window, offsets{}, size, bytes+1, steps...)
		return
	}
	g.batch = parts{vectors}
	g.window = newTransfer(window, offsets{}, size, max(copyGrain/max(vectors.size(), 1), 1), steps...)
}

// vectorAxes are the loops over all index vectors: operand 0 is the index tensor, operand 1 the tensor with their windows,
// of which the axes that are not a window's belong to the vectors in the same order.
func vectorAxes(index shapes.Shape, along int, dims, steps, windowAxes []int) []axis {
	from := strides(index.Dimensions, 1)
	var axes []axis
	k := 0
	for o, n := range dims {
		if slices.Contains(windowAxes, o) {
			continue
		}
		if k == along {
			k++
		}
		axes = append(axes, axis{n, offsets{from[k], steps[o]}})
		k++
	}
	return axes
}

type gather struct {
	read   indices
	vector []coordinate
	batch  parts // over index vectors: the index tensor, and the output in bytes
	window transfer
}

func (k *gather) Tasks() int { return len(k.batch) * k.window.Tasks() }

func (k *gather) Do(task, _ int, in, out [][]byte) {
	p, part := k.batch[task/k.window.Tasks()], task%k.window.Tasks()
	inner := p.inner()
	p.rows(1, func(at offsets) {
		for range inner.n {
			k.window.run(part, in[0], out[0], clamped(k.read, in[1], at[0], k.vector), at[1])
			at = at.plus(1, inner.step)
		}
	})
}

// NewDynamicSlice copies the window of out's dimensions from x. The inputs are x and, for each of its axes, a scalar integer
// where the window starts, moved to where it fits.
func NewDynamicSlice(x shapes.Shape, starts []shapes.Shape, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeDynamicSlice
	want, err := shapeinference.DynamicSlice(x, out.Dimensions)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	return newDynamic(op, x, out, starts, 1, 0)
}

// NewDynamicUpdateSlice gives x with update written over a window of it. The inputs are x, update and, for each axis, a
// scalar integer where the window starts, moved to where it fits. The output may be x's memory, which saves a copy of it.
func NewDynamicUpdateSlice(x, update shapes.Shape, starts []shapes.Shape, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeDynamicUpdateSlice
	want, err := shapeinference.DynamicUpdateSlice(x, update)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	if _, err := shapeinference.DynamicSlice(x, update.Dimensions); err != nil {
		return nil, agree(op, out, want, err)
	}
	return newDynamic(op, x, update, starts, 2, 1)
}

// newDynamic copies between a window of whole, which is operand moving of the transfer, and all of part.
func newDynamic(op compute.OpType, whole, part shapes.Shape, starts []shapes.Shape, first, moving int) (Kernel, error) {
	size, err := bytesOf(op, whole)
	if err != nil {
		return nil, err
	}
	if len(starts) != whole.Rank() {
		return nil, fmt.Errorf("%s: %d numbers cannot say where in %s to start", op, len(starts), whole)
	}
	steps, dense := strides(whole.Dimensions, size), strides(part.Dimensions, size)
	d := dynamic{first: first, bytes: whole.Size() * size}
	axes := make([]axis, whole.Rank())
	for k, n := range part.Dimensions {
		read, err := indicesOf(op, starts[k].DType)
		if err != nil {
			return nil, err
		}
		d.reads = append(d.reads, read)
		d.vector = append(d.vector, coordinate{0, steps[k], whole.Dimensions[k] - n})
		axes[k] = axis{n: n}
		axes[k].step[moving], axes[k].step[1-moving] = steps[k], dense[k]
	}
	if moving == 0 {
		d.window = newTransfer(axes, offsets{}, size, copyGrain, steps...)
		return &dynamicSlice{d}, nil
	}
	d.window = newTransfer(axes, offsets{}, size, part.Size()*size+1, steps...)
	return &dynamicUpdateSlice{d}, nil
}

// dynamic is a window whose place is given by scalars.
type dynamic struct {
	reads  []indices
	vector []coordinate
	first  int // the input that is the first of the scalars
	window transfer
	bytes  int // of the tensor that has the window
}

// place is where the window starts, in bytes.
func (d *dynamic) place(in [][]byte) int {
	place := 0
	for k := range d.vector {
		place += clamped(d.reads[k], in[d.first+k], 0, d.vector[k:k+1])
	}
	return place
}

type dynamicSlice struct{ dynamic }

func (k *dynamicSlice) Tasks() int { return k.window.Tasks() }

func (k *dynamicSlice) Do(task, _ int, in, out [][]byte) {
	k.window.run(task, in[0], out[0], k.place(in), 0)
}

type dynamicUpdateSlice struct{ dynamic }

func (k *dynamicUpdateSlice) Tasks() int { return 1 }

func (k *dynamicUpdateSlice) Do(_, _ int, in, out [][]byte) {
	copy(out[0], in[0][:k.bytes]) // nothing moves if they are the same memory
	k.window.run(0, in[1], out[0], 0, k.place(in))
}
