package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// As gives a floating-point tensor in another floating-point type: wider ones exactly, narrower ones rounded to the nearest value, ties to
// even. A finite value beyond the range of the narrower type is an error, since as an infinity it would spoil whatever reads it.
func (t Tensor) As(d DType) (Tensor, error) {
	if t.DType == d {
		return t, nil
	}
	out := Tensor{Name: t.Name, DType: d, Shape: slices.Clone(t.Shape)}
	if d == F64 && t.DType != F64 {
		return t.widen(out)
	}
	values, err := t.Float32s()
	if err != nil {
		return Tensor{}, err
	}
	switch d {
	case F32:
		return FromFloat32s(t.Name, t.Shape, values)
	case F16:
		out.Data = narrow(values, float32ToHalf)
	case BF16:
		out.Data = narrow(values, float32ToBrain)
	default:
		return Tensor{}, fmt.Errorf("tensor %q: values cannot become %s", t.Name, d)
	}
	if i := out.firstNonFinite(); i >= 0 && values[i]-values[i] == 0 {
		return Tensor{}, fmt.Errorf("tensor %q: value %d is %v, beyond the range of %s", t.Name, i, values[i], d)
	}
	return out, nil
}

// narrow stores values in 2 bytes each.
func narrow(values []float32, bits func(float32) uint16) []byte {
	data := make([]byte, 2*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint16(data[2*i:], bits(v))
	}
	return data
}

func (t Tensor) widen(out Tensor) (Tensor, error) {
	values, err := t.Float32s()
	if err != nil {
		return Tensor{}, err
	}
	for _, v := range values {
		out.Data = binary.LittleEndian.AppendUint64(out.Data, math.Float64bits(float64(v)))
	}
	return out, nil
}

// float32ToBrain rounds to 1 bit of sign, 8 of exponent, 7 of fraction.
func float32ToBrain(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40 // a NaN must not round to infinity
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// float32ToHalf rounds to an IEEE 754 binary16.
func float32ToHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	magnitude := bits & 0x7fffffff
	switch {
	case v != v:
		return sign | 0x7e00
	case magnitude >= 0x477ff000: // rounds to 2^16
		return sign | 0x7c00
	case magnitude < 0x38800000: // below the least normal number: a multiple of 2^-24
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-math.Float32bits(0.5)) // which the sum rounds to
	}
	rounded := magnitude + 0xfff + magnitude>>13&1
	return sign | uint16((rounded-(127-15)<<23)>>13)
}
