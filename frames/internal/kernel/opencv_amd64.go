//go:build goexperiment.simd && amd64

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// mixTwoVector keeps the three channels of a pixel of both rows in the lanes of one vector.
func mixTwoVector(dst0, dst1 []int16, src0, src1 []uint8, p *Pairs) int {
	if !vector {
		return 0
	}
	pair, pack := archsimd.LoadInt8x32(&neighbours), archsimd.LoadInt8x32(&halvesOf32)
	n := len(p.First) - 2 // the last stores of 8 values would pass the end
	for n > 0 && 3*p.First[n-1]+16 > min(len(src0), len(src1)) {
		n--
	}
	n = max(n, 0)
	for o := range n {
		// Where Second is First its weight is zero, so that what lies after the pixel does not matter.
		at := 3 * p.First[o]
		pixels := together(archsimd.LoadUint8x16Slice(src0[at:]), archsimd.LoadUint8x16Slice(src1[at:])).PermuteOrZeroGrouped(pair).AsInt16x16()
		both := int32(p.Weights[2*o+1])<<16 | int32(p.Weights[2*o])
		sum := pixels.DotProductPairs(archsimd.BroadcastInt32x8(both).AsInt16x16()).ShiftAllRight(4)
		values := sum.AsUint8x32().PermuteOrZeroGrouped(pack)
		values.GetLo().AsInt16x8().StoreSlice(dst0[3*o:])
		values.GetHi().AsInt16x8().StoreSlice(dst1[3*o:])
	}
	archsimd.ClearAVXUpperBits()
	return n
}

func mixRowsVector(dst []uint8, a, b []int16, wa, wb int16) int {
	if !vector {
		return 0
	}
	pack := archsimd.LoadInt8x32(&bytesOf16)
	weightA, weightB, two := archsimd.BroadcastInt16x16(wa), archsimd.BroadcastInt16x16(wb), archsimd.BroadcastInt16x16(2)
	i := 0
	for ; i+16 <= len(dst); i += 16 {
		x, y := archsimd.LoadInt16x16Slice(a[i:]), archsimd.LoadInt16x16Slice(b[i:])
		v := x.MulHigh(weightA).Add(y.MulHigh(weightB)).Add(two).ShiftAllRight(2)
		bytes := v.AsUint8x32().PermuteOrZeroGrouped(pack)
		binary.LittleEndian.PutUint64(dst[i:], bytes.GetLo().AsUint64x2().GetElem(0))
		binary.LittleEndian.PutUint64(dst[i+8:], bytes.GetHi().AsUint64x2().GetElem(0))
	}
	archsimd.ClearAVXUpperBits()
	return i
}
