// What the ops need to know of a data type: one family for whole numbers, one for real numbers, one for truth values.

package ops

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
)

// family makes the kernels that depend on what the elements mean. It gives nil for what its type lacks.
type family interface {
	unary(op compute.OpType, p parts) Kernel
	binary(op compute.OpType, p parts) Kernel
	iota(c count) Kernel
	reduce(op compute.OpType, r reduction) Kernel
	window(op compute.OpType, w windows) Kernel
	argMinMax(s search) Kernel
	scatter(op compute.OpType, s scattering) Kernel
	dot(d contraction) Kernel
}

// integer is every whole type that tensors have.
type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// ints computes as Go does, modulo 2 to the number of bits.
type ints[T integer] struct{}

// reals computes in float64 and rounds each result to T, through Float32 where T is shorter than that. For sums, products,
// quotients and roots this is the correctly rounded result of T.
type reals[T any] struct {
	load  func(T) float64
	store func(float64) T
}

// truths has the values false and true.
type truths struct{ nothing }

// nothing is a family without ops.
type nothing struct{}

func (nothing) unary(compute.OpType, parts) Kernel        { return nil }
func (nothing) binary(compute.OpType, parts) Kernel       { return nil }
func (nothing) iota(count) Kernel                         { return nil }
func (nothing) reduce(compute.OpType, reduction) Kernel   { return nil }
func (nothing) window(compute.OpType, windows) Kernel     { return nil }
func (nothing) argMinMax(search) Kernel                   { return nil }
func (nothing) scatter(compute.OpType, scattering) Kernel { return nil }
func (nothing) dot(contraction) Kernel                    { return nil }

// familyOf gives the family of a data type, or refuses the op.
func familyOf(op fmt.Stringer, dtype dtypes.DType) (family, error) {
	switch dtype {
	case dtypes.Bool:
		return truths{}, nil
	case dtypes.Int8:
		return ints[int8]{}, nil
	case dtypes.Int16:
		return ints[int16]{}, nil
	case dtypes.Int32:
		return ints[int32]{}, nil
	case dtypes.Int64:
		return ints[int64]{}, nil
	case dtypes.Uint8:
		return ints[uint8]{}, nil
	case dtypes.Uint16:
		return ints[uint16]{}, nil
	case dtypes.Uint32:
		return ints[uint32]{}, nil
	case dtypes.Uint64:
		return ints[uint64]{}, nil
	case dtypes.Float16:
		return reals[float16.Float16]{float16.Float16.Float64, float16.FromFloat64}, nil
	case dtypes.BFloat16:
		return reals[bfloat16.BFloat16]{bfloat16.BFloat16.Float64, bfloat16.FromFloat64}, nil
	case dtypes.Float32:
		return reals[float32]{func(x float32) float64 { return float64(x) }, func(x float64) float32 { return float32(x) }}, nil
	case dtypes.Float64:
		return reals[float64]{func(x float64) float64 { return x }, func(x float64) float64 { return x }}, nil
	}
	return nil, refuse(op, dtype)
}

// indices reads the integers that point into a tensor.
type indices interface {
	at(b []byte, i int) int
}

func indicesOf(op fmt.Stringer, dtype dtypes.DType) (indices, error) {
	f, err := familyOf(op, dtype)
	if read, ok := f.(indices); ok {
		return read, nil
	}
	if err == nil {
		err = fmt.Errorf("%s: indices are %s but must be integers", op, dtype)
	}
	return nil, err
}

func (ints[T]) at(b []byte, i int) int { return int(view[T](b)[i]) }

// results writes numbers that were computed as A, which is int64 for whole types and float64 for real ones.
type results[A any] interface {
	put(b []byte, i int, value A)
}

func (ints[T]) put(b []byte, i int, value int64)      { view[T](b)[i] = T(value) }
func (r reals[T]) put(b []byte, i int, value float64) { view[T](b)[i] = r.store(value) }

// bits is the width of T.
func (ints[T]) bits() int {
	n := 0
	for one := T(1); one != 0; one <<= 1 {
		n++
	}
	return n
}

// lowest and highest are the ends of T's range.
func (f ints[T]) lowest() T {
	if ^T(0) > 0 {
		return 0
	}
	return T(1) << (f.bits() - 1)
}

func (f ints[T]) highest() T { return ^f.lowest() }
