// Updates of a tensor at places that are known only when the op runs.

package ops

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// NewScatter adds windows of updates to x (ScatterSum), or keeps the greater or the smaller elements (ScatterMax,
// ScatterMin). There is a window for every index vector, combined in their order. The vectors lie along axis along of index,
// or are single numbers if it has no such axis, and number i of each gives the window's place on axis places[i] of x; a
// window that does not lie wholly within x is left out. The windows are the axes windowAxes of updates, in the order of the
// axes of x that are not in inserted; its other axes are the remaining ones of index. The inputs are x, index and updates;
// the output may be x's memory, which saves a copy of it.
// Source: openxla.org/stablehlo/spec#scatter.
func NewScatter(op compute.OpType, x, index, updates shapes.Shape, along int, windowAxes, inserted, places []int, out shapes.Shape) (Kernel, error) {
	want, err := shapeinference.Scatter(x, index, updates, along, windowAxes, inserted, places)
	if err := agree(op, out, want, err); err != nil {
		return nil, err
	}
	read, err := indicesOf(op, index.DType)
	if err != nil {
		return nil, err
	}
	f, err := familyOf(op, x.DType)
	if err != nil {
		return nil, err
	}
	index = withVectors(index, along)
	from, to := strides(updates.Dimensions, 1), strides(x.Dimensions, 1)
	vectors := vectorAxes(index, along, updates.Dimensions, from, windowAxes)
	sizes, window, keep := make([]int, x.Rank()), make([]axis, x.Rank()), make([]axis, x.Rank())
	for k, n := range x.Dimensions {
		keep[k] = axis{n, offsets{to[k], to[k]}}
		sizes[k], window[k].n = 1, 1
		if !slices.Contains(inserted, k) {
			w := windowAxes[0]
			windowAxes = windowAxes[1:]
			sizes[k], window[k] = updates.Dimensions[w], axis{updates.Dimensions[w], offsets{from[w], to[k]}}
		}
	}
	s := scattering{read: read, vectors: newNest(vectors, offsets{}), window: newNest(window, offsets{})}
	s.share(vectorOf(index, along, places, x.Dimensions, to, sizes), places, nest{axes: keep}, sizes, updates.Size()+x.Size())
	return made(f.scatter(op, s), op, x.DType)
}

// maxScatterTasks limits the tasks of a scatter, since each of them reads all of the index tensor.
const maxScatterTasks = 8

// scattering is where the windows of a scatter come from and go to.
type scattering struct {
	read    indices
	vectors nest // over index vectors: the index tensor and the updates
	window  nest // the updates and the output
	shares  []share
}

// share is one task's part of the output, which it first copies from x. Of the windows it takes in those that its vector
// finds to lie there.
type share struct {
	keep   nest
	vector []bounded
}

// bounded is a coordinate with the first of its places that count.
type bounded struct {
	coordinate
	first int
}

// share cuts the longest axis along which windows have a single place that is given by their vector, if there is one.
func (s *scattering) share(vector []coordinate, places []int, keep nest, sizes []int, work int) {
	all := make([]bounded, len(vector))
	cut := -1
	for i, k := range places {
		all[i].coordinate = vector[i]
		if sizes[k] == 1 && (cut < 0 || keep.axes[k].n > keep.axes[places[cut]].n) {
			cut = i
		}
	}
	if cut < 0 {
		s.shares = []share{{newNest(keep.axes, offsets{}), all}}
		return
	}
	k := places[cut]
	for _, span := range spans(keep.axes[k].n, min(work/elementGrain, maxScatterTasks), 1) {
		own := slices.Clone(all)
		own[cut].first, own[cut].last = span[0], span[1]-1
		part := keep.part(k, span[0], span[1])
		s.shares = append(s.shares, share{newNest(part.axes, part.base), own})
	}
}

// Tasks implements Kernel.
func (s *scattering) Tasks() int { return len(s.shares) }

// place is where the window of the index vector at i starts; false if that is not the share's.
func (s *scattering) place(vector []bounded, b []byte, i int) (int, bool) {
	place := 0
	for _, c := range vector {
		n := s.read.at(b, i+c.at)
		if n < c.first || n > c.last {
			return 0, false
		}
		place += n * c.step
	}
	return place, true
}

type scatter[T any] struct {
	scattering
	combine func(dst, src []T)
}

func (k *scatter[T]) Do(task, _ int, in, out [][]byte) {
	x, updates, y := view[T](in[0]), view[T](in[2]), view[T](out[0])
	own, vectors, row := k.shares[task], k.vectors.inner(), k.window.inner()
	own.keep.rows(1, func(at offsets) { copyRows(y, x, at[1], at[0], axis{n: 1}, own.keep.inner()) })
	k.vectors.rows(1, func(at offsets) {
		for range vectors.n {
			if place, fits := k.place(own.vector, in[1], at[0]); fits {
				k.window.rows(1, func(w offsets) { k.row(y, updates, w[1]+place, w[0]+at[1], row) })
			}
			at = at.plus(1, vectors.step)
		}
	})
}

// row combines a row of updates, from place i, with one of y, from place o.
func (k *scatter[T]) row(y, updates []T, o, i int, row axis) {
	if row.step == rowStep {
		k.combine(y[o:][:row.n], updates[i:][:row.n])
		return
	}
	for range row.n {
		k.combine(y[o:][:1], updates[i:][:1])
		i, o = i+row.step[0], o+row.step[1]
	}
}

// scatterOps are the ops that combine an element with an update.
var scatterOps = map[compute.OpType]compute.OpType{
	compute.OpTypeScatterSum: compute.OpTypeAdd,
	compute.OpTypeScatterMax: compute.OpTypeMax,
	compute.OpTypeScatterMin: compute.OpTypeMin,
}

func (f ints[T]) scatter(op compute.OpType, s scattering) Kernel {
	if g := f.operation(scatterOps[op]); g != nil {
		return &scatter[T]{s, combined(g)}
	}
	return nil
}

func (r reals[T]) scatter(op compute.OpType, s scattering) Kernel {
	g := realOperation(scatterOps[op])
	if g == nil {
		return nil
	}
	if op == compute.OpTypeScatterSum {
		if add, ok := rowSums[T](); ok {
			return &scatter[T]{s, add}
		}
	}
	return &scatter[T]{s, combined(func(a, b T) T { return r.store(g(r.load(a), r.load(b))) })}
}

func combined[T any](f func(a, b T) T) func(dst, src []T) {
	return func(dst, src []T) {
		for i, v := range src {
			dst[i] = f(dst[i], v)
		}
	}
}

// rowSums gives the addition of rows without a call for each element, for the types of gradients.
func rowSums[T any]() (func(dst, src []T), bool) {
	for _, known := range []any{sumNative[float32], sumNative[float64], sumBF16} {
		if f, ok := known.(func(dst, src []T)); ok {
			return f, true
		}
	}
	return nil, false
}

func sumNative[T float32 | float64](dst, src []T) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] += v
	}
}

func sumBF16(dst, src []bfloat16.BFloat16) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = bfloat16.FromFloat32(dst[i].Float32() + v.Float32())
	}
}
