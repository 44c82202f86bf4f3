// Package frames is the pixel work on clips: which box to cut from every frame, resizing to the model's size, and normalisation.
package frames

import "math/rand/v2"

// Box is a rectangle of pixels inside a frame.
type Box struct{ X, Y, W, H int }

// scales are the sizes of multi-scale crops, as shares of the frame's shorter side. Source: spec section 5.2.
var scales = [4]float64{1, .875, .75, .66}

// snapWithin is how many pixels from the output's side a candidate must stay to be kept as it is; a nearer one takes the output's
// side, so that no resize by a pixel or two blurs it.
const snapWithin = 3

// CropSizes returns the boxes (X and Y are 0) that a multi-scale crop of a w x h frame to outW x outH chooses from: every pair of a
// width and a height whose places in the list of scales differ by at most 1, heights outermost. Ten, if some may be equal.
//
// A candidate snaps to the output's side only where the frame is as large, and is at least 1 pixel: the official code leaves the
// frame for a shorter side of 222 or 223 pixels and an output of 224, and fails on a side of 1. Source: spec section 5.2.
func CropSizes(w, h, outW, outH int) []Box {
	base := min(w, h)
	var sizes []Box
	for i, high := range scales {
		for j, wide := range scales {
			if max(i-j, j-i) <= 1 {
				sizes = append(sizes, Box{W: candidate(base, wide, outW, w), H: candidate(base, high, outH, h)})
			}
		}
	}
	return sizes
}

// candidate is one side of a crop, from the shorter side of the frame, for an output's side and within the frame's own.
func candidate(base int, scale float64, out, side int) int {
	c := max(1, int(float64(base)*scale))
	if off := max(c-out, out-c); off < snapWithin && out <= side {
		return out
	}
	return c
}

// CropPlaces returns the 13 places of a cw x ch crop in a w x h frame: four corners, centre, middles of the four edges, and four
// points half-way from the centre to the corners. Source: spec section 5.2.
func CropPlaces(w, h, cw, ch int) []Box {
	stepX, stepY := (w-cw)/4, (h-ch)/4
	quarters := [13][2]int{{0, 0}, {4, 0}, {0, 4}, {4, 4}, {2, 2}, {0, 2}, {4, 2}, {2, 4}, {2, 0}, {1, 1}, {3, 1}, {1, 3}, {3, 3}}
	places := make([]Box, len(quarters))
	for i, q := range quarters {
		places[i] = Box{X: q[0] * stepX, Y: q[1] * stepY, W: cw, H: ch}
	}
	return places
}

// DrawCrop draws the box that a multi-scale crop cuts from every frame of a clip of w x h pixels that becomes outW x outH.
func DrawCrop(rng *rand.Rand, w, h, outW, outH int) Box {
	sizes := CropSizes(w, h, outW, outH)
	size := sizes[rng.IntN(len(sizes))]
	places := CropPlaces(w, h, size.W, size.H)
	return places[rng.IntN(len(places))]
}

// CentreBox is the largest centred box of a w x h frame with the shape of outW x outH. Cut and resized, it shows what a resize of
// the shorter side and a centre crop show.
func CentreBox(w, h, outW, outH int) Box {
	cw, ch := w, max(1, w*outH/outW)
	if ch > h {
		cw, ch = max(1, h*outW/outH), h
	}
	return Box{X: (w - cw) / 2, Y: (h - ch) / 2, W: cw, H: ch}
}
