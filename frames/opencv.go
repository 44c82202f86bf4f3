package frames

import (
	"math"

	"videomae/frames/internal/kernel"
	"videomae/video"
)

// pairAxis keeps the pairs of the last span.
type pairAxis struct {
	of    span
	clamp bool
	pairs kernel.Pairs
}

// openCV resizes between the two nearest pixels along each axis, by weights of 11 fraction bits, in the roundings of OpenCV 4.10 and 5.0;
// an exact halving of both axes takes the mean of two by two. Source: the formulas found with the reference data (spec 5.6).
func (r *Resizer) openCV(dst, src video.Clip, s Scaling) {
	if s.From.W == 2*s.W && s.From.H == 2*s.H {
		r.halve(dst, src, s)
		return
	}
	spanX, spanY := s.spans()
	across, down := r.pairs[0].pairsOf(spanX, true), r.pairs[1].pairsOf(spanY, false)
	r.listRows(s.From.H, down)
	stride := dst.W * dst.C
	r.mixed = grow(r.mixed, len(r.inRows)*stride)
	mixed := func(place int) []int16 { return r.mixed[place*stride:][:stride] }
	for t := range src.T {
		from := s.frame(src, t)
		place := 0
		for ; src.C == 3 && place+1 < len(r.inRows); place += 2 {
			kernel.MixTwo(mixed(place), mixed(place+1), from.row(r.inRows[place]), from.row(r.inRows[place+1]), across)
		}
		for ; place < len(r.inRows); place++ {
			kernel.Mix(mixed(place), from.row(r.inRows[place]), src.C, across)
		}
		to := dst.Frame(t)
		for y := range dst.H {
			upper, lower := mixed(r.rowAt[down.First[y]]), mixed(r.rowAt[down.Second[y]])
			kernel.MixRows(to[y*stride:][:stride], upper, lower, down.Weights[2*y], down.Weights[2*y+1])
		}
	}
}

// listRows notes which of in source rows are used, and where each goes.
func (r *Resizer) listRows(in int, down *kernel.Pairs) {
	r.rowAt, r.inRows = grow(r.rowAt, in), r.inRows[:0]
	for i := range r.rowAt {
		r.rowAt[i] = -1
	}
	note := func(row int) {
		if r.rowAt[row] < 0 {
			r.rowAt[row] = len(r.inRows)
			r.inRows = append(r.inRows, row)
		}
	}
	for y := range down.First {
		note(down.First[y])
		note(down.Second[y])
	}
}

// pairsOf computes the pairs of a span. Beyond the edges OpenCV repeats the edge; across, it also sets the weights to 1 and 0 there, and
// down it keeps them (they then apply to the same row twice, each product being rounded down for itself).
func (a *pairAxis) pairsOf(s span, across bool) *kernel.Pairs {
	if a.of == s && a.clamp == across {
		return &a.pairs
	}
	a.of, a.clamp = s, across
	p := &a.pairs
	p.First, p.Second, p.Weights = grow(p.First, s.n), grow(p.Second, s.n), grow(p.Weights, 2*s.n)
	scale := 1 / (float64(s.out) / float64(s.in))
	for o := range s.n {
		place := float32(float64((float64(s.first+o)+.5)*scale) - .5)
		k := int(math.Floor(float64(place)))
		share := place - float32(k)
		if across && (k < 0 || k >= s.in-1) {
			share = 0
		}
		p.First[o], p.Second[o] = max(0, min(k, s.in-1)), max(0, min(k+1, s.in-1))
		p.Weights[2*o], p.Weights[2*o+1] = eleven(1-share), eleven(share)
	}
	return p
}

// eleven rounds a weight to 11 fraction bits.
func eleven(w float32) int16 { return int16(math.RoundToEven(float64(w * (1 << 11)))) }

// halve is the exact halving of both axes.
func (r *Resizer) halve(dst, src video.Clip, s Scaling) {
	stride := dst.W * dst.C
	for t := range src.T {
		from := s.frame(src, t)
		from.pix = from.pix[2*s.Keep.X*src.C:]
		to := dst.Frame(t)
		for y := range dst.H {
			upper := 2 * (s.Keep.Y + y)
			kernel.Quarter(to[y*stride:][:stride], from.row(upper), from.row(upper+1), src.C)
		}
	}
}
