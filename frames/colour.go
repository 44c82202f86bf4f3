package frames

import (
	"fmt"

	"videomae/frames/draw"
)

// Luma holds the shares of the three channels in a pixel's brightness.
type Luma [3]float32

// LumaRGB is for channels in the order red, green, blue; LumaBGR for blue first, which is what the official functions take frames for,
// though theirs are red first.
var (
	LumaRGB = Luma{.299, .587, .114}
	LumaBGR = Luma{.114, .587, .299}
)

// of is a pixel's brightness.
func (l Luma) of(p []float32) float32 {
	return float32(l[0]*p[0]) + float32(l[1]*p[1]) + float32(l[2]*p[2])
}

// ColourStep is one change of colour: a blend that keeps Alpha of the picture, and of what else 1 - Alpha.
type ColourStep struct {
	Kind  ColourKind
	Alpha float32
}

// ColourKind is what a ColourStep blends a picture with.
type ColourKind int

const (
	Brightness ColourKind = iota // black
	Contrast                     // the mean brightness of the frame
	Saturation                   // each pixel's brightness
)

// ColourJitter changes brightness, contrast and saturation, each by a share drawn from 1 - its strength to 1 + its strength, in random
// order. A strength of 0 leaves its kind out.
type ColourJitter struct{ Brightness, Contrast, Saturation float64 }

// Draw draws the steps for one clip.
func (j ColourJitter) Draw(source draw.Source) []ColourStep {
	var steps []ColourStep
	for kind, strength := range [...]float64{j.Brightness, j.Contrast, j.Saturation} {
		if strength != 0 {
			steps = append(steps, ColourStep{ColourKind(kind), float32(1 + source.Uniform(-strength, strength))})
		}
	}
	for i := len(steps) - 1; i > 0; i-- {
		k := source.Below(i + 1)
		steps[i], steps[k] = steps[k], steps[i]
	}
	return steps
}

// ChangeColour applies steps, in order, to every frame of a clip with three channels, in place. Values may have any scale, and are not cut.
func (l Luma) ChangeColour(clip Floats, steps []ColourStep) error {
	if clip.C != len(l) {
		return fmt.Errorf("colour: clip %v has %d channels, not 3", clip, clip.C)
	}
	for t := range clip.T {
		frame := clip.Frame(t)
		for _, s := range steps {
			switch s.Kind {
			case Brightness:
				blendFloats(frame, s.Alpha, func([]float32) float32 { return 0 })
			case Contrast:
				mean := l.mean(frame)
				blendFloats(frame, s.Alpha, func([]float32) float32 { return mean })
			case Saturation:
				blendFloats(frame, s.Alpha, l.of)
			default:
				return fmt.Errorf("colour: no kind %d", int(s.Kind))
			}
		}
	}
	return nil
}

// Grey gives every pixel of a clip with three channels its brightness in all of them, in place.
func (l Luma) Grey(clip Floats) error { return l.ChangeColour(clip, []ColourStep{{Saturation, 0}}) }

// mean is the mean brightness of a frame.
func (l Luma) mean(frame []float32) float32 {
	sum := 0.0
	for i := 0; i < len(frame); i += 3 {
		sum += float64(l.of(frame[i:][:3]))
	}
	return float32(sum / float64(max(1, len(frame)/3)))
}

// blendFloats keeps alpha of each pixel and takes the rest from other.
func blendFloats(frame []float32, alpha float32, other func(pixel []float32) float32) {
	for i := 0; i < len(frame); i += 3 {
		p := frame[i:][:3]
		rest := (1 - alpha) * other(p)
		p[0], p[1], p[2] = float32(p[0]*alpha)+rest, float32(p[1]*alpha)+rest, float32(p[2]*alpha)+rest
	}
}
