// Package chain strings the steps of pixel work together as fine-tuning, validation and test do (spec sections 5.5 to 5.7): from decoded
// frames to what the model takes, frame by frame, so that a frame stays in the processor's cache.
package chain

import (
	"fmt"

	"videomae/frames"
	"videomae/frames/draw"
	"videomae/frames/erase"
	"videomae/frames/randaugment"
	"videomae/video"
)

// Scratch is the memory of a chain, kept from clip to clip. The zero value is ready. It is not for several goroutines at a time.
type Scratch struct {
	resizer frames.Resizer
	augment randaugment.Scratch
	view    []uint8
}

// Train is the augmentation of fine-tuning: RandAugment, normalisation, a random resized crop, a flip, erasing.
type Train struct {
	Augment randaugment.Policy // nothing, with no Layers
	Crop    frames.RandomCrop
	Flip    float64 // probability
	Erase   erase.Eraser
	Table   *frames.Table
}

// OfficialTrain is the chain of the official fine-tuning. No flip is for data sets whose labels tell left from right
// (Something-Something).
func OfficialTrain(flip bool) (Train, error) {
	policy, err := randaugment.Parse(randaugment.Official)
	c := Train{Augment: policy, Crop: frames.OfficialCrop(), Erase: erase.Official(.25), Table: frames.ImageNet(3)}
	if flip {
		c.Flip = .5
	}
	return c, err
}

// TrainDraw is what is drawn for a clip.
type TrainDraw struct {
	Steps  []randaugment.Step
	Box    frames.Box // of the decoded frame
	Flip   bool
	Erased []frames.Box // of the result
}

// Draw draws for a clip of w x h pixels that becomes outW x outH.
func (c Train) Draw(source draw.Source, w, h, outW, outH int) TrainDraw {
	var d TrainDraw
	if c.Augment.Layers > 0 {
		d.Steps = c.Augment.Draw(source)
	}
	d.Box = c.Crop.Draw(source, w, h)
	d.Flip = c.Flip > 0 && source.Uniform(0, 1) < c.Flip
	if c.Erase.Probability > 0 {
		d.Erased = c.Erase.Draw(source, outW, outH)
	}
	return d
}

// Apply fills dst, T x H x W x C, from src, as many frames of any size, which stays as it is. Noise is for erasing.
func (c Train) Apply(dst frames.Floats, src video.Clip, d TrainDraw, noise draw.Source, s *Scratch) error {
	if dst.T != src.T || len(src.Pix) != src.T*src.H*src.W*src.C || len(dst.Pix) != dst.T*dst.H*dst.W*dst.C {
		return fmt.Errorf("chain: clip %v does not fit %v", src, dst)
	}
	scaling := frames.Fill(d.Box, dst.W, dst.H)
	for t := range src.T {
		frame := one(src, src.Frame(t))
		if len(d.Steps) > 0 {
			pix, err := s.augment.Frame(frame, d.Steps, c.Augment.Resample)
			if err != nil {
				return err
			}
			frame.Pix = pix
		}
		if err := s.resizer.ResizeFloats(oneOf(dst, t), frame, c.Table, scaling, d.Flip); err != nil {
			return err
		}
	}
	return c.Erase.Apply(dst, d.Erased, noise)
}

// one is a clip of one frame, the size of those of clip.
func one(clip video.Clip, pix []uint8) video.Clip {
	return video.Clip{T: 1, H: clip.H, W: clip.W, C: clip.C, Pix: pix}
}

// oneOf is frame t as a clip.
func oneOf(clip frames.Floats, t int) frames.Floats {
	return frames.Floats{T: 1, H: clip.H, W: clip.W, C: clip.C, Pix: clip.Frame(t)}
}
