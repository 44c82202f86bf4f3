// Package erase is the random erasing of fine-tuning: boxes of a normalised clip, the same in every frame, are filled with noise (spec
// section 5.5).
package erase

import (
	"fmt"
	"math"

	"videomae/frames"
	"videomae/frames/draw"
)

// Mode is what fills a box.
type Mode int

const (
	Pixel Mode = iota // a normally distributed number for each value
	Rand              // a normally distributed number for each channel of each frame
	Const             // zero, which is the mean of normalised pixels
)

var modes = [...]string{"pixel", "rand", "const"}

// String gives the mode's name.
func (m Mode) String() string {
	if m < 0 || int(m) >= len(modes) {
		return fmt.Sprintf("mode %d", int(m))
	}
	return modes[m]
}

// NamedMode finds a mode by its name: "pixel", "rand" or "const".
func NamedMode(name string) (Mode, error) {
	for m, n := range modes {
		if n == name {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("erase: no mode %q (have pixel, rand, const)", name)
}

// Eraser says which boxes are erased, and how.
type Eraser struct {
	Probability float64 // that anything is erased
	Mode        Mode
	Area        [2]float64 // smallest and largest share of the frame's area
	Aspect      [2]float64 // smallest and largest height over width
	Count       [2]int     // fewest and most boxes; each takes its share of the area
	// Splits above 1 leaves the first T/Splits frames of a clip alone: a rule for batches of pictures, which the official code applies to
	// time when it erases more than one box.
	Splits int
}

// Official is the eraser of fine-tuning with a probability: noise for each value, one box of 2 to 33 % of the area.
func Official(probability float64) Eraser {
	return Eraser{Probability: probability, Area: [2]float64{.02, 1. / 3}, Aspect: [2]float64{.3, 1 / .3}, Count: [2]int{1, 1}, Splits: 1}
}

// tries is how often a box that is no smaller than the frame is drawn again.
const tries = 100

// Draw draws the boxes for one clip of w x h pixels; none, if it is left alone.
func (e Eraser) Draw(source draw.Source, w, h int) []frames.Box {
	if source.Uniform(0, 1) > e.Probability {
		return nil
	}
	count := e.Count[0]
	if e.Count[1] > e.Count[0] {
		count += source.Below(e.Count[1] - e.Count[0] + 1)
	}
	var boxes []frames.Box
	for range count {
		for range tries {
			area := source.Uniform(e.Area[0], e.Area[1]) * float64(w*h) / float64(count)
			aspect := math.Exp(source.Uniform(math.Log(e.Aspect[0]), math.Log(e.Aspect[1])))
			bh, bw := int(math.RoundToEven(math.Sqrt(area*aspect))), int(math.RoundToEven(math.Sqrt(area/aspect)))
			if bh < h && bw < w {
				y := source.Below(h - bh + 1)
				boxes = append(boxes, frames.Box{X: source.Below(w - bw + 1), Y: y, W: bw, H: bh})
				break
			}
		}
	}
	return boxes
}

// From is the first frame of a clip of t frames that is erased.
func (e Eraser) From(t int) int {
	if e.Splits > 1 {
		return t / e.Splits
	}
	return 0
}

// Apply erases boxes from every frame of a clip, in place. Noise is drawn box by box, frame by frame, row by row, channels together.
func (e Eraser) Apply(clip frames.Floats, boxes []frames.Box, noise draw.Source) error {
	for _, b := range boxes {
		if b.X < 0 || b.Y < 0 || b.W < 0 || b.H < 0 || b.X+b.W > clip.W || b.Y+b.H > clip.H {
			return fmt.Errorf("erase: box %+v lies outside the frames of clip %v", b, clip)
		}
		if b.W == 0 || b.H == 0 {
			continue
		}
		for t := e.From(clip.T); t < clip.T; t++ {
			e.fill(clip.Frame(t)[(b.Y*clip.W+b.X)*clip.C:], clip.W*clip.C, b, clip.C, noise)
		}
	}
	return nil
}

// fill erases a box whose first value is pix[0], in rows that are stride apart.
func (e Eraser) fill(pix []float32, stride int, b frames.Box, c int, noise draw.Source) {
	row := func(y int) []float32 { return pix[y*stride:][:b.W*c] }
	if e.Mode == Pixel {
		for y := range b.H {
			normal(row(y), noise)
		}
		return
	}
	first := row(0)
	clear(first[:c])
	if e.Mode == Rand {
		normal(first[:c], noise)
	}
	for i := c; i < len(first); i++ {
		first[i] = first[i-c]
	}
	for y := 1; y < b.H; y++ {
		copy(row(y), first)
	}
}

// normal fills values with noise.
func normal(values []float32, noise draw.Source) {
	for i := range values {
		values[i] = float32(noise.Normal(0, 1))
	}
}
