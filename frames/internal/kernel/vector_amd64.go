//go:build goexperiment.simd && amd64

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// filterTwoVector keeps the three channels of a pixel of both rows in the lanes of one vector.
func filterTwoVector(dst0, dst1, src0, src1 []uint8, t *Taps) int {
	if !vector {
		return 0
	}
	pack := archsimd.LoadInt8x32(&bytesOf32)
	zero, white, rounding := archsimd.Int32x8{}, archsimd.BroadcastInt32x8(255), archsimd.BroadcastInt32x8(half)
	n := reach(t, min(len(src0), len(src1)))
	for o := range n {
		at := 3 * t.First[o]
		weights := t.of(o)
		sum := rounding
		for {
			pixels := together(archsimd.LoadUint8x16Slice(src0[at:]), archsimd.LoadUint8x16Slice(src1[at:]))
			for k, w := range weights[:min(perLoad, len(weights))] {
				sum = sum.Add(pixels.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&spreads[k])).AsInt32x8().Mul(archsimd.BroadcastInt32x8(w)))
			}
			if len(weights) <= perLoad {
				break
			}
			weights = weights[perLoad:]
			at += 3 * perLoad
		}
		bytes := sum.ShiftAllRight(Fraction).Max(zero).Min(white).AsUint8x32().PermuteOrZeroGrouped(pack)
		binary.LittleEndian.PutUint32(dst0[3*o:], bytes.GetLo().AsUint32x4().GetElem(0))
		binary.LittleEndian.PutUint32(dst1[3*o:], bytes.GetHi().AsUint32x4().GetElem(0))
	}
	archsimd.ClearAVXUpperBits()
	return n
}

// reach is a number of outputs whose loads of 16 bytes, each of which begins at one of an output's inputs, stay within length bytes; the
// last output, whose store of 4 bytes would pass the end, is not among them.
func reach(t *Taps, length int) int {
	n := len(t.First) - 1
	for n > 0 && 3*(t.First[n-1]+t.Count[n-1]-1)+16 > length {
		n--
	}
	return n
}

func addRowsVector(dst, src []uint8, stride int, weights []int32) int {
	if !vector {
		return 0
	}
	pack := archsimd.LoadInt8x32(&bytesOf32)
	zero, white, rounding := archsimd.Int32x8{}, archsimd.BroadcastInt32x8(255), archsimd.BroadcastInt32x8(half)
	i, end := 0, len(src)-stride*(len(weights)-1)
	for ; i+16 <= min(len(dst), end); i += 16 {
		lo, hi := rounding, rounding
		at := i
		for _, w := range weights {
			x, weight := archsimd.LoadUint8x16Slice(src[at:]), archsimd.BroadcastInt32x8(w)
			lo = lo.Add(x.ExtendLo8ToUint32().AsInt32x8().Mul(weight))
			hi = hi.Add(x.ConcatShiftBytesRight(8, x).ExtendLo8ToUint32().AsInt32x8().Mul(weight))
			at += stride
		}
		lo, hi = lo.ShiftAllRight(Fraction).Max(zero).Min(white), hi.ShiftAllRight(Fraction).Max(zero).Min(white)
		storeBytes(dst[i:], lo.AsUint8x32().PermuteOrZeroGrouped(pack))
		storeBytes(dst[i+8:], hi.AsUint8x32().PermuteOrZeroGrouped(pack))
	}
	archsimd.ClearAVXUpperBits()
	return i
}

// storeBytes stores the low 4 bytes of each half.
func storeBytes(dst []uint8, x archsimd.Uint8x32) {
	_ = dst[7]
	binary.LittleEndian.PutUint32(dst, x.GetLo().AsUint32x4().GetElem(0))
	binary.LittleEndian.PutUint32(dst[4:], x.GetHi().AsUint32x4().GetElem(0))
}
