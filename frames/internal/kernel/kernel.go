// Package kernel holds the inner loops of the pixel work: portable ones, and the same by vector instructions (AVX2) where the machine and
// the build (GOEXPERIMENT=simd) have them. Both give the same bits.
//
// A vector loop does what it can from the left and returns how far it came; the portable loop does the rest.
package kernel

// Fraction is the number of fraction bits of a weight of Taps: Pillow's. A sum of products stays below 512 << Fraction and fits 32 bits.
const Fraction = 32 - 8 - 2

// half makes the shift by Fraction round to the nearest.
const half = 1 << (Fraction - 1)

// Taps holds, for every output position, which inputs add up to it and with what weights.
type Taps struct {
	First   []int   // index of the first input; never decreases
	Count   []int   // number of inputs; the last one's index never decreases either
	Weights []int32 // Width values for each output, those past Count unused
	Width   int
}

// of gives the weights of output o.
func (t *Taps) of(o int) []int32 { return t.Weights[o*t.Width:][:t.Count[o]] }

// Filter computes a row of pixels with c channels: dst, a pixel for each output of t, from src.
func Filter(dst, src []uint8, c int, t *Taps) {
	if c == 3 {
		filter3(dst, src, t, 0)
		return
	}
	for o := range t.First {
		for k := range c {
			at := t.First[o]*c + k
			sum := int32(half)
			for _, w := range t.of(o) {
				sum += w * int32(src[at])
				at += c
			}
			dst[o*c+k] = clip(sum >> Fraction)
		}
	}
}

// FilterTwo is Filter for two rows of pixels with three channels. A source may go on past what the taps need, which lets more of it be
// done by vector instructions.
func FilterTwo(dst0, dst1, src0, src1 []uint8, t *Taps) {
	done := filterTwoVector(dst0, dst1, src0, src1, t)
	filter3(dst0, src0, t, done)
	filter3(dst1, src1, t, done)
}

// filter3 is Filter for three channels, from output o on.
func filter3(dst, src []uint8, t *Taps, o int) {
	for ; o < len(t.First); o++ {
		weights := t.of(o)
		pixels := src[t.First[o]*3:][:3*len(weights)]
		r, g, b := int32(half), int32(half), int32(half)
		for _, w := range weights {
			p := pixels[:3:3]
			r += w * int32(p[0])
			g += w * int32(p[1])
			b += w * int32(p[2])
			pixels = pixels[3:]
		}
		out := dst[o*3:][:3]
		out[0], out[1], out[2] = clip(r>>Fraction), clip(g>>Fraction), clip(b>>Fraction)
	}
}

// AddRows computes a row of bytes: dst[i] is the weighted sum of src[i], src[stride+i]...
func AddRows(dst, src []uint8, stride int, weights []int32) {
	for i := addRowsVector(dst, src, stride, weights); i < len(dst); i++ {
		sum := int32(half)
		at := i
		for _, w := range weights {
			sum += w * int32(src[at])
			at += stride
		}
		dst[i] = clip(sum >> Fraction)
	}
}

func clip(v int32) uint8 { return uint8(max(0, min(v, 255))) }
