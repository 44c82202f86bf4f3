package frames

import "math"

// ShortSide gives the size of a w x h frame whose shorter side becomes side pixels; the other is rounded down. Source: spec section 5.6.
func ShortSide(w, h, side int) (int, int) {
	if w < h {
		return side, max(1, side*h/w)
	}
	return max(1, side*w/h), side
}

// Centre is the outW x outH box in the middle of a w x h frame, places rounded half to even. It leaves the frame if that is smaller,
// which a resize refuses. Source: spec section 5.6.
func Centre(w, h, outW, outH int) Box {
	middle := func(in, out int) int { return int(math.RoundToEven(float64(in-out) / 2)) }
	return Box{X: middle(w, outW), Y: middle(h, outH), W: outW, H: outH}
}

// View is the outW x outH box of view i of count in a w x h frame: at equal steps along the longer side, from its start to its end, and
// in the middle of the other side. A single view is in the middle. Source: spec section 5.7.
func View(w, h, outW, outH, i, count int) Box {
	box := Centre(w, h, outW, outH)
	if count < 2 {
		return box
	}
	if along := func(in, out int) int { return int(float64(i) * (float64(in-out) / float64(count-1))) }; h >= w {
		box.Y = along(h, outH)
	} else {
		box.X = along(w, outW)
	}
	return box
}

// ShortSideView scales the shorter side of a w x h frame to side pixels and keeps view i of count, outW x outH pixels, of it.
func ShortSideView(w, h, side, outW, outH, i, count int) Scaling {
	scaledW, scaledH := ShortSide(w, h, side)
	return Scaling{From: Whole(w, h), W: scaledW, H: scaledH, Keep: View(scaledW, scaledH, outW, outH, i, count)}
}

// UniformCrop is the size x size box at the start (place 0), in the middle (1) or at the end (2) of the longer side of a w x h frame, and
// in the middle of the other; the middle is rounded up. It is the official code's other way to three crops, that its test does not use.
func UniformCrop(w, h, size, place int) Box {
	box := Box{X: (w - size + 1) / 2, Y: (h - size + 1) / 2, W: size, H: size}
	along, room := &box.X, w-size
	if h > w {
		along, room = &box.Y, h-size
	}
	switch place {
	case 0:
		*along = 0
	case 2:
		*along = room
	}
	return box
}
