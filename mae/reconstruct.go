package mae

import (
	"fmt"
	"math"

	"videomae/masking"
	"videomae/video"
	"videomae/vit"
)

// Statistics names where the mean and deviation come from that undo the normalisation of a predicted cube.
type Statistics string

const (
	// FromTruth takes them from the masked cube itself. That is what the official tool shows, and it leaks: colour and
	// contrast of each cube are then given, not predicted.
	FromTruth Statistics = "truth"
	// FromVisible takes them from the nearest visible cube: nothing of the masked cubes is used.
	FromVisible Statistics = "visible"
)

// Reconstruct paints predictions [Nm, P] of a clip's masked cubes, in the space of the target, as pixels. Visible cubes
// are copied from the clip if paste is set, and grey if not. Source: spec 3 (visualisation).
func (c Config) Reconstruct(clip video.Clip, mask masking.Mask, prediction []float32, from Statistics, paste bool) (video.Clip, error) {
	_, masked := mask.Split()
	p := c.Encoder.CubeSize()
	if err := c.fits(clip, mask); err != nil {
		return video.Clip{}, err
	}
	if len(prediction) != len(masked)*p {
		return video.Clip{}, fmt.Errorf("reconstruct: %d predicted values for %d masked cubes of %d", len(prediction), len(masked), p)
	}
	out := c.Hide(clip, mask)
	if !paste {
		out = grey(clip)
	}
	source := c.statisticsSource(mask, masked, from)
	for i, cube := range masked {
		c.paint(out, clip, int(cube), int(source[i]), prediction[i*p:(i+1)*p])
	}
	return out, nil
}

// Hide is the clip with its masked cubes grey: what the encoder sees.
func (c Config) Hide(clip video.Clip, mask masking.Mask) video.Clip {
	out := grey(clip)
	for cube, hidden := range mask {
		if hidden {
			continue
		}
		for _, at := range cubeOffsets(c.Encoder, cube) {
			out.Pix[at] = clip.Pix[at]
		}
	}
	return out
}

func (c Config) fits(clip video.Clip, mask masking.Mask) error {
	e := c.Encoder
	if clip.T != e.Frames || clip.H != e.Height || clip.W != e.Width || clip.C != e.Channels || len(mask) != e.Tokens() {
		return fmt.Errorf("reconstruct: clip %v with %d cubes, the model takes %dx%dx%dx%d with %d",
			clip, len(mask), e.Frames, e.Height, e.Width, e.Channels, e.Tokens())
	}
	return nil
}

// statisticsSource gives the cube whose statistics each masked cube takes. Where a slot has nothing visible, the slots
// nearest in time stand in, and the first visible cube of all where its place is never seen.
func (c Config) statisticsSource(mask masking.Mask, masked []int32, from Statistics) []int32 {
	if from == FromTruth {
		return masked
	}
	grid := c.Encoder.Grid()
	source, inTime := mask.NearestInSpace(grid), mask.NearestInTime(grid)
	visible, _ := mask.Split()
	for i := range source {
		if source[i] == masking.None {
			source[i] = inTime[i]
		}
		if source[i] == masking.None {
			source[i] = visible[0]
		}
	}
	return source
}

// paint writes one predicted cube into out, with the statistics of cube source of clip.
func (c Config) paint(out, clip video.Clip, cube, source int, prediction []float32) {
	channels := c.Encoder.Channels
	at := cubeOffsets(c.Encoder, cube)
	from := cubeOffsets(c.Encoder, source)
	for ch := range channels {
		mean, std := 0.0, 1.0
		if c.Target == Normalised {
			mean, std = statistics(clip, from, ch, channels)
		}
		for i := ch; i < len(at); i += channels {
			out.Pix[at[i]] = toByte(float64(prediction[i])*std + mean)
		}
	}
}

// statistics are the mean and the unbiased deviation, plus TargetEpsilon, of one channel of a cube in [0, 1].
func statistics(clip video.Clip, offsets []int, channel, channels int) (mean, std float64) {
	n := float64(len(offsets) / channels)
	for i := channel; i < len(offsets); i += channels {
		mean += float64(clip.Pix[offsets[i]]) / 255 / n
	}
	for i := channel; i < len(offsets); i += channels {
		d := float64(clip.Pix[offsets[i]])/255 - mean
		std += d * d / (n - 1)
	}
	return mean, math.Sqrt(std) + TargetEpsilon
}

// cubeOffsets lists where the values of a cube lie in a clip's Pix, in the cube's own order.
func cubeOffsets(c vit.Config, cube int) []int {
	g := c.Grid()
	t0 := cube / g.Places() * c.Tubelet
	y0 := cube % g.Places() / g.Cols * c.Patch
	x0 := cube % g.Cols * c.Patch
	offsets := make([]int, 0, c.CubeSize())
	for t := range c.Tubelet {
		for y := range c.Patch {
			row := ((t0+t)*c.Height+y0+y)*c.Width + x0
			for i := range c.Patch * c.Channels {
				offsets = append(offsets, row*c.Channels+i)
			}
		}
	}
	return offsets
}

// grey is a clip of the same shape in middle grey.
func grey(clip video.Clip) video.Clip {
	out := video.NewClip(clip.T, clip.H, clip.W, clip.C)
	for i := range out.Pix {
		out.Pix[i] = 128
	}
	return out
}

func toByte(v float64) uint8 { return uint8(math.Round(255 * min(max(v, 0), 1))) }
