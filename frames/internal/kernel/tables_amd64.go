//go:build goexperiment.simd && amd64

package kernel

import "simd/archsimd"

// vector tells whether the CPU has what these loops use. Numbers of floating point outside of vectors must not come between their
// instructions: Go's instructions for those stall the processor at each change.
var vector = archsimd.X86.AVX2()

// perLoad is how many pixels with three channels a load of 16 bytes holds.
const perLoad = 5

// no selects a zero byte in a shuffle.
const no = -1

// spreads holds the shuffles that take pixel k of a run of pixels with three channels to 32-bit lanes, in each half of a vector.
var spreads = [perLoad][32]int8{
	{0, no, no, no, 1, no, no, no, 2, no, no, no, no, no, no, no, 0, no, no, no, 1, no, no, no, 2, no, no, no, no, no, no, no},
	{3, no, no, no, 4, no, no, no, 5, no, no, no, no, no, no, no, 3, no, no, no, 4, no, no, no, 5, no, no, no, no, no, no, no},
	{6, no, no, no, 7, no, no, no, 8, no, no, no, no, no, no, no, 6, no, no, no, 7, no, no, no, 8, no, no, no, no, no, no, no},
	{9, no, no, no, 10, no, no, no, 11, no, no, no, no, no, no, no, 9, no, no, no, 10, no, no, no, 11, no, no, no, no, no, no, no},
	{12, no, no, no, 13, no, no, no, 14, no, no, no, no, no, no, no, 12, no, no, no, 13, no, no, no, 14, no, no, no, no, no, no, no},
}

// spread is the shuffle of spreads for one half.
func spread(k int) archsimd.Int8x16 { return archsimd.LoadInt8x32(&spreads[k]).GetLo() }

// The shuffles that gather the low bytes of 32-bit lanes, the low bytes of 16-bit lanes, and the low 16 bits of 32-bit lanes, in each half.
var (
	bytesOf32  = [32]int8{0, 4, 8, 12, no, no, no, no, no, no, no, no, no, no, no, no, 0, 4, 8, 12, no, no, no, no, no, no, no, no, no, no, no, no}
	bytesOf16  = [32]int8{0, 2, 4, 6, 8, 10, 12, 14, no, no, no, no, no, no, no, no, 0, 2, 4, 6, 8, 10, 12, 14, no, no, no, no, no, no, no, no}
	halvesOf32 = [32]int8{0, 1, 4, 5, 8, 9, no, no, no, no, no, no, no, no, no, no, 0, 1, 4, 5, 8, 9, no, no, no, no, no, no, no, no, no, no}
)

// neighbours is the shuffle that pairs the channels of two neighbouring pixels as 16-bit values, in each half.
var neighbours = [32]int8{0, no, 3, no, 1, no, 4, no, 2, no, 5, no, no, no, no, no, 0, no, 3, no, 1, no, 4, no, 2, no, 5, no, no, no, no, no}

func together(lo, hi archsimd.Uint8x16) archsimd.Uint8x32 {
	var x archsimd.Uint8x32
	return x.SetLo(lo).SetHi(hi)
}
