package ops

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
)

var (
	wholeTypes = []dtypes.DType{dtypes.Int8, dtypes.Int16, dtypes.Int32, dtypes.Int64, dtypes.Uint8, dtypes.Uint16, dtypes.Uint32, dtypes.Uint64}
	realTypes  = []dtypes.DType{dtypes.Float16, dtypes.BFloat16, dtypes.Float32, dtypes.Float64}
	allTypes   = slices.Concat([]dtypes.DType{dtypes.Bool}, wholeTypes, realTypes)
)

// tensor is a shape and its elements.
type tensor struct {
	shapes.Shape
	data []byte
}

// aligned gives zeroed memory for a tensor, at a multiple of 64 bytes.
func aligned(n int) []byte {
	b := make([]byte, n+64)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & 63
	return b[skip : skip+n : skip+n]
}

// filled makes a tensor of which f gives the elements; Bool is f > 0.
func filled(s shapes.Shape, f func(i int) float64) tensor {
	x := tensor{s, aligned(int(s.ByteSize()))}
	for i := range s.Size() {
		v := f(i)
		switch s.DType {
		case dtypes.Bool:
			view[bool](x.data)[i] = v > 0
		case dtypes.Float32:
			view[float32](x.data)[i] = float32(v)
		case dtypes.Float64:
			view[float64](x.data)[i] = v
		case dtypes.Float16:
			view[float16.Float16](x.data)[i] = float16.FromFloat64(v)
		case dtypes.BFloat16:
			view[bfloat16.BFloat16](x.data)[i] = bfloat16.FromFloat64(v)
		default:
			f, _ := familyOf(compute.OpTypeConstant, s.DType)
			f.(results[int64]).put(x.data, i, int64(v))
		}
	}
	return x
}

// at is an element as a number.
func (x tensor) at(i int) float64 {
	switch x.DType {
	case dtypes.Bool:
		return float64(x.data[i])
	case dtypes.Float32:
		return float64(view[float32](x.data)[i])
	case dtypes.Float64:
		return view[float64](x.data)[i]
	case dtypes.Float16:
		return view[float16.Float16](x.data)[i].Float64()
	case dtypes.BFloat16:
		return view[bfloat16.BFloat16](x.data)[i].Float64()
	}
	read, _ := indicesOf(compute.OpTypeConstant, x.DType)
	return float64(read.at(x.data, i))
}

// random draws small numbers: a few of them equal, real ones with fractions.
func random(rng *rand.Rand, s shapes.Shape) tensor {
	return filled(s, func(int) float64 {
		if s.DType.IsUnsigned() {
			return float64(rng.IntN(100))
		}
		return math.Round(rng.NormFloat64()*200) / 8
	})
}

// below draws whole numbers from 0 to before n.
func below(rng *rand.Rand, s shapes.Shape, n int) tensor {
	return filled(s, func(int) float64 { return float64(rng.IntN(n)) })
}

// dims draws the dimensions of a tensor of about size elements, some of them 1 and, if zeros, now and then 0.
func dims(rng *rand.Rand, rank, size int, zeros bool) []int {
	list := make([]int, rank)
	for k := range list {
		list[k] = 1 + rng.IntN(1+int(2*math.Pow(float64(size), 1/float64(rank))))
		switch {
		case rng.IntN(6) == 0:
			list[k] = 1
		case zeros && rng.IntN(40) == 0:
			list[k] = 0
		}
	}
	return list
}

// sizes are those of random cases: mostly small, some large enough for several tasks.
func sizes(rng *rand.Rand) int {
	if rng.IntN(12) == 0 {
		return 100_000
	}
	return 1 + rng.IntN(300)
}

