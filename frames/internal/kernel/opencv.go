package kernel

// Pairs holds, for every output position of OpenCV's bilinear resize, two neighbouring inputs and their weights, of 11 fraction bits.
type Pairs struct {
	First, Second []int   // Second is First, or one more
	Weights       []int16 // two for each output
}

// Mix computes a row of pixels with c channels as 16-bit values, of 7 fraction bits.
func Mix(dst []int16, src []uint8, c int, p *Pairs) { mix(dst, src, c, p, 0) }

// MixTwo is Mix for two rows of pixels with three channels. A source may go on past what the pairs need.
func MixTwo(dst0, dst1 []int16, src0, src1 []uint8, p *Pairs) {
	done := mixTwoVector(dst0, dst1, src0, src1, p)
	mix(dst0, src0, 3, p, done)
	mix(dst1, src1, 3, p, done)
}

func mix(dst []int16, src []uint8, c int, p *Pairs, o int) {
	for ; o < len(p.First); o++ {
		w0, w1 := int32(p.Weights[2*o]), int32(p.Weights[2*o+1])
		a, b := src[p.First[o]*c:][:c], src[p.Second[o]*c:][:c]
		out := dst[o*c:][:c]
		for k := range out {
			out[k] = int16((w0*int32(a[k]) + w1*int32(b[k])) >> 4)
		}
	}
}

// MixRows computes a row of bytes from two rows of Mix.
func MixRows(dst []uint8, a, b []int16, wa, wb int16) {
	for i := mixRowsVector(dst, a, b, wa, wb); i < len(dst); i++ {
		dst[i] = uint8((int32(wa)*int32(a[i])>>16 + int32(wb)*int32(b[i])>>16 + 2) >> 2)
	}
}

// Quarter computes a row of bytes of an exact halving of pixels with c channels: the rounded mean of two by two.
func Quarter(dst, upper, lower []uint8, c int) {
	for o, k := 0, 0; o < len(dst); o += c {
		for i := range c {
			dst[o+i] = uint8((int(upper[k+i]) + int(upper[k+c+i]) + int(lower[k+i]) + int(lower[k+c+i]) + 2) >> 2)
		}
		k += 2 * c
	}
}
