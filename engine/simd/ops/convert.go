// Conversion between data types.

package ops

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
)

// number is every type that Go itself computes with.
type number interface{ integer | float32 | float64 }

// NewConvert gives x in the data type of out, whose dimensions are the same. Real numbers lose their fraction when they become
// whole, whole ones their upper bits when they become shorter; Bool is 0 or 1, and any number but 0 is true. What becomes of
// a real number beyond the range of a whole type is left open, as in Go. The output may be x's memory if its elements have the
// same size.
func NewConvert(x, out shapes.Shape) (Kernel, error) {
	const op = compute.OpTypeConvertDType
	if err := agree(op, out, shapes.Make(out.DType, x.Dimensions...), nil); err != nil {
		return nil, err
	}
	row := converter(x.DType, out.DType)
	if row == nil {
		return nil, refuse(op, x.DType)
	}
	return &convert{spans(x.Size(), x.Size()/elementGrain, lineSize), x.DType.Size(), out.DType.Size(), row}, nil
}

type convert struct {
	spans    [][2]int
	from, to int // element sizes
	row      func(dst, src []byte)
}

func (k *convert) Tasks() int { return len(k.spans) }

func (k *convert) Do(task, _ int, in, out [][]byte) {
	first, end := k.spans[task][0], k.spans[task][1]
	k.row(out[0][first*k.to:end*k.to], in[0][first*k.from:end*k.from])
}

// converter gives the conversion of a row of one type to another; nil for types that are not supported.
func converter(from, to dtypes.DType) func(dst, src []byte) {
	switch from {
	case dtypes.Bool:
		return fromLoaded(to, func(x bool) float32 {
			if x {
				return 1
			}
			return 0
		})
	case dtypes.Float16:
		return fromLoaded(to, float16.Float16.Float32)
	case dtypes.BFloat16:
		return fromLoaded(to, bfloat16.BFloat16.Float32)
	case dtypes.Int8:
		return fromNumber[int8](to)
	case dtypes.Int16:
		return fromNumber[int16](to)
	case dtypes.Int32:
		return fromNumber[int32](to)
	case dtypes.Int64:
		return fromNumber[int64](to)
	case dtypes.Uint8:
		return fromNumber[uint8](to)
	case dtypes.Uint16:
		return fromNumber[uint16](to)
	case dtypes.Uint32:
		return fromNumber[uint32](to)
	case dtypes.Uint64:
		return fromNumber[uint64](to)
	case dtypes.Float32:
		return fromNumber[float32](to)
	case dtypes.Float64:
		return fromNumber[float64](to)
	}
	return nil
}

// fromNumber converts values that Go can convert by itself.
func fromNumber[F number](to dtypes.DType) func(dst, src []byte) {
	switch to {
	case dtypes.Bool:
		return each(func(x F) bool { return x != 0 })
	case dtypes.Float16:
		return each(func(x F) float16.Float16 { return float16.FromFloat32(float32(x)) })
	case dtypes.BFloat16:
		return each(func(x F) bfloat16.BFloat16 { return bfloat16.FromFloat32(float32(x)) })
	case dtypes.Int8:
		return cast[F, int8]
	case dtypes.Int16:
		return cast[F, int16]
	case dtypes.Int32:
		return cast[F, int32]
	case dtypes.Int64:
		return cast[F, int64]
	case dtypes.Uint8:
		return cast[F, uint8]
	case dtypes.Uint16:
		return cast[F, uint16]
	case dtypes.Uint32:
		return cast[F, uint32]
	case dtypes.Uint64:
		return cast[F, uint64]
	case dtypes.Float32:
		return cast[F, float32]
	case dtypes.Float64:
		return cast[F, float64]
	}
	return nil
}

// fromLoaded converts values of which each is exactly a float32.
func fromLoaded[F any](to dtypes.DType, load func(F) float32) func(dst, src []byte) {
	switch to {
	case dtypes.Bool:
		return each(func(x F) bool { return load(x) != 0 })
	case dtypes.Float16:
		return each(func(x F) float16.Float16 { return float16.FromFloat32(load(x)) })
	case dtypes.BFloat16:
		return each(func(x F) bfloat16.BFloat16 { return bfloat16.FromFloat32(load(x)) })
	case dtypes.Int8:
		return each(func(x F) int8 { return int8(load(x)) })
	case dtypes.Int16:
		return each(func(x F) int16 { return int16(load(x)) })
	case dtypes.Int32:
		return each(func(x F) int32 { return int32(load(x)) })
	case dtypes.Int64:
		return each(func(x F) int64 { return int64(load(x)) })
	case dtypes.Uint8:
		return each(func(x F) uint8 { return uint8(load(x)) })
	case dtypes.Uint16:
		return each(func(x F) uint16 { return uint16(load(x)) })
	case dtypes.Uint32:
		return each(func(x F) uint32 { return uint32(load(x)) })
	case dtypes.Uint64:
		return each(func(x F) uint64 { return uint64(load(x)) })
	case dtypes.Float32:
		return each(load)
	case dtypes.Float64:
		return each(func(x F) float64 { return float64(load(x)) })
	}
	return nil
}

func cast[F, T number](dst, src []byte) {
	y := view[T](dst)
	for i, x := range view[F](src) {
		y[i] = T(x)
	}
}

func each[F, T any](f func(F) T) func(dst, src []byte) {
	return func(dst, src []byte) {
		y := view[T](dst)
		for i, x := range view[F](src) {
			y[i] = f(x)
		}
	}
}
