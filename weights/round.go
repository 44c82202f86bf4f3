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
	out.Data = make([]byte, len(values)*d.Size())
	for i, v := range values {
		var bits uint16
		switch d {
		case F32:
			binary.LittleEndian.PutUint32(out.Data[4*i:], math.Float32bits(v))
			continue
		case F16:
			bits = float32ToHalf(v)
		case BF16:
			bits = float32ToBrain(v)
		default:
			return Tensor{}, fmt.Errorf("tensor %q: values cannot become %s", t.Name, d)
		}
		binary.LittleEndian.PutUint16(out.Data[2*i:], bits)
		if infinite(d, bits) && !math.IsInf(float64(v), 0) {
			return Tensor{}, fmt.Errorf("tensor %q: value %d is %v, beyond the range of %s", t.Name, i, v, d)
		}
	}
	return out, nil
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

func infinite(d DType, bits uint16) bool {
	if d == F16 {
		return bits&0x7fff == 0x7c00
	}
	return bits&0x7fff == 0x7f80
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
		return sign | uint16(math.RoundToEven(math.Ldexp(float64(math.Float32frombits(magnitude)), 24)))
	}
	rounded := magnitude + 0xfff + magnitude>>13&1
	return sign | uint16((rounded-(127-15)<<23)>>13)
}
