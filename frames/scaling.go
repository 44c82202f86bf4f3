package frames

import (
	"fmt"

	"videomae/video"
)

// Scaling says what a resize makes of a frame: From, cut out first, becomes W x H pixels, and Keep, cut from those, is the result.
// Only what is kept is computed.
type Scaling struct {
	From Box
	W, H int
	Keep Box
}

// Fill is the scaling that makes all of a box w x h pixels.
func Fill(box Box, w, h int) Scaling {
	return Scaling{From: box, W: w, H: h, Keep: Box{W: w, H: h}}
}

// Whole is the box of all of a w x h frame.
func Whole(w, h int) Box { return Box{W: w, H: h} }

// inside tells whether the box holds pixels, all of them in a w x h frame.
func (b Box) inside(w, h int) bool {
	return b.X >= 0 && b.Y >= 0 && b.W >= 1 && b.H >= 1 && b.X+b.W <= w && b.Y+b.H <= h
}

// check tells what is wrong with resizing a clip of shape src to one of shape dst.
func (s Scaling) check(dst, src shape) error {
	switch {
	case dst.t != src.t || dst.c != src.c:
		return fmt.Errorf("resize: clip %v cannot become %v: frames and channels must stay", src, dst)
	case !dst.valid() || !src.valid():
		return fmt.Errorf("resize: clip %v to %v: the pixels held do not fit the shapes", src, dst)
	case !s.From.inside(src.w, src.h):
		return fmt.Errorf("resize: box %+v lies outside the frames of clip %v", s.From, src)
	case !s.Keep.inside(s.W, s.H):
		return fmt.Errorf("resize: box %+v lies outside the %dx%d pixels that frames become", s.Keep, s.W, s.H)
	case s.Keep.W != dst.w || s.Keep.H != dst.h:
		return fmt.Errorf("resize: clip %v has no place for the %dx%d pixels that are kept", dst, s.Keep.W, s.Keep.H)
	}
	return nil
}

func shapeOf(c video.Clip) shape { return shape{c.T, c.H, c.W, c.C, len(c.Pix)} }

// grow returns a slice of n values that uses s's memory if that is enough. What it holds is left over.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
