package kernel

// Lerps holds, for every output position of a plain bilinear resize, two neighbouring inputs and their weights.
type Lerps struct {
	First, Second []int     // Second is First, or one more
	Weights       []float32 // two for each output
}

// Lerp computes a row of pixels with c channels. src goes on for a value past its last pixel, which is not used.
func Lerp(dst, src []float32, c int, l *Lerps) {
	o := 0
	if c == 3 {
		o = lerpVector(dst, src, l)
	}
	for ; o < len(l.First); o++ {
		w0, w1 := l.Weights[2*o], l.Weights[2*o+1]
		a, b := src[l.First[o]*c:][:c], src[l.Second[o]*c:][:c]
		out := dst[o*c:][:c]
		for k := range out {
			out[k] = float32(w0*a[k]) + float32(w1*b[k]) // the conversions forbid a fused sum
		}
	}
}

// LerpRows computes dst = wa a + wb b.
func LerpRows(dst, a, b []float32, wa, wb float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := lerpRowsVector(dst, a, b, wa, wb); i < len(dst); i++ {
		dst[i] = float32(wa*a[i]) + float32(wb*b[i])
	}
}

// Blend computes dst = a + alpha (b - a) in single precision, cut to whole numbers in [0, 255] as Pillow does. dst may be a or b.
func Blend(dst, a, b []uint8, alpha float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := blendVector(dst, a, b, alpha); i < len(dst); i++ {
		dst[i] = BlendOne(a[i], b[i], alpha)
	}
}

// BlendOne is Blend for one value.
func BlendOne(a, b uint8, alpha float32) uint8 {
	v := float32(a) + float32(alpha*float32(int32(b)-int32(a)))
	return uint8(max(0, min(v, 255)))
}
