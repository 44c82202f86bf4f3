package frames

import (
	"fmt"

	"videomae/video"
)

// precision is the number of fraction bits of a weight. A sum of products is below 256 << precision and fits 32 bits.
const precision = 32 - 8 - 2

// CropResize cuts box from every frame of src and resizes it to fill the frames of dst, which has as many frames and channels.
//
// It is the antialiased bilinear resize of Pillow 13 to the byte: a triangle filter as wide as the reduction, weights rounded to
// 22 fraction bits, one pass along each axis, rounded to 8 bits between and after. Source: spec section 5.2.
func CropResize(dst, src video.Clip, box Box) error {
	if err := check(dst, src, box); err != nil {
		return err
	}
	across, down := newTaps(box.W, dst.W), newTaps(box.H, dst.H)
	between := plane{stride: dst.W * dst.C, rows: box.H} // one frame after the first pass
	downFirst := verticalFirst(box, dst)
	if downFirst {
		between = plane{stride: box.W * src.C, rows: dst.H}
	}
	between.pix = make([]uint8, between.rows*between.stride)
	sums := make([]uint32, between.stride)
	for t := range src.T {
		from := plane{src.Frame(t)[(box.Y*src.W+box.X)*src.C:], src.W * src.C, box.H}
		to := plane{dst.Frame(t), dst.W * dst.C, dst.H}
		if downFirst {
			down.vertical(between, from, sums)
			across.horizontal(to, between, src.C)
		} else {
			across.horizontal(between, from, src.C)
			down.vertical(to, between, sums)
		}
	}
	return nil
}

// verticalFirst is Pillow's choice of the first pass (since 13; before, it was along rows always): down the columns where the height
// shrinks by more than twice the pixels of the width. The roundings between make the order visible in the last bit.
func verticalFirst(box Box, dst video.Clip) bool {
	return dst.H < box.H && box.H-dst.H > 2*(box.W-dst.W)
}

// plane is rows of bytes, stride apart.
type plane struct {
	pix          []uint8
	stride, rows int
}

func check(dst, src video.Clip, box Box) error {
	switch {
	case dst.T != src.T || dst.C != src.C:
		return fmt.Errorf("resize: clip %v cannot become %v: frames and channels must stay", src, dst)
	case dst.W < 1 || dst.H < 1 || len(dst.Pix) != dst.T*dst.H*dst.W*dst.C || len(src.Pix) != src.T*src.H*src.W*src.C:
		return fmt.Errorf("resize: clip %v to %v: the pixels held do not fit the shapes", src, dst)
	case box.X < 0 || box.Y < 0 || box.W < 1 || box.H < 1 || box.X+box.W > src.W || box.Y+box.H > src.H:
		return fmt.Errorf("resize: box %+v lies outside the frames of clip %v", box, src)
	}
	return nil
}

// taps holds, for every output position, which inputs add up to it and with what weights.
type taps struct {
	first   []int    // index of the first input
	weights []uint32 // width values for each output, zero past its last input
	count   []int    // number of inputs
	width   int
}

// newTaps computes the triangle filter from in to out positions, in the steps and roundings of Pillow's resampling.
func newTaps(in, out int) taps {
	scale := float64(in) / float64(out)
	support := max(scale, 1)
	width := int(support+1)*2 + 1
	t := taps{first: make([]int, out), weights: make([]uint32, out*width), count: make([]int, out), width: width}
	raw := make([]float64, width)
	for o := range out {
		centre := (float64(o) + .5) * scale
		first := max(0, int(centre-support+.5))
		count := min(in, int(centre+support+.5)) - first
		sum := 0.0
		for i := range count {
			raw[i] = triangle((float64(i+first) - centre + .5) * (1 / support))
			sum += raw[i]
		}
		for i := range count {
			t.weights[o*width+i] = uint32(float64(raw[i]/sum*(1<<precision)) + .5) // the conversion forbids a fused sum
		}
		t.first[o], t.count[o] = first, count
	}
	return t
}

func triangle(x float64) float64 { return max(0, 1-max(x, -x)) }

// half makes the shift by precision round to the nearest.
const half = 1 << (precision - 1)

// horizontal filters along the rows of pixels with c channels.
func (t taps) horizontal(dst, src plane, c int) {
	for y := range dst.rows {
		to, from := dst.pix[y*dst.stride:][:dst.stride], src.pix[y*src.stride:]
		if c == 3 {
			t.row3(to, from)
		} else {
			t.row(to, from, c)
		}
	}
}

// row filters a row of pixels with c channels.
func (t taps) row(dst, src []uint8, c int) {
	for o := range t.first {
		weights := t.weights[o*t.width:][:t.count[o]]
		for k := range c {
			at := t.first[o]*c + k
			sum := uint32(half)
			for _, w := range weights {
				sum += w * uint32(src[at])
				at += c
			}
			dst[o*c+k] = clip8(sum)
		}
	}
}

// row3 is row for three channels, together for speed.
func (t taps) row3(dst, src []uint8) {
	for o := range t.first {
		weights := t.weights[o*t.width:][:t.count[o]]
		pixels := src[t.first[o]*3:][:3*len(weights)]
		r, g, b := uint32(half), uint32(half), uint32(half)
		for _, w := range weights {
			p := pixels[:3:3]
			r += w * uint32(p[0])
			g += w * uint32(p[1])
			b += w * uint32(p[2])
			pixels = pixels[3:]
		}
		out := dst[o*3:][:3]
		out[0], out[1], out[2] = clip8(r), clip8(g), clip8(b)
	}
}

// vertical adds whole rows up to each other, as many bytes of each as sums, a scratch row, has values.
func (t taps) vertical(dst, src plane, sums []uint32) {
	for o := range t.first {
		for i := range sums {
			sums[i] = half
		}
		for k, w := range t.weights[o*t.width:][:t.count[o]] {
			row := src.pix[(t.first[o]+k)*src.stride:][:len(sums)]
			for i, v := range row {
				sums[i] += w * uint32(v)
			}
		}
		to := dst.pix[o*dst.stride:][:len(sums)]
		for i, s := range sums {
			to[i] = clip8(s)
		}
	}
}

// clip8 rounds a sum to a pixel. Weights that round up can bring white one above 255.
func clip8(sum uint32) uint8 { return uint8(min(sum>>precision, 255)) }
