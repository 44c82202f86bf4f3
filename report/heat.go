// Values of cubes drawn over the frames they are of.

package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"videomae/video"
)

// Heat is a value for each cube of a clip, in raster order: slot, row, column.
type Heat struct {
	Slots, Rows, Cols int
	Values            []float64
}

// Range is what a colour scale for the values spans: their least, and their greatest but for the top hundredth, which single cubes of
// extreme values would stretch beyond use.
func (h Heat) Range() (low, high float64) {
	sorted := slices.Sorted(slices.Values(h.Values))
	if len(sorted) == 0 {
		return 0, 0
	}
	return sorted[0], sorted[(len(sorted)-1)*99/100]
}

// heatShare is how much of the colour covers the frame.
const heatShare = .6

// heatColours are steps of the map viridis (van der Walt and Smith 2015), from low to high, which grows evenly brighter and suits the
// colour-blind.
var heatColours = []color.RGBA{
	{68, 1, 84, 255}, {72, 40, 120, 255}, {62, 74, 137, 255}, {49, 104, 142, 255}, {38, 130, 142, 255},
	{31, 158, 137, 255}, {53, 183, 121, 255}, {109, 205, 89, 255}, {180, 222, 44, 255}, {253, 231, 37, 255},
}

// heatColour is the colour of a share of the scale, from 0 to 1.
func heatColour(share float64) [3]float64 {
	at := max(0, min(share, 1)) * float64(len(heatColours)-1)
	i := min(int(at), len(heatColours)-2)
	a, b, f := heatColours[i], heatColours[i+1], at-float64(i)
	mix := func(a, b uint8) float64 { return float64(a)*(1-f) + float64(b)*f }
	return [3]float64{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B)}
}

// Overlay draws the values over a clip whose frames the slots share evenly: dark blue for low and below, yellow for high and above. Frames
// lose their colours; between the centres of cubes, values go over smoothly.
func (h Heat) Overlay(clip video.Clip, low, high float64) (video.Clip, error) {
	if err := h.check(clip); err != nil {
		return video.Clip{}, err
	}
	out := video.NewClip(clip.T, clip.H, clip.W, 3)
	for t := range clip.T {
		slot := h.Values[t*h.Slots/clip.T*h.Rows*h.Cols:][:h.Rows*h.Cols]
		from, to := clip.Frame(t), out.Frame(t)
		for i := range clip.H * clip.W {
			share := 0.0
			if high > low {
				share = (h.at(slot, float64(i/clip.W)/float64(clip.H), float64(i%clip.W)/float64(clip.W), clip) - low) / (high - low)
			}
			heat, grey := heatColour(share), luma(from[i*clip.C:(i+1)*clip.C])
			for c := range 3 {
				to[3*i+c] = uint8(math.Round(heatShare*heat[c] + (1-heatShare)*grey))
			}
		}
	}
	return out, nil
}

func (h Heat) check(clip video.Clip) error {
	switch {
	case h.Slots < 1 || h.Rows < 1 || h.Cols < 1 || len(h.Values) != h.Slots*h.Rows*h.Cols:
		return fmt.Errorf("report: %d values for %dx%dx%d cubes", len(h.Values), h.Slots, h.Rows, h.Cols)
	case clip.T%h.Slots != 0 || clip.H%h.Rows != 0 || clip.W%h.Cols != 0:
		return fmt.Errorf("report: clip %v cannot be cut into %dx%dx%d cubes", clip, h.Slots, h.Rows, h.Cols)
	}
	return checkPanels([]Panel{{"clip", clip}})
}

// at is the value of a slot at a place given as shares of height and width, of a pixel's upper left corner.
func (h Heat) at(slot []float64, y, x float64, clip video.Clip) float64 {
	y0, fy := between(y+.5/float64(clip.H), h.Rows)
	x0, fx := between(x+.5/float64(clip.W), h.Cols)
	y1, x1 := min(y0+1, h.Rows-1), min(x0+1, h.Cols-1)
	top := slot[y0*h.Cols+x0]*(1-fx) + slot[y0*h.Cols+x1]*fx
	bottom := slot[y1*h.Cols+x0]*(1-fx) + slot[y1*h.Cols+x1]*fx
	return top*(1-fy) + bottom*fy
}

// between is the cube of n whose centre lies before a place, and how far the place is on the way to the next one's.
func between(place float64, n int) (cube int, way float64) {
	at := max(0, min(place*float64(n)-.5, float64(n-1)))
	return int(at), at - math.Floor(at)
}

// luma is the brightness of a pixel, by the weights of Rec. 601.
func luma(pixel []uint8) float64 {
	if len(pixel) == 1 {
		return float64(pixel[0])
	}
	return .299*float64(pixel[0]) + .587*float64(pixel[1]) + .114*float64(pixel[2])
}

// MarkCube draws a frame inside the border of one cube, by its place in raster order, on the frames of its slot of an RGB clip.
func (h Heat) MarkCube(clip video.Clip, cube int) {
	slot, row, col := cube/(h.Rows*h.Cols), cube/h.Cols%h.Rows, cube%h.Cols
	high, wide, long := clip.H/h.Rows, clip.W/h.Cols, clip.T/h.Slots
	for t := slot * long; t < (slot+1)*long; t++ {
		frame := clip.Frame(t)
		for y := range high {
			for x := range wide {
				if y == 0 || x == 0 || y == high-1 || x == wide-1 {
					copy(frame[((row*high+y)*clip.W+col*wide+x)*3:], []uint8{255, 64, 0})
				}
			}
		}
	}
}