// run does a kernel's tasks in random order, and once more with guards around a fresh output. It fails if a task writes
// outside the output, leaves some of it unwritten, changes an input or allocates.
func run(t *testing.T, k Kernel, err error, out shapes.Shape, ins ...tensor) tensor {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	const guard = 64
	n := int(out.ByteSize())
	var in, before [][]byte
	for _, x := range ins {
		in, before = append(in, x.data), append(before, bytes.Clone(x.data))
	}
	var results [2][]byte
	for i, pattern := range []byte{0xA5, 0x5A} {
		room := aligned(n + 2*guard)
		fill(room, pattern)
		y := room[guard : guard+n : guard+n]
		outs, order := [][]byte{y}, rand.Perm(k.Tasks())
		work := func() {
			for _, task := range order {
				k.Do(task, 0, in, outs)
			}
		}
		if i == 0 {
			work()
		} else if allocs := testing.AllocsPerRun(1, work); allocs > 0 {
			t.Fatalf("%T allocates %v times", k, allocs)
		}
		if around := slices.Concat(room[:guard], room[guard+n:]); bytes.Count(around, []byte{pattern}) != 2*guard {
			t.Fatalf("%T writes outside an output of %d bytes", k, n)
		}
		results[i] = y
	}
	for i := range ins {
		if !bytes.Equal(before[i], in[i]) {
			t.Fatalf("%T changes input %d", k, i)
		}
	}
	if !bytes.Equal(results[0], results[1]) {
		t.Fatalf("%T leaves a part of its output unwritten or depends on the order of tasks", k)
	}
	return tensor{out, results[0]}
}

var oracleBackend = func() compute.Backend {
	backend, err := gobackend.New("ops_sequential")
	if err != nil {
		panic(err)
	}
	return backend
}()

// oracle computes a graph of the inputs by GoMLX's Go backend.
func oracle(t *testing.T, build func(f compute.Function, x []compute.Value) (compute.Value, error), ins ...tensor) tensor {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("oracle: %v", err)
		}
	}
	builder := oracleBackend.Builder(t.Name())
	f := builder.Main()
	var params []compute.Value
	var buffers []compute.Buffer
	for i, x := range ins {
		p, err := f.Parameter(fmt.Sprint("x", i), x.Shape, nil)
		check(err)
		flat := dtypes.MakeAnySlice(x.DType, x.Size())
		copy(dtypes.UnsafeByteSliceFromAny(flat), x.data)
		buffer, err := oracleBackend.BufferFromFlatData(0, flat, x.Shape)
		check(err)
		params, buffers = append(params, p), append(buffers, buffer)
	}
	y, err := build(f, params)
	check(err)
	check(f.Return([]compute.Value{y}, nil))
	executable, err := builder.Compile()
	check(err)
	outputs, err := executable.Execute(buffers, nil, 0)
	check(err)
	shape, err := outputs[0].Shape()
	check(err)
	flat := dtypes.MakeAnySlice(shape.DType, shape.Size())
	check(outputs[0].ToFlatData(flat))
	return tensor{shape, dtypes.UnsafeByteSliceFromAny(flat)}
}

// same fails unless two tensors agree: of real elements each within a part of its size, NaN being like NaN; others exactly.
func same(t *testing.T, got, want tensor, tolerance float64) {
	t.Helper()
	if got.DType != want.DType || !got.EqualDimensions(want.Shape) {
		t.Fatalf("got %s, want %s", got.Shape, want.Shape)
	}
	if !want.DType.IsFloat() {
		if !bytes.Equal(got.data, want.data) {
			t.Fatalf("%s: got %v, want %v", want.Shape, brief(got.data), brief(want.data))
		}
		return
	}
	for i := range want.Size() {
		a, b := got.at(i), want.at(i)
		if a != b && !(math.IsNaN(a) && math.IsNaN(b)) && !(math.Abs(a-b) <= tolerance*max(1, math.Abs(b))) {
			t.Fatalf("%s: element %d is %v, want %v", want.Shape, i, a, b)
		}
	}
}

func brief(b []byte) []byte { return b[:min(len(b), 64)] }

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func newRand(t *testing.T) *rand.Rand {
	var seed uint64
	for _, c := range t.Name() {
		seed = seed*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, 1))
}
