package video

import (
	"fmt"
	"math"
)

// Output is the form that decoded frames are wanted in. RGB and Grey leave them at the file's own size, as crops that must equal
// published ones to the bit need; with ShortSide a decoder scales as it converts, by its own bilinear filter, which is faster.
type Output struct {
	Channels  int // 3 (red, green, blue) or 1 (grey)
	ShortSide int // frames are scaled until their shorter side has this many pixels; 0: the file's own size
	Crop      int // then this many pixels square are cut from their centre; 0: whole frames
}

// RGB and Grey are whole frames at the file's own size.
var (
	RGB  = Output{Channels: 3}
	Grey = Output{Channels: 1}
)

// Layout is what an Output makes of frames of one size.
type Layout struct {
	ScaledW, ScaledH int // whole frames after scaling
	X, Y, W, H       int // what is cut from them
}

// Scaled tells whether whole frames of w x h pixels change their size.
func (l Layout) Scaled(w, h int) bool { return l.ScaledW != w || l.ScaledH != h }

// Cropped tells whether less than whole frames is wanted.
func (l Layout) Cropped() bool { return l.W != l.ScaledW || l.H != l.ScaledH }

// Layout is where the pixels of a w x h frame go. The longer side is scaled in proportion and rounded down, and a centre between two
// pixels goes to the even one, as in the official test transforms. Source: spec sections 5.4 and 5.5.
func (o Output) Layout(w, h int) (Layout, error) {
	l := Layout{ScaledW: w, ScaledH: h}
	switch {
	case o.Channels != 1 && o.Channels != 3:
		return l, fmt.Errorf("cannot decode to %d channels, only to 1 (grey) or 3 (RGB)", o.Channels)
	case w < 1 || h < 1:
		return l, fmt.Errorf("picture size %dx%d is not a size", w, h)
	case o.ShortSide < 0:
		return l, fmt.Errorf("frames cannot be scaled to a shorter side of %d pixels", o.ShortSide)
	case o.ShortSide > 0 && w < h:
		l.ScaledW, l.ScaledH = o.ShortSide, o.ShortSide*h/w
	case o.ShortSide > 0:
		l.ScaledW, l.ScaledH = o.ShortSide*w/h, o.ShortSide
	}
	if max(l.ScaledW, l.ScaledH) > maxSide && o.ShortSide > 0 {
		return l, fmt.Errorf("frames of %dx%d cannot be scaled to %dx%d", w, h, l.ScaledW, l.ScaledH)
	}
	l.W, l.H = l.ScaledW, l.ScaledH
	if o.Crop == 0 {
		return l, nil
	}
	if short := min(l.W, l.H); o.Crop < 0 || o.Crop > short {
		return l, fmt.Errorf("cannot cut %d pixels square from a frame of %dx%d", o.Crop, l.W, l.H)
	}
	l.X, l.Y = centre(l.W, o.Crop), centre(l.H, o.Crop)
	l.W, l.H = o.Crop, o.Crop
	return l, nil
}

// maxSide bounds scaling, so that a slip in a setting, or a frame one pixel high, does not take all memory.
const maxSide = 1 << 14

func centre(whole, part int) int { return int(math.RoundToEven(float64(whole-part) / 2)) }
