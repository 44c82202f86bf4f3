//go:build goexperiment.simd && amd64

package kernel

import "simd/archsimd"

// lerpVector does a pixel with three channels at a time; the fourth lane is overwritten by the next pixel.
func lerpVector(dst, src []float32, l *Lerps) int {
	if !vector {
		return 0
	}
	n := len(l.First) - 1 // the last store of 4 values would pass the end
	for o := range n {
		a, b := archsimd.LoadFloat32x4Slice(src[3*l.First[o]:]), archsimd.LoadFloat32x4Slice(src[3*l.Second[o]:])
		w0, w1 := archsimd.BroadcastFloat32x4(l.Weights[2*o]), archsimd.BroadcastFloat32x4(l.Weights[2*o+1])
		a.Mul(w0).Add(b.Mul(w1)).StoreSlice(dst[3*o:])
	}
	return n
}

func lerpRowsVector(dst, a, b []float32, wa, wb float32) int {
	if !vector {
		return 0
	}
	i := 0
	weightA, weightB := archsimd.BroadcastFloat32x8(wa), archsimd.BroadcastFloat32x8(wb)
	for ; i+8 <= len(dst); i += 8 {
		archsimd.LoadFloat32x8Slice(a[i:]).Mul(weightA).Add(archsimd.LoadFloat32x8Slice(b[i:]).Mul(weightB)).StoreSlice(dst[i:])
	}
	archsimd.ClearAVXUpperBits()
	return i
}

func blendVector(dst, a, b []uint8, alpha float32) int {
	if !vector {
		return 0
	}
	pack := archsimd.LoadInt8x32(&bytesOf32)
	share := archsimd.BroadcastFloat32x8(alpha)
	zero, white := archsimd.Float32x8{}, archsimd.BroadcastFloat32x8(255)
	i := 0
	for ; i+16 <= len(dst); i += 8 {
		from := archsimd.LoadUint8x16Slice(a[i:]).ExtendLo8ToUint32().AsInt32x8()
		to := archsimd.LoadUint8x16Slice(b[i:]).ExtendLo8ToUint32().AsInt32x8()
		v := from.ConvertToFloat32().Add(share.Mul(to.Sub(from).ConvertToFloat32()))
		storeBytes(dst[i:], v.Max(zero).Min(white).ConvertToInt32().AsUint8x32().PermuteOrZeroGrouped(pack))
	}
	archsimd.ClearAVXUpperBits()
	return i
}
