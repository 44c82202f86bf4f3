// Package synth draws labelled clips of moving shapes: a data set that anyone can make in seconds and a tiny model can learn.
//
// A clip shows one textured shape on a textured background. The class is how the shape moves. All else (shape, textures,
// colours, size, place at the start) is drawn without knowing the class: the first frame of a clip is the same whichever
// motion follows, so no single look gives the class away.
//
// The pictures are made for masked pre-training with normalised targets (spec section 3). Every region has contrast, as a flat
// cube's target would be codec noise blown up to unit variance. Textures are few waves that run on smoothly, so what a
// masked cube holds can be inferred from the visible ones; shapes are brighter than backgrounds, so an edge has a sign.
package synth

import (
	"fmt"
	"slices"

	"videomae/seed"
	"videomae/video"
)

// Options says what the clips are like. Start from Defaults.
type Options struct {
	Clips         int      // how many, for Write
	Height, Width int      // pixels, even, at least 32
	Frames        int      // frames in a clip, over which the motion runs once
	FPS           float64  // frames per second, which only players mind
	Motions       []Motion // the classes; clip i shows Motions[i % len(Motions)]
	ValShare      float64  // share of the clips that the manifest puts in "val", in [0,1)
	Seed          uint64
}

// Defaults returns the options of the demo: every motion, 32 frames of 64x64 pixels, a fifth of the clips for validation.
func Defaults() Options {
	return Options{Clips: 500, Height: 64, Width: 64, Frames: 32, FPS: 16, Motions: Motions, ValShare: 0.2}
}

// Label is the class of a clip.
type Label struct {
	Class  int // index into Options.Motions
	Motion Motion
}

// check returns an error that names the first option out of range.
func (o Options) check() error {
	switch {
	case o.Height < 32 || o.Width < 32 || o.Height%2 != 0 || o.Width%2 != 0:
		return fmt.Errorf("synth: size %dx%d must be even and at least 32x32", o.Height, o.Width)
	case o.Frames < 2:
		return fmt.Errorf("synth: %d frames cannot show a motion, have at least 2", o.Frames)
	case !(o.FPS > 0):
		return fmt.Errorf("synth: frame rate %v must be positive", o.FPS)
	case len(o.Motions) == 0:
		return fmt.Errorf("synth: no motions, choose some of %v", Motions)
	case !(o.ValShare >= 0 && o.ValShare < 1):
		return fmt.Errorf("synth: validation share %v must be at least 0 and below 1", o.ValShare)
	}
	for i, m := range o.Motions {
		if !slices.Contains(Motions, m) {
			return fmt.Errorf("synth: unknown motion %q (have %v)", m, Motions)
		}
		if slices.Contains(o.Motions[:i], m) {
			return fmt.Errorf("synth: motion %q is listed twice", m)
		}
	}
	return nil
}

// label gives clip index its class: each motion in turn, so that the classes are balanced.
func (o Options) label(index int) Label {
	class := index % len(o.Motions)
	return Label{Class: class, Motion: o.Motions[class]}
}

// Render draws clip index (T,H,W,3) of the data set. It depends on nothing but the options and the index; Clips, FPS and
// ValShare do not matter to the pixels.
func Render(o Options, index int) (video.Clip, Label, error) {
	if err := o.check(); err != nil {
		return video.Clip{}, Label{}, err
	}
	if index < 0 {
		return video.Clip{}, Label{}, fmt.Errorf("synth: clip %d: the index must not be negative", index)
	}
	label := o.label(index)
	look := drawScene(seed.Rand(o.Seed, "synth look", uint64(index)), o.Height, o.Width)
	path := drawPath(seed.Rand(o.Seed, "synth motion", uint64(index)), label.Motion)
	clip := video.NewClip(o.Frames, o.Height, o.Width, 3)
	for t := range o.Frames {
		look.paint(clip.Frame(t), path.at(float64(t)/float64(o.Frames-1)))
	}
	return clip, label, nil
}
