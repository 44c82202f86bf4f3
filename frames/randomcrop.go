package frames

import (
	"math"

	"videomae/frames/draw"
)

// RandomCrop says which boxes a random resized crop cuts. Source: spec section 5.5.
type RandomCrop struct {
	Area  [2]float64 // smallest and largest share of the frame's area
	Ratio [2]float64 // smallest and largest width over height, before rounding
}

// OfficialCrop is the one of fine-tuning.
func OfficialCrop() RandomCrop {
	return RandomCrop{Area: [2]float64{.08, 1}, Ratio: [2]float64{.75, 1.3333}}
}

// cropTries is how often a box that leaves the frame is drawn again.
const cropTries = 10

// Draw draws a box in a w x h frame: its area uniformly, the logarithm of its ratio uniformly, its place uniformly. If no box fits after
// ten tries, it is the largest central one whose ratio is allowed.
func (c RandomCrop) Draw(source draw.Source, w, h int) Box {
	for range cropTries {
		area := float64(w*h) * source.Uniform(c.Area[0], c.Area[1])
		ratio := math.Exp(source.Uniform(math.Log(c.Ratio[0]), math.Log(c.Ratio[1])))
		cw, ch := int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if 0 < cw && cw <= w && 0 < ch && ch <= h {
			y := source.Below(h - ch + 1)
			return Box{X: source.Below(w - cw + 1), Y: y, W: cw, H: ch}
		}
	}
	return c.central(w, h)
}

// central is the largest central box of a w x h frame whose ratio is allowed.
func (c RandomCrop) central(w, h int) Box {
	cw, ch := w, h
	switch ratio := float64(w) / float64(h); {
	case ratio < c.Ratio[0]:
		ch = max(1, int(math.RoundToEven(float64(w)/c.Ratio[0])))
	case ratio > c.Ratio[1]:
		cw = max(1, int(math.RoundToEven(float64(h)*c.Ratio[1])))
	}
	cw, ch = min(cw, w), min(ch, h)
	return Box{X: (w - cw) / 2, Y: (h - ch) / 2, W: cw, H: ch}
}
