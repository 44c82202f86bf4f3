// Random operands.

package simd

import (
	"math"
	"math/rand/v2"
	"reflect"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
)

// random makes an array of a type from float64 values.
func random(shape shapes.Shape, draw func() float64) array {
	a := array{shape, dtypes.MakeAnySlice(shape.DType, shape.Size())}
	v := reflect.ValueOf(a.flat)
	for i := range v.Len() {
		v.Index(i).Set(reflect.ValueOf(scalar(shape.DType, draw())))
	}
	return a
}

// scalar gives a number in a type.
func scalar(d dtypes.DType, x float64) any {
	switch d {
	case dtypes.BFloat16:
		return bfloat16.FromFloat32(float32(x))
	case dtypes.Float16:
		return float16.FromFloat32(float32(x))
	case dtypes.Bool:
		return x > 0
	}
	if d.IsInt() {
		return reflect.ValueOf(int64(x)).Convert(d.GoType()).Interface()
	}
	return reflect.ValueOf(x).Convert(d.GoType()).Interface()
}

// dimensions draws the axes of a tensor of at most so many values: none, odd sizes, ones, now and then an empty axis. If many
// values are allowed, most of them are there.
func dimensions(r *rand.Rand, most int) []int {
	rank, left := r.IntN(5), most
	dims := make([]int, rank)
	for i := range dims {
		switch draw := r.IntN(20); {
		case i == rank-1 && most >= manyValues:
			dims[i] = max(left, 1)
		case draw == 0 && most < manyValues:
			dims[i] = 0
		case draw < 4:
			dims[i] = 1
		default:
			dims[i] = min(2+r.IntN(12), max(left, 1))
		}
		left /= max(dims[i], 1)
	}
	r.Shuffle(rank, func(i, j int) { dims[i], dims[j] = dims[j], dims[i] })
	return dims
}

// full makes axes of size 1 of empty ones.
func full(dims []int) []int {
	for i, n := range dims {
		dims[i] = max(n, 1)
	}
	return dims
}

// manyValues is what a tensor is cut into tasks from.
const manyValues = 10_000

// wide gives numbers of many magnitudes and both signs, and for floats now and then a zero, an infinity or a NaN.
func wide(r *rand.Rand, d dtypes.DType) func() float64 {
	if d == dtypes.Bool {
		return func() float64 { return float64(r.IntN(2)) }
	}
	if d.IsInt() {
		least := -100
		if d.IsUnsigned() {
			least = 0
		}
		return func() float64 { return float64(least + r.IntN(101-least)) }
	}
	special := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN()}
	return func() float64 {
		if r.IntN(30) == 0 {
			return special[r.IntN(len(special))]
		}
		return r.NormFloat64() * math.Exp(2*r.NormFloat64())
	}
}

// withoutNaN gives 1 for NaN.
func withoutNaN(draw func() float64) func() float64 {
	return func() float64 {
		if x := draw(); !math.IsNaN(x) {
			return x
		}
		return 1
	}
}

// between gives numbers of a range, whole ones for types without fractions.
func between(r *rand.Rand, least, most float64) func() float64 {
	return func() float64 { return least + (most-least)*r.Float64() }
}
