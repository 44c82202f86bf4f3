package mae

import (
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/seed"
	"videomae/video"
)

// noisy draws a clip of minute's size.
func noisy() video.Clip {
	e, rng := minute().Encoder, seed.Rand(1, "pixels")
	c := video.NewClip(e.Frames, e.Height, e.Width, e.Channels)
	for i := range c.Pix {
		c.Pix[i] = uint8(rng.UintN(256))
	}
	return c
}

// cubesOf gives a clip's normalised cubes.
func cubesOf(t *testing.T, c video.Clip) *tensors.Tensor {
	t.Helper()
	e := minute().Encoder
	return graphtest.Run(t, func(in []*Node) []*Node { return []*Node{Patchify(NormalisePixels(in[0]), e)} },
		tensors.FromFlatDataAndDimensions(c.Pix, 1, c.T, c.H, c.W, c.C))[0]
}

// A perfect prediction, with the truth's own statistics, paints the clip.
func TestPerfectPredictionIsTheClip(t *testing.T) {
	clip := noisy()
	visible, masked := halfMasked()
	mask := make(masking.Mask, len(visible)+len(masked))
	for _, i := range masked {
		mask[i] = true
	}
	for _, target := range []Target{Normalised, Raw} {
		c := minute()
		c.Target = target
		perfect := values(t, func(in []*Node) *Node { return TargetOf(take(in[0], in[1]), target, c.Encoder) }, cubesOf(t, clip), index(masked))
		got, err := c.Reconstruct(clip, mask, perfect, FromTruth, true)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Pix, clip.Pix) {
			t.Errorf("%s: the painted clip is another", target)
		}
		if hidden := c.Hide(clip, mask); slices.Equal(hidden.Pix, clip.Pix) || slices.Equal(hidden.Pix, got.Pix) {
			t.Errorf("%s: nothing was hidden", target)
		}
	}
}

// What is painted with the statistics of visible cubes does not depend on the pixels that are hidden.
func TestVisibleStatisticsDoNotLeak(t *testing.T) {
	c, clip := minute(), noisy()
	mask := masking.Mask{false, true, false, false, true, true, false, true, false, false, true, true}
	_, masked := mask.Split()
	prediction := graphtest.Flat(t, uniform(seed.Rand(1, "prediction"), len(masked)*c.Encoder.CubeSize()))
	for _, from := range []Statistics{FromVisible, FromTruth} {
		before, err := c.Reconstruct(clip, mask, prediction, from, true)
		if err != nil {
			t.Fatal(err)
		}
		after, err := c.Reconstruct(c.Hide(clip, mask), mask, prediction, from, true)
		if err != nil {
			t.Fatal(err)
		}
		if same := slices.Equal(before.Pix, after.Pix); same != (from == FromVisible) {
			t.Errorf("statistics from %s: the same picture without the hidden pixels: %v", from, same)
		}
	}
}

func TestReconstructionsThatCannotBe(t *testing.T) {
	c, clip := minute(), noisy()
	mask := slices.Repeat(masking.Mask{true, false}, 6)
	prediction := make([]float32, 6*c.Encoder.CubeSize())
	for _, bad := range []struct {
		clip       video.Clip
		mask       masking.Mask
		prediction []float32
		want       string
	}{
		{video.NewClip(2, 32, 48, 3), mask, prediction, "the model takes 4x32x48x3 with 12"},
		{clip, mask[1:], prediction, "with 11 cubes"},
		{clip, mask, prediction[1:], "predicted values for 6 masked cubes of 1536"},
	} {
		if _, err := c.Reconstruct(bad.clip, bad.mask, bad.prediction, FromTruth, true); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("got %v, want an error with %q", err, bad.want)
		}
	}
}

// Zeros are off by the target's variance (unbiased, over 512 pixels); a cube's own target is not off at all.
func TestBaselines(t *testing.T) {
	c := minute()
	visible, masked := halfMasked()
	none := slices.Repeat([]int32{int32(c.Encoder.Tokens())}, len(masked))
	losses := graphtest.Run(t, func(in []*Node) []*Node {
		return c.Baselines(Batch{Cubes: in[0], Visible: in[1], Masked: in[2]}, in[2], in[3])
	}, cubesOf(t, noisy()), index(visible), index(masked), index(none))
	graphtest.Near(t, "loss of zeros", graphtest.Flat(t, losses[0]), []float64{511.0 / 512}, 1e-4)
	if got := graphtest.Flat(t, losses[1])[0]; got != 0 {
		t.Errorf("loss of the truth: %v", got)
	}
	graphtest.Near(t, "loss of no neighbours", graphtest.Flat(t, losses[2]), graphtest.Doubles(graphtest.Flat(t, losses[0])), 1e-7)
}
