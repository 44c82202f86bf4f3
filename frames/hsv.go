package frames

import (
	"fmt"
	"math"

	"videomae/frames/draw"
	"videomae/video"
)

// hues is the number of values of hue: OpenCV's half degrees.
const hues = 180

// HSVShift is a change of hue (in steps of 2 degrees, going round), saturation and value (in steps of 1/255, cut).
type HSVShift struct{ Hue, Saturation, Value int }

// HSVJitter draws shifts, each uniformly from minus to plus its strength. Source: spec section 7.2.
type HSVJitter struct{ Hue, Saturation, Value int }

// OfficialHSV is the jitter of action detection.
func OfficialHSV() HSVJitter { return HSVJitter{10, 26, 26} }

// Draw draws the shift of one clip.
func (j HSVJitter) Draw(source draw.Source) HSVShift {
	shift := func(most int) int { return source.Below(2*most+1) - most }
	return HSVShift{shift(j.Hue), shift(j.Saturation), shift(j.Value)}
}

// HSV converts between red, green, blue and hue, saturation, value as OpenCV does for bytes, hue in [0, 180). It holds tables and may be
// shared.
type HSV struct {
	perValue, perRange [256]int32   // 255/v and 30/range, of 12 fraction bits
	sector             [256]uint8   // of each hue
	inSector           [256]float32 // place of each hue in its sector, in [0, 1)
}

// NewHSV makes the tables.
func NewHSV() *HSV {
	c := new(HSV)
	for i := 1; i < len(c.perValue); i++ {
		c.perValue[i] = int32(math.RoundToEven(float64(255<<12) / float64(i)))
		c.perRange[i] = int32(math.RoundToEven(float64(hues<<12) / (6 * float64(i))))
	}
	for i := range c.sector {
		h := float32(i) * (6 / float32(hues))
		c.sector[i], c.inSector[i] = uint8(int(h)%len(sectors)), h-float32(int(h))
	}
	return c
}

// FromRGB converts one pixel.
func (c *HSV) FromRGB(red, green, blue uint8) (hue, saturation, value uint8) {
	r, g, b := int32(red), int32(green), int32(blue)
	most := max(r, g, b)
	span := most - min(r, g, b)
	var h int32
	switch most {
	case r:
		h = g - b
	case g:
		h = b - r + 2*span
	default:
		h = r - g + 4*span
	}
	h = (h*c.perRange[span] + 1<<11) >> 12
	if h < 0 {
		h += hues
	}
	return uint8(h), uint8((span*c.perValue[most] + 1<<11) >> 12), uint8(most)
}

// sectors holds, for each sixth of the hues, which levels red, green and blue have: the value, the value without its saturation, and the two
// that fall and rise in between.
var sectors = [6][3]uint8{{0, 3, 1}, {2, 0, 1}, {1, 0, 3}, {1, 2, 0}, {3, 1, 0}, {0, 1, 2}}

// ToRGB converts one pixel back, in single precision; results are cut to whole numbers, not rounded.
func (c *HSV) ToRGB(hue, saturation, value uint8) (red, green, blue uint8) {
	h, s, v := c.inSector[hue], float32(saturation)*(1/float32(255)), float32(value)*(1/float32(255))
	level := [4]float32{v, v * (1 - s), v * (1 - float32(s*h)), v * (1 - float32(s*(1-h)))}
	at := &sectors[c.sector[hue]]
	return uint8(level[at[0]&3] * 255), uint8(level[at[1]&3] * 255), uint8(level[at[2]&3] * 255)
}

// Shift changes every pixel of a clip with three channels, in place.
func (c *HSV) Shift(clip video.Clip, by HSVShift) error {
	if clip.C != 3 {
		return fmt.Errorf("hsv: clip %v has %d channels, not 3", clip, clip.C)
	}
	cut := func(v uint8, by int) uint8 { return uint8(max(0, min(int(v)+by, 255))) }
	turn := (by.Hue%hues + hues) % hues
	for i := 0; i+3 <= len(clip.Pix); i += 3 {
		p := clip.Pix[i:][:3]
		h, s, v := c.FromRGB(p[0], p[1], p[2])
		p[0], p[1], p[2] = c.ToRGB(uint8((int(h)+turn)%hues), cut(s, by.Saturation), cut(v, by.Value))
	}
	return nil
}
