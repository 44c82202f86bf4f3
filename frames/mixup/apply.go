package mixup

import (
	"fmt"

	"videomae/frames"
)

// Apply mixes a batch of n clips, each by its own mix, in place. The batch holds n*T frames, those of a clip together.
func Apply(batch frames.Floats, mixes []Mix) error {
	n := len(mixes)
	if n == 0 || n%2 != 0 || batch.T%n != 0 || len(batch.Pix) != batch.T*batch.H*batch.W*batch.C {
		return fmt.Errorf("mixup: %d mixes for a batch of %v values: give one for each clip, of an even number of clips", n, batch)
	}
	for _, m := range mixes {
		if b := m.Box; b.X < 0 || b.Y < 0 || b.W < 0 || b.H < 0 || b.X+b.W > batch.W || b.Y+b.H > batch.H {
			return fmt.Errorf("mixup: box %+v lies outside the frames of batch %v", b, batch)
		}
	}
	t, width := batch.T/n, batch.W*batch.C
	was := make([]float32, width) // a row of the clip before it was mixed, for its partner
	for i := range n / 2 {
		own, partner := mixes[i], mixes[n-1-i]
		for k := range t {
			a, b := batch.Frame(i*t+k), batch.Frame((n-1-i)*t+k)
			for y := range batch.H {
				rowA, rowB := a[y*width:][:width], b[y*width:][:width]
				copy(was, rowA)
				own.row(rowA, rowB, y, batch.C)
				partner.row(rowB, was, y, batch.C)
			}
		}
	}
	return nil
}

// row mixes row y, of pixels with c channels, with the other clip's.
func (m Mix) row(own, other []float32, y, c int) {
	switch b := m.Box; {
	case m.Cut && y >= b.Y && y < b.Y+b.H:
		copy(own[b.X*c:][:b.W*c], other[b.X*c:])
	case !m.Cut && m.Share != 1:
		share, rest := float32(m.Share), float32(1-m.Share)
		for i, v := range other {
			own[i] = float32(own[i]*share) + float32(v*rest)
		}
	}
}

// Targets gives each clip's target, n x classes values: its label's and its partner's, as they are mixed. A label alone has the target
// 1 - smoothing, and smoothing is shared among all classes.
func Targets(labels []int, mixes []Mix, classes int, smoothing float64) ([]float32, error) {
	if len(labels) != len(mixes) {
		return nil, fmt.Errorf("mixup: %d mixes for %d labels", len(mixes), len(labels))
	}
	off := smoothing / float64(classes)
	on := 1 - smoothing + off
	targets := make([]float32, len(labels)*classes)
	for i, label := range labels {
		partner := labels[len(labels)-1-i]
		if label < 0 || label >= classes {
			return nil, fmt.Errorf("mixup: label %d of clip %d is not among %d classes", label, i, classes)
		}
		share, rest := mixes[i].Share, 1-mixes[i].Share
		row := targets[i*classes:][:classes]
		for k := range row {
			own, other := off, off
			if k == label {
				own = on
			}
			if k == partner {
				other = on
			}
			row[k] = float32(own*share + other*rest)
		}
	}
	return targets, nil
}
