//go:build goexperiment.simd && amd64

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// smoothVector divides by a multiplication: (t + 6) * 5042 >> 16 is (t + 6) / 13 for every t up to 13 * 255.
func smoothVector(dst, above, row, below []uint8) int {
	i := 3
	if !vector {
		return i
	}
	load := func(x []uint8, at int) archsimd.Uint16x16 { return archsimd.LoadUint8x16Slice(x[at:]).ExtendToUint16() }
	sum := func(at int) archsimd.Uint16x16 { return load(above, at).Add(load(row, at)).Add(load(below, at)) }
	pack := archsimd.LoadInt8x32(&bytesOf16)
	six, inverse := archsimd.BroadcastUint16x16(6), archsimd.BroadcastUint16x16(5042)
	for ; i+19 <= len(dst); i += 16 {
		total := sum(i - 3).Add(sum(i)).Add(sum(i + 3)).Add(load(row, i).ShiftAllLeft(2))
		bytes := total.Add(six).MulHigh(inverse).AsUint8x32().PermuteOrZeroGrouped(pack)
		binary.LittleEndian.PutUint64(dst[i:], bytes.GetLo().AsUint64x2().GetElem(0))
		binary.LittleEndian.PutUint64(dst[i+8:], bytes.GetHi().AsUint64x2().GetElem(0))
	}
	archsimd.ClearAVXUpperBits()
	return i
}
