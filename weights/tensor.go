// Package weights reads and writes named arrays: the safetensors format, in which a model, its optimiser's moments and
// reference numbers are stored.
//
// A safetensors file is an 8-byte little-endian header length, a JSON header that gives the type, the shape and the byte range of
// every tensor, and the tensors' bytes, little-endian, in C order, without holes.
package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// DType is the element type of a tensor, by its name in the safetensors format.
type DType string

// The element types that are understood.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I8   DType = "I8"
	U8   DType = "U8"
	BOOL DType = "BOOL" // one byte, 0 or 1
)

// Size is the number of bytes of one element, 0 for a type that is not understood.
func (d DType) Size() int {
	switch d {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16:
		return 2
	case I8, U8, BOOL:
		return 1
	}
	return 0
}

// Spec says what a tensor is without its values. An empty shape is a scalar.
type Spec struct {
	Name  string
	DType DType
	Shape []int
}

// Bytes is the size of the tensor's values. It is an error when the type is not understood, a dimension is negative, or the
// size does not fit 63 bits.
func (s Spec) Bytes() (int64, error) {
	size := s.DType.Size()
	if size == 0 {
		return 0, fmt.Errorf("tensor %q: type %q is not understood", s.Name, s.DType)
	}
	if i := slices.IndexFunc(s.Shape, func(d int) bool { return d < 0 }); i >= 0 {
		return 0, fmt.Errorf("tensor %q: shape %v has a negative dimension", s.Name, s.Shape)
	}
	if slices.Contains(s.Shape, 0) {
		return 0, nil // before multiplying, since the other dimensions may be of any size
	}
	n := int64(size)
	for _, d := range s.Shape {
		if int64(d) > math.MaxInt64/n {
			return 0, fmt.Errorf("tensor %q: shape %v is too large", s.Name, s.Shape)
		}
		n *= int64(d)
	}
	return n, nil
}

// Tensor is a named array. Data holds the values in C order, little-endian.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte
}

// FromFloat32s makes an F32 tensor with a copy of the values, of which there must be as many as the shape says.
func FromFloat32s(name string, shape []int, values []float32) (Tensor, error) {
	t := Tensor{Name: name, DType: F32, Shape: slices.Clone(shape), Data: make([]byte, 4*len(values))}
	for i, v := range values {
		binary.LittleEndian.PutUint32(t.Data[4*i:], math.Float32bits(v))
	}
	return t, t.check()
}

// Spec returns the tensor's name, type and shape.
func (t Tensor) Spec() Spec { return Spec{t.Name, t.DType, t.Shape} }

func (t Tensor) check() error {
	n, err := t.Spec().Bytes()
	if err == nil && n != int64(len(t.Data)) {
		err = fmt.Errorf("tensor %q: %s of shape %v takes %d bytes, not %d", t.Name, t.DType, t.Shape, n, len(t.Data))
	}
	return err
}

// Float32s returns the values of a floating-point tensor, in C order: F16 and BF16 exactly, F64 rounded to nearest. Other types
// are an error, since not every integer is a float32.
func (t Tensor) Float32s() ([]float32, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	out := make([]float32, len(t.Data)/t.DType.Size())
	switch t.DType {
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		}
	case F64:
		for i := range out {
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:])))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.Data[2*i:])) << 16)
		}
	case F16:
		for i := range out {
			out[i] = halfToFloat32(binary.LittleEndian.Uint16(t.Data[2*i:]))
		}
	default:
		return nil, fmt.Errorf("tensor %q: %s values are not floating-point numbers", t.Name, t.DType)
	}
	return out, nil
}

// CheckFinite is an error that names the first value that is NaN or infinite. Only floating-point tensors can be asked.
func (t Tensor) CheckFinite() error {
	if err := t.check(); err != nil {
		return err
	}
	switch t.DType {
	case F64, F32, F16, BF16:
	default:
		return fmt.Errorf("tensor %q: %s values are not floating-point numbers", t.Name, t.DType)
	}
	i := t.firstNonFinite()
	if i < 0 {
		return nil
	}
	one := Tensor{Name: t.Name, DType: t.DType, Data: t.Data[i*t.DType.Size() : (i+1)*t.DType.Size()]}
	v, err := one.Float32s()
	if err != nil {
		return err
	}
	return fmt.Errorf("tensor %q: value %d of %d is %v", t.Name, i, len(t.Data)/t.DType.Size(), v[0])
}

// firstNonFinite is the index of the first value of a floating-point tensor whose exponent is that of NaN and the infinities, or -1.
func (t Tensor) firstNonFinite() int {
	switch t.DType {
	case F64:
		for i := 0; i+8 <= len(t.Data); i += 8 {
			if binary.LittleEndian.Uint64(t.Data[i:])>>52&0x7ff == 0x7ff {
				return i / 8
			}
		}
	case F32:
		for i := 0; i+4 <= len(t.Data); i += 4 {
			if binary.LittleEndian.Uint32(t.Data[i:])>>23&0xff == 0xff {
				return i / 4
			}
		}
	case F16, BF16:
		exponent := uint16(0x7c00)
		if t.DType == BF16 {
			exponent = 0x7f80
		}
		for i := 0; i+2 <= len(t.Data); i += 2 {
			if binary.LittleEndian.Uint16(t.Data[i:])&exponent == exponent {
				return i / 2
			}
		}
	}
	return -1
}

// halfToFloat32 widens an IEEE 754 binary16: 1 bit of sign, 5 of exponent (bias 15), 10 of fraction.
func halfToFloat32(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero and subnormal numbers: fraction x 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
