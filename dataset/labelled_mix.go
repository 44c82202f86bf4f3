package dataset

import (
	"fmt"

	"videomae/frames"
	"videomae/frames/draw"
	"videomae/frames/mixup"
	"videomae/seed"
)

// check finds what is wrong with the options that a labelled loader has beside the common ones.
func (o LabelledOptions) check() error {
	fits := func(span [2]float64) bool { return span[0] > 0 && span[0] <= span[1] }
	switch c := o.Augment; {
	case !(o.Smoothing >= 0 && o.Smoothing < 1):
		return fmt.Errorf("smoothing %v must be at least 0 and below 1", o.Smoothing)
	case c.Table.Channels() != o.Channels:
		return fmt.Errorf("pixels of %d channels cannot be normalised as those of %d", o.Channels, c.Table.Channels())
	case c.Augment.Layers > 0 && o.Channels != 3:
		return fmt.Errorf("RandAugment needs 3 channels, and frames have %d: leave it out", o.Channels)
	case !fits(c.Crop.Area) || c.Crop.Area[1] > 1 || !fits(c.Crop.Ratio):
		return fmt.Errorf("crops of shares %v of the area, with ratios %v: shares must lie above 0 and up to 1, ratios above 0, the smaller first", c.Crop.Area, c.Crop.Ratio)
	case !(c.Flip >= 0 && c.Flip <= 1):
		return fmt.Errorf("probability of a flip %v must lie between 0 and 1", c.Flip)
	}
	if !o.mixes() {
		return nil
	}
	group, share := o.group(), o.Batch/max(1, o.Ranks)*o.Repeats
	switch {
	case group%2 != 0 || group < 2:
		return fmt.Errorf("%d clips cannot be mixed in pairs: choose an even number of clips for each (micro-)batch, or no mixup and cutmix", group)
	case share%group != 0:
		return fmt.Errorf("%d clips, a process's share of a batch, are no whole number of groups of %d that are mixed: choose them so that they are", share, group)
	}
	return nil
}

// mixes tells whether clips are ever mixed.
func (o LabelledOptions) mixes() bool {
	m := o.Mixer
	return m != nil && m.Probability > 0 && (m.Mixup > 0 || m.Cutmix > 0)
}

// group is how many clips are mixed with one another.
func (o LabelledOptions) group() int {
	if o.MixOver > 0 {
		return o.MixOver
	}
	return o.Batch * o.Repeats
}

// mix mixes the clips of a batch, group by group, and makes their targets.
func (l *Labelled) mix(b *LabelledBatch, items []int) error {
	o := l.of
	b.Labels = make([]int, 0, len(items)*o.Repeats)
	for _, item := range items {
		for range o.Repeats {
			b.Labels = append(b.Labels, l.labels[item])
		}
	}
	n := len(b.Labels)
	if o.mixes() {
		n = o.group()
	}
	b.Targets = make([]float32, 0, len(b.Labels)*len(o.Classes))
	for from := 0; from < len(b.Labels); from += n {
		mixes, err := l.mixGroup(b, from, n)
		if err != nil {
			return err
		}
		targets, err := mixup.Targets(b.Labels[from:][:n], mixes, len(o.Classes), o.Smoothing)
		if err != nil {
			return err
		}
		b.Targets = append(b.Targets, targets...)
	}
	return nil
}

// mixGroup mixes n clips of a batch, from number from on, and returns how.
func (l *Labelled) mixGroup(b *LabelledBatch, from, n int) ([]mixup.Mix, error) {
	o, size := l.of, l.o.clipSize()
	if !o.mixes() {
		mixes := make([]mixup.Mix, n)
		for i := range mixes {
			mixes[i].Share = 1
		}
		return mixes, nil
	}
	group := (b.Index[from] - b.Step*o.Batch*o.Repeats) / n // of the batch of all processes
	source := draw.From(seed.Rand(o.Seed, "mixup", uint64(b.Epoch), uint64(b.Step), uint64(group)))
	mixes, err := o.Mixer.Draw(source, n, o.Width, o.Height)
	if err != nil {
		return nil, err
	}
	clips := frames.Floats{T: n * o.Scheme.Frames, H: o.Height, W: o.Width, C: o.Channels, Pix: b.Clips[from*size:][:n*size]}
	return mixes, mixup.Apply(clips, mixes)
}
