// The oracle of this package's tests: GoMLX's Go backend, and how to compare with it.

package simd

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/isa"
)

// array is a tensor on the host: flat is a slice of its type.
type array struct {
	shape shapes.Shape
	flat  any
}

// recorder records ops and keeps the first error.
type recorder struct {
	compute.Function
	oracle bool // whose products of halves are not always right
	err    error
}

// ok gives an op's value. What is recorded after an error does not matter.
func (r *recorder) ok(v compute.Value, err error) compute.Value {
	if r.err == nil {
		r.err = err
	}
	return v
}

// recipe records a computation of some parameters.
type recipe func(f *recorder, x []compute.Value) []compute.Value

// formula records a computation of one output.
type formula func(f *recorder, x []compute.Value) compute.Value

func one(build formula) recipe {
	return func(f *recorder, x []compute.Value) []compute.Value { return []compute.Value{build(f, x)} }
}

// record records a recipe of parameters like the operands.
func record(builder compute.Builder, operands []array, build recipe) (compute.Builder, error) {
	f := &recorder{Function: builder.Main()}
	if _, tested := builder.(*Builder); !tested {
		f.oracle = true
	}
	var x []compute.Value
	for i, a := range operands {
		x = append(x, f.ok(f.Parameter(fmt.Sprintf("x%d", i), a.shape, nil)))
	}
	y := build(f, x)
	if f.err != nil {
		return nil, f.err
	}
	return builder, f.Return(y, nil)
}

// compiled records and compiles a recipe.
func compiled(b compute.Backend, operands []array, build recipe) (compute.Executable, error) {
	builder, err := record(b.Builder("test"), operands, build)
	if err != nil {
		return nil, err
	}
	return builder.Compile()
}

// execute runs an executable on copies of the operands; donate says that all of them are given away.
func execute(b compute.Backend, e compute.Executable, operands []array, donate bool) ([]array, error) {
	inputs := make([]compute.Buffer, len(operands))
	marks := make([]bool, len(operands))
	for i, a := range operands {
		var err error
		if inputs[i], err = b.BufferFromFlatData(0, a.flat, a.shape); err != nil {
			return nil, err
		}
		marks[i] = donate
	}
	outputs, err := e.Execute(inputs, marks, 0)
	if err != nil {
		return nil, err
	}
	var list []array
	for _, o := range outputs {
		shape, err := o.Shape()
		if err != nil {
			return nil, err
		}
		a := array{shape, dtypes.MakeAnySlice(shape.DType, shape.Size())}
		if err := o.ToFlatData(a.flat); err != nil {
			return nil, err
		}
		list = append(list, a)
		if err := o.Finalize(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// once compiles and runs a recipe once.
func once(b compute.Backend, operands []array, build recipe, donate bool) ([]array, error) {
	e, err := compiled(b, operands, build)
	if err != nil {
		return nil, err
	}
	defer e.Finalize()
	return execute(b, e, operands, donate)
}

func oracle(t *testing.T) compute.Backend {
	t.Helper()
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// engines opens a backend for each instruction set of this CPU and for several numbers of workers.
func engines(t *testing.T) map[isa.Level][]*Backend {
	t.Helper()
	list := map[isa.Level][]*Backend{}
	for _, level := range isa.Levels() {
		for _, workers := range []int{1, 2, 3, 8} {
			list[level] = append(list[level], open(t, fmt.Sprintf("isa=%s,workers=%d", level, workers)))
		}
	}
	return list
}

// open opens a backend for the time of a test.
func open(t *testing.T, config string) *Backend {
	t.Helper()
	b, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b.(*Backend)
}

// onEach runs a recipe on every engine. It checks that the number of workers does not matter, and hands the results of each
// level to check. Every other run may overwrite its inputs.
func onEach(t *testing.T, engines map[isa.Level][]*Backend, operands []array, build recipe, check func(isa.Level, []array)) {
	t.Helper()
	for level, list := range engines {
		var first []array
		for i, b := range list {
			got, err := once(b, operands, build, i%2 == 1)
			if err != nil {
				t.Fatalf("%v: %v", level, err)
			}
			if i == 0 {
				first = got
				check(level, got)
			}
			for k := range got {
				if !bytes.Equal(memoryOf(got[k]), memoryOf(first[k])) {
					t.Fatalf("%v: output %d differs between %s and %s", level, k, list[0].Description(), b.Description())
				}
			}
		}
	}
}

func memoryOf(a array) []byte { return dtypes.UnsafeByteSliceFromAny(a.flat) }

// element gives a value as a float64; integers beyond 2^53 are told apart by exactly alone.
func element(flat any, i int) float64 {
	switch flat := flat.(type) {
	case []bfloat16.BFloat16:
		return float64(flat[i].Float32())
	case []float16.Float16:
		return float64(flat[i].Float32())
	case []bool:
		if flat[i] {
			return 1
		}
		return 0
	}
	v := reflect.ValueOf(flat).Index(i)
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	}
	return v.Float()
}

// epsilon is the distance from 1 to the next number of a type; 0 for types without fractions.
func epsilon(d dtypes.DType) float64 {
	switch d {
	case dtypes.BFloat16:
		return 0x1p-7
	case dtypes.Float16:
		return 0x1p-10
	case dtypes.Float32:
		return 0x1p-23
	case dtypes.Float64:
		return 0x1p-52
	}
	return 0
}

// leastNormal is the least positive number of full precision. Kernels may give 0 for what is less.
func leastNormal(d dtypes.DType) float64 {
	switch d {
	case dtypes.BFloat16, dtypes.Float32:
		return 0x1p-126
	case dtypes.Float16:
		return 0x1p-14
	}
	return 0x1p-1022
}

// differ describes the worst place where two arrays are further apart than units in the last place of the wanted value, or
// of floor where that is greater; it is empty if there is none. A NaN equals a NaN.
func differ(got, want array, units, floor float64) string {
	if got.shape.DType != want.shape.DType || !got.shape.EqualDimensions(want.shape) {
		return fmt.Sprintf("shape %s, want %s", got.shape, want.shape)
	}
	eps := epsilon(want.shape.DType)
	if eps == 0 || units == 0 {
		return exactly(got, want)
	}
	worst, place := 1.0, -1
	for i := range want.shape.Size() {
		g, w := element(got.flat, i), element(want.flat, i)
		if g == w || math.IsNaN(g) && math.IsNaN(w) || max(math.Abs(g), math.Abs(w)) < leastNormal(want.shape.DType) {
			continue
		}
		apart := math.Abs(g-w) / (units * eps * max(math.Abs(w), floor))
		if !(apart <= worst) {
			worst, place = apart, i
		}
	}
	if place < 0 {
		return ""
	}
	return fmt.Sprintf("element %d of %s is %v, want %v: %.3g times what is allowed", place, want.shape,
		element(got.flat, place), element(want.flat, place), worst)
}

// exactly compares values that must be the same; zeros of different signs and all NaNs are.
func exactly(got, want array) string {
	for i := range want.shape.Size() {
		g, w := reflect.ValueOf(got.flat).Index(i).Interface(), reflect.ValueOf(want.flat).Index(i).Interface()
		if a, b := element(got.flat, i), element(want.flat, i); g != w && !(a == b && epsilon(want.shape.DType) > 0) &&
			!(math.IsNaN(a) && math.IsNaN(b)) {
			return fmt.Sprintf("element %d of %s is %v, want %v", i, want.shape, g, w)
		}
	}
	return ""
}
