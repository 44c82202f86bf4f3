package ops

import (
	"bytes"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/pool"
)

// job runs a kernel on a pool.
type job struct {
	Kernel
	in, out [][]byte
}

func (j job) Do(task, worker int) { j.Kernel.Do(task, worker, j.in, j.out) }

// Any number of workers gives the same bits; the race detector watches for tasks that meet.
func TestTasksRunAtTheSameTime(t *testing.T) {
	rng := newRand(t)
	x, row := shapes.Make(dtypes.Float32, 600, 300), shapes.Make(dtypes.Float32, 300)
	wide, turned := shapes.Make(dtypes.Float32, 602, 300), shapes.Make(dtypes.Float32, 300, 600)
	index, twice := shapes.Make(dtypes.Int32, 900, 1), shapes.Make(dtypes.Float32, 900, 300)
	kernels := []struct {
		make func() (Kernel, error)
		out  shapes.Shape
		ins  []shapes.Shape
	}{
		{func() (Kernel, error) { return NewTranspose(x, []int{1, 0}, turned) }, turned, []shapes.Shape{x}},
		{func() (Kernel, error) {
			return NewConcatenate([]shapes.Shape{x, x}, 0, shapes.Make(x.DType, 1200, 300))
		},
			shapes.Make(x.DType, 1200, 300), []shapes.Shape{x, x}},
		{func() (Kernel, error) {
			return NewPad(x, shapes.Make(x.DType), []compute.PadAxis{{Start: 1, End: 1}}, wide)
		}, wide, []shapes.Shape{x, shapes.Make(x.DType)}},
		{func() (Kernel, error) {
			return NewGather(x, index, 1, []int{1}, []int{0}, []int{0}, []int{1, 300}, twice)
		},
			twice, []shapes.Shape{x, index}},
		{func() (Kernel, error) {
			return NewScatter(compute.OpTypeScatterSum, x, index, twice, 1, []int{1}, []int{0}, []int{0}, x)
		}, x, []shapes.Shape{x, index, twice}},
		{func() (Kernel, error) { return NewReduce(compute.OpTypeReduceSum, x, []int{0}, row) }, row, []shapes.Shape{x}},
		{func() (Kernel, error) { return NewBinary(compute.OpTypeMul, x, x, x) }, x, []shapes.Shape{x, x}},
	}
	for _, c := range kernels {
		k, err := c.make()
		var ins []tensor
		j := job{Kernel: k, out: [][]byte{aligned(int(c.out.ByteSize()))}}
		for _, s := range c.ins {
			ins = append(ins, random(rng, s))
			j.in = append(j.in, ins[len(ins)-1].data)
		}
		want := run(t, k, err, c.out, ins...)
		if k.Tasks() < 2 {
			t.Errorf("%T has a single task", k)
		}
		for _, workers := range []int{1, 2, 3, 8} {
			p := pool.New(workers)
			clear(j.out[0])
			p.Run(k.Tasks(), j)
			p.Close()
			if !bytes.Equal(j.out[0], want.data) {
				t.Errorf("%T differs with %d workers", k, workers)
			}
		}
	}
}

// Tensors without elements are nothing to do, and no place of them is touched.
func TestNothingToDo(t *testing.T) {
	rng := newRand(t)
	none, rows := shapes.Make(dtypes.Float32, 0, 5), random(rng, shapes.Make(dtypes.Float32, 4, 5))
	no, noIndex := random(rng, none), random(rng, shapes.Make(dtypes.Int32, 0, 1))
	k, err := NewGather(rows.Shape, noIndex.Shape, 1, []int{1}, []int{0}, []int{0}, []int{1, 5}, none)
	run(t, k, err, none, rows, noIndex)
	k, err = NewScatter(compute.OpTypeScatterSum, rows.Shape, noIndex.Shape, none, 1, []int{1}, []int{0}, []int{0}, rows.Shape)
	same(t, run(t, k, err, rows.Shape, rows, noIndex, no), rows, 0)
	truth := shapes.Make(dtypes.Bool)
	k, err = NewWhere(truth, none, shapes.Make(dtypes.Float32), none)
	run(t, k, err, none, random(rng, truth), no, random(rng, shapes.Make(dtypes.Float32)))
	k, err = NewReverse(none, []int{0, 1}, none)
	run(t, k, err, none, no)
	k, err = NewArgMinMax(none, 1, true, shapes.Make(dtypes.Int8, 0))
	run(t, k, err, shapes.Make(dtypes.Int8, 0), no)
	sums := shapes.Make(dtypes.Float32, 4, 4)
	k, err = NewDotGeneral(shapes.Make(dtypes.Float32, 4, 0), []int{1}, nil, shapes.Make(dtypes.Float32, 0, 4), []int{0}, nil, compute.DotGeneralConfig{}, sums)
	same(t, run(t, k, err, sums, no, no), filled(sums, func(int) float64 { return 0 }), 0)
}
