// Package ops has a kernel in plain Go for each op of a graph that the engine neither fuses nor has assembly for: everything
// that moves data, arithmetic on every data type, reductions over any axes, and an exact matrix product.
//
// The semantics are those of compute.StandardOps; where that leaves a choice, those of GoMLX's Go backend. Data types are
// Bool, the integers of 8 to 64 bits, Float16, BFloat16, Float32 and Float64; ops that only move data take anything of 1, 2,
// 4, 8 or 16 bytes.
//
// The shapes given to a constructor are checked against package shapeinference. An op that a data type lacks is refused with
// compute.ErrNotImplemented.
package ops

import (
	"fmt"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Kernel is one op made ready for its shapes. It holds no data and changes nothing of its own, so one kernel can run several
// times at once.
type Kernel interface {
	// Tasks is how many parts the work is cut into. It depends on the shapes alone.
	Tasks() int

	// Do computes one part. Parts write to different places and can run at the same time, in any order. Buffers are flat and
	// row-major, have exactly the bytes of their shapes and start at multiples of 16 bytes; a Bool is a byte of 0 or 1.
	//
	// An output may be the memory of an input only where the constructor says so. Do allocates nothing.
	Do(task, worker int, in, out [][]byte)
}

// refuse is the error for an op that a data type does not have here.
func refuse(op fmt.Stringer, dtype dtypes.DType) error {
	return fmt.Errorf("%s of %s: %w", op, dtype, compute.ErrNotImplemented)
}

// made turns what a family gave for an op, which is nothing where it lacks the op, into a constructor's results.
func made(k Kernel, op fmt.Stringer, dtype dtypes.DType) (Kernel, error) {
	if k == nil {
		return nil, refuse(op, dtype)
	}
	return k, nil
}

// agree compares the output that a caller has planned with what shape inference says of the same op.
func agree(op fmt.Stringer, out, want shapes.Shape, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if out.DType != want.DType || !out.EqualDimensions(want) {
		return fmt.Errorf("%s: output is planned as %s but must be %s", op, out, want)
	}
	return nil
}

// view sees a buffer as a slice of its elements.
func view[T any](b []byte) []T {
	var element T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(element)))
}
