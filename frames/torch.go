package frames

import (
	"videomae/frames/internal/kernel"
	"videomae/video"
)

// lerpAxis keeps the pairs of the last span.
type lerpAxis struct {
	of    span
	flip  bool
	lerps kernel.Lerps
}

// ResizeFloats normalises every frame of src by table and resizes it into dst, which has as many frames and channels and the size of what
// is kept: PyTorch's bilinear interpolation (align_corners=False), which does not antialias. With flip, rows of dst run from right to
// left. Source: spec section 5.5.
func (r *Resizer) ResizeFloats(dst Floats, src video.Clip, table *Table, s Scaling, flip bool) error {
	if err := s.check(dst.shape(), shapeOf(src)); err != nil {
		return err
	}
	if err := table.check(src.C); err != nil {
		return err
	}
	r.lerp(dst, s, flip, func(t, y int, row []float32) {
		table.look(row, src.Frame(t)[((s.From.Y+y)*src.W+s.From.X)*src.C:][:len(row)])
	})
	return nil
}

// Interpolate is ResizeFloats for a clip that is normalised already.
func (r *Resizer) Interpolate(dst, src Floats, s Scaling, flip bool) error {
	if err := s.check(dst.shape(), src.shape()); err != nil {
		return err
	}
	r.lerp(dst, s, flip, func(t, y int, row []float32) {
		copy(row, src.Frame(t)[((s.From.Y+y)*src.W+s.From.X)*src.C:])
	})
	return nil
}

// lerp resizes what source fills a row with: row y of the box, of frame t.
func (r *Resizer) lerp(dst Floats, s Scaling, flip bool, source func(t, y int, row []float32)) {
	spanX, spanY := s.spans()
	across, down := r.lerps[0].lerpsOf(spanX, flip), r.lerps[1].lerpsOf(spanY, false)
	r.values = grow(r.values, s.From.W*dst.C+1)
	last := len(r.values) - 1 // past the row, for the kernel to read
	stride := dst.W * dst.C
	for i := range r.rows {
		r.rows[i] = grow(r.rows[i], stride)
	}
	for t := range dst.T {
		r.rowOf = [2]int{-1, -1}
		for y := range dst.H {
			for i, want := range [2]int{down.First[y], down.Second[y]} {
				if i == 0 && r.rowOf[1] == want { // the lower row of before is the upper one now
					r.rows[0], r.rows[1] = r.rows[1], r.rows[0]
					r.rowOf = [2]int{want, r.rowOf[0]}
				}
				if r.rowOf[i] != want {
					source(t, want, r.values[:last])
					kernel.Lerp(r.rows[i], r.values, dst.C, across)
					r.rowOf[i] = want
				}
			}
			kernel.LerpRows(dst.Frame(t)[y*stride:][:stride], r.rows[0], r.rows[1], down.Weights[2*y], down.Weights[2*y+1])
		}
	}
}

// lerpsOf computes the pairs of a span, in the steps of PyTorch. flip reverses the outputs.
func (a *lerpAxis) lerpsOf(s span, flip bool) *kernel.Lerps {
	if a.of == s && a.flip == flip {
		return &a.lerps
	}
	a.of, a.flip = s, flip
	l := &a.lerps
	l.First, l.Second, l.Weights = grow(l.First, s.n), grow(l.Second, s.n), grow(l.Weights, 2*s.n)
	scale := float32(s.in) / float32(s.out)
	for i := range s.n {
		place := max(0, float32(float64(scale)*(float64(s.first+i)+.5)-.5)) // rounded once, as by a fused multiplication and subtraction
		k := min(int(place), s.in-1)
		share := max(0, min(place-float32(k), 1))
		o := i
		if flip {
			o = s.n - 1 - i
		}
		l.First[o], l.Second[o] = k, min(k+1, s.in-1)
		l.Weights[2*o], l.Weights[2*o+1] = 1-share, share
	}
	return l
}
