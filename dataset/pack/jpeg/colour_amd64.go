//go:build goexperiment.simd && amd64

package jpeg

import (
	"encoding/binary"
	"simd/archsimd"
)

// Shuffles that spread pairs of red and green, and words of blue, of 8 pixels over 24 bytes: the first 16, then the last 8.
var (
	headOfPairs = twice([16]int8{0, 1, gap, 2, 3, gap, 4, 5, gap, 6, 7, gap, 8, 9, gap, 10})
	headOfWords = twice([16]int8{gap, gap, 0, gap, gap, 2, gap, gap, 4, gap, gap, 6, gap, gap, 8, gap})
	tailOfPairs = twice([16]int8{11, gap, 12, 13, gap, 14, 15, gap, gap, gap, gap, gap, gap, gap, gap, gap})
	tailOfWords = twice([16]int8{gap, 10, gap, gap, 12, gap, gap, 14, gap, gap, gap, gap, gap, gap, gap, gap})
)

func twice(x [16]int8) (y [32]int8) {
	copy(y[copy(y[:], x[:]):], x[:])
	return y
}

// emitVector converts 16 pixels at a time, from an even column on, and returns how many. Source of the weights: see redOfRed.
func emitVector(dst, luma, blue, red []uint8) int {
	if !vector {
		return 0
	}
	i := 0
	for ; i+16 <= len(luma) && i/2+16 <= min(len(blue), len(red)); i += 16 {
		grey := archsimd.BroadcastInt32x8(128)
		cb := archsimd.LoadUint8x16Slice(blue[i/2:]).ExtendLo8ToUint32().AsInt32x8().Sub(grey)
		cr := archsimd.LoadUint8x16Slice(red[i/2:]).ExtendLo8ToUint32().AsInt32x8().Sub(grey)
		weigh := func(a, b int32) archsimd.Int16x16 { // of blue and red, for both pixels of each pair
			sum := cb.Mul(archsimd.BroadcastInt32x8(a)).Add(cr.Mul(archsimd.BroadcastInt32x8(b))).Add(archsimd.BroadcastInt32x8(half)).ShiftAllRight(16)
			words := sum.SaturateToInt16ConcatGrouped(sum)
			return words.InterleaveLoGrouped(words)
		}
		y := archsimd.LoadUint8x16Slice(luma[i:]).ExtendToUint16().AsInt16x16()
		zero, white := archsimd.Int16x16{}, archsimd.BroadcastInt16x16(255)
		r := y.Add(weigh(0, redOfRed)).Max(zero).Min(white)
		g := y.Add(weigh(-greenOfBlue, -greenOfRed)).Max(zero).Min(white)
		b := y.Add(weigh(blueOfBlue, 0)).Max(zero).Min(white).AsUint8x32()
		pairs := r.Or(g.ShiftAllLeft(8)).AsUint8x32()
		head := pairs.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&headOfPairs)).Or(b.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&headOfWords)))
		tail := pairs.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&tailOfPairs)).Or(b.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&tailOfWords))).AsUint64x4()
		to := (*[48]uint8)(dst[3*i:])
		head.GetLo().Store((*[16]uint8)(to[:16]))
		binary.LittleEndian.PutUint64(to[16:24], tail.GetLo().GetElem(0))
		head.GetHi().Store((*[16]uint8)(to[24:40]))
		binary.LittleEndian.PutUint64(to[40:], tail.GetHi().GetElem(0))
	}
	archsimd.ClearAVXUpperBits()
	return i
}

// Shuffles that take one channel of 4 pixels to 32-bit places.
var (
	redOfFour   = twice([16]int8{0, gap, gap, gap, 3, gap, gap, gap, 6, gap, gap, gap, 9, gap, gap, gap})
	greenOfFour = twice([16]int8{1, gap, gap, gap, 4, gap, gap, gap, 7, gap, gap, gap, 10, gap, gap, gap})
	blueOfFour  = twice([16]int8{2, gap, gap, gap, 5, gap, gap, gap, 8, gap, gap, gap, 11, gap, gap, gap})
)

// loadVector converts 8 pixels at a time to luma, and adds their chroma, in pairs, to what blue and red have of the line before, or
// begins there. It returns how many pixels it did.
func loadVector(line []uint8, luma, blue, red []int32, begin bool) int {
	if !vector {
		return 0
	}
	times := func(x archsimd.Int32x8, c int32) archsimd.Int32x8 { return x.Mul(archsimd.BroadcastInt32x8(c)) }
	n := 0
	for ; 3*n+28 <= len(line); n += 8 {
		var pixels archsimd.Uint8x32
		pixels = pixels.SetLo(archsimd.LoadUint8x16Slice(line[3*n:])).SetHi(archsimd.LoadUint8x16Slice(line[3*n+12:]))
		r := pixels.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&redOfFour)).AsInt32x8()
		g := pixels.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&greenOfFour)).AsInt32x8()
		b := pixels.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&blueOfFour)).AsInt32x8()
		y := times(r, lumaOfRed).Add(times(g, lumaOfGreen)).Add(times(b, lumaOfBlue)).Add(archsimd.BroadcastInt32x8(half))
		y.ShiftAllRight(16).Sub(archsimd.BroadcastInt32x8(128)).Store((*[8]int32)(luma[n:]))
		cb := times(r, -blueLessRed).Sub(times(g, blueLessGreen)).Add(b.ShiftAllLeft(15))
		cr := r.ShiftAllLeft(15).Sub(times(g, redLessGreen)).Sub(times(b, redLessBlue))
		sums := cb.AddPairsGrouped(cr) // two of blue, two of red, and again
		low, high := sums.GetLo(), sums.GetHi()
		cbs, crs := low.AsInt64x2().InterleaveLo(high.AsInt64x2()).AsInt32x4(), low.AsInt64x2().InterleaveHi(high.AsInt64x2()).AsInt32x4()
		toBlue, toRed := (*[4]int32)(blue[n/2:]), (*[4]int32)(red[n/2:])
		if !begin {
			cbs, crs = cbs.Add(archsimd.LoadInt32x4(toBlue)), crs.Add(archsimd.LoadInt32x4(toRed))
		}
		cbs.Store(toBlue)
		crs.Store(toRed)
	}
	archsimd.ClearAVXUpperBits()
	return n
}
