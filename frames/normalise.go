package frames

import (
	"fmt"
	"slices"

	"videomae/video"
)

// PixelStats gives the mean and deviation, for each of c channels, that pixels in [0, 1] are normalised with: ImageNet's
// for three channels (spec 5.2), and their averages for any other number, for which no convention exists.
func PixelStats(c int) (mean, std []float32) {
	mean, std = []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	if c == len(mean) {
		return mean, std
	}
	average := func(v []float32) []float32 { return slices.Repeat([]float32{(v[0] + v[1] + v[2]) / 3}, c) }
	return average(mean), average(std)
}

// Table holds what each byte becomes in each channel when it is normalised.
type Table struct{ values [][256]float32 }

// NewTable makes the table of (v/scale - mean) / std, a value of mean and std for each channel. Scale is 255 where mean and std are those
// of pixels in [0, 1], and 1 where they are those of bytes, as in action detection (spec 7.2).
func NewTable(mean, std []float32, scale float32) (*Table, error) {
	if len(mean) == 0 || len(mean) != len(std) {
		return nil, fmt.Errorf("normalise: %d means and %d deviations: give one of each for each channel", len(mean), len(std))
	}
	if !(scale > 0) {
		return nil, fmt.Errorf("normalise: scale %v must be above 0", scale)
	}
	for c, deviation := range std {
		if !(deviation > 0) {
			return nil, fmt.Errorf("normalise: deviation %v of channel %d must be above 0", deviation, c)
		}
	}
	return tabulate(mean, std, scale), nil
}

func tabulate(mean, std []float32, scale float32) *Table {
	t := &Table{make([][256]float32, len(mean))}
	for c := range mean {
		for v := range t.values[c] {
			t.values[c][v] = (float32(v)/scale - mean[c]) / std[c]
		}
	}
	return t
}

// ImageNet is the table of PixelStats, for c channels (at least 1).
func ImageNet(c int) *Table {
	mean, std := PixelStats(max(c, 1))
	return tabulate(mean, std, 255)
}

// Channels is the number of channels that the table is for.
func (t *Table) Channels() int { return len(t.values) }

func (t *Table) check(channels int) error {
	if t.Channels() != channels {
		return fmt.Errorf("normalise: the table is for %d channels, the clip has %d", t.Channels(), channels)
	}
	return nil
}

// Normalise fills dst from src, a clip of the same shape.
func (t *Table) Normalise(dst Floats, src video.Clip) error {
	if err := t.check(src.C); err != nil {
		return err
	}
	if dst.shape() != shapeOf(src) || !dst.shape().valid() {
		return fmt.Errorf("normalise: clip %v does not fit %v", src, dst)
	}
	t.look(dst.Pix, src.Pix)
	return nil
}

// look fills dst from as many bytes, whole pixels.
func (t *Table) look(dst []float32, src []uint8) {
	if t.Channels() == 3 {
		r, g, b := &t.values[0], &t.values[1], &t.values[2]
		for len(dst) >= 3 && len(src) >= 3 {
			dst[0], dst[1], dst[2] = r[src[0]], g[src[1]], b[src[2]]
			dst, src = dst[3:], src[3:]
		}
		return
	}
	for i, v := range src {
		dst[i] = t.values[i%t.Channels()][v]
	}
}
