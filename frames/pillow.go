package frames

import (
	"math"

	"videomae/frames/internal/kernel"
	"videomae/video"
)

// filter is the shape of a resampling kernel, and how far it reaches at scale 1.
type filter struct {
	id      int
	support float64
	value   func(x float64) float64
}

var (
	bilinear = filter{1, 1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }}
	bicubic  = filter{2, 2, cubicValue}
)

// cubicValue is Keys's cubic with a = -1/2.
func cubicValue(x float64) float64 {
	const a = -.5
	switch x = math.Abs(x); {
	case x < 1:
		return float64(float64((a+2)*x-(a+3))*x)*x + 1
	case x < 2:
		return float64((float64((float64(x-5)*x+8)*x) - 4) * a)
	}
	return 0
}

// filterAxis keeps the taps of the last span.
type filterAxis struct {
	of     span
	filter int
	taps   kernel.Taps
	raw    []float64
}

// pillow resizes by weighted sums as wide as the reduction, weights rounded to 22 fraction bits, one pass along each axis, rounded to 8
// bits between and after.
func (r *Resizer) pillow(dst, src video.Clip, f filter, s Scaling) {
	spanX, spanY := s.spans()
	across, down := r.filters[0].tapsOf(spanX, f), r.filters[1].tapsOf(spanY, f)
	top, bottom := reached(down)
	left, right := reached(across)
	between := plane{stride: dst.W * dst.C, rows: bottom - top}
	downFirst := verticalFirst(s)
	if downFirst {
		between = plane{stride: right * src.C, rows: dst.H}
	}
	r.bytes = grow(r.bytes, between.rows*between.stride)
	between.pix = r.bytes
	for t := range src.T {
		from := s.frame(src, t)
		to := plane{dst.Frame(t), dst.W * dst.C, dst.H}
		if downFirst {
			addRows(between, from, 0, left*src.C, right*src.C, down)
			filterRows(to, between, src.C, across)
		} else {
			from.pix = from.row(top)
			filterRows(between, from, src.C, across)
			addRows(to, between, top, 0, to.stride, down)
		}
	}
}

// reached gives the inputs from the first to past the last that taps use.
func reached(t *kernel.Taps) (first, end int) {
	last := len(t.First) - 1
	return t.First[0], t.First[last] + t.Count[last]
}

// addRows filters down the columns, bytes first to end of each row; row 0 of src is input top.
func addRows(dst, src plane, top, first, end int, taps *kernel.Taps) {
	for o := range dst.rows {
		weights := taps.Weights[o*taps.Width:][:taps.Count[o]]
		kernel.AddRows(dst.row(o)[first:end], src.row(taps.First[o] - top)[first:], src.stride, weights)
	}
}

// verticalFirst is Pillow's choice of the first pass (since 13; before, it was along rows always): down the columns where the height
// shrinks by more than twice the pixels of the width. The roundings between make the order visible in the last bit.
func verticalFirst(s Scaling) bool {
	return s.H < s.From.H && s.From.H-s.H > 2*(s.From.W-s.W)
}

// tapsOf computes the filter of a span, in the steps and roundings of Pillow's resampling.
func (a *filterAxis) tapsOf(s span, f filter) *kernel.Taps {
	if a.of == s && a.filter == f.id {
		return &a.taps
	}
	a.of, a.filter = s, f.id
	scale := float64(s.in) / float64(s.out)
	stretch := max(scale, 1)
	support := f.support * stretch
	width := int(math.Ceil(support))*2 + 1
	t := &a.taps
	t.First, t.Count, t.Weights, t.Width = grow(t.First, s.n), grow(t.Count, s.n), grow(t.Weights, s.n*width), width
	a.raw = grow(a.raw, width)
	for o := range s.n {
		centre := (float64(s.first+o) + .5) * scale
		first := max(0, int(centre-support+.5))
		count := min(s.in, int(centre+support+.5)) - first
		sum := 0.0
		for i := range count {
			a.raw[i] = f.value((float64(i+first) - centre + .5) * (1 / stretch))
			sum += a.raw[i]
		}
		for i := range count {
			t.Weights[o*width+i] = fixed(a.raw[i] / sum)
		}
		t.First[o], t.Count[o] = first, count
	}
	return t
}

// fixed rounds a weight to kernel.Fraction bits, halves away from zero.
func fixed(w float64) int32 {
	return int32(math.Copysign(.5, w) + float64(w*(1<<kernel.Fraction))) // the conversion forbids a fused sum
}
