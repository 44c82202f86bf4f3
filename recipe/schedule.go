// From the settings of the optimiser to the numbers of one run.

package recipe

import (
	"fmt"
	"math"
	"strconv"
)

// Schedule is what a run does with its learning rate: from 0 to Peak within WarmupSteps, then along a half cosine towards Min until TotalSteps.
// A step is one update of the weights. Source: spec 6.1.
type Schedule struct {
	Peak, Min               float64
	WarmupSteps, TotalSteps int
	Derivation              []string // how each number came about, a line for each
}

// Derive computes the schedule of a run whose data gives stepsPerEpoch updates an epoch: its number of clips divided by
// Train.ClipsPerStep, rounded down, since the rest of an epoch is dropped.
func (p Pretrain) Derive(stepsPerEpoch int) (Schedule, error) {
	p, err := p.Resolve()
	if err != nil {
		return Schedule{}, err
	}
	return derive(p.Optim, p.Train.Train, stepsPerEpoch)
}

// Derive computes the schedule as Pretrain's does. The copies of repeated augmentation count neither as clips nor for the rate.
func (f Finetune) Derive(stepsPerEpoch int) (Schedule, error) {
	f, err := f.Resolve()
	if err != nil {
		return Schedule{}, err
	}
	s, err := derive(f.Optim.Optim, f.Train.Train, stepsPerEpoch)
	if err != nil {
		return Schedule{}, err
	}
	s.layers(f)
	return s, nil
}

func derive(o Optim, t Train, stepsPerEpoch int) (Schedule, error) {
	if stepsPerEpoch < 1 {
		return Schedule{}, fmt.Errorf("recipe: train.batch: the data has fewer clips than one step needs, which is %d (batch %d x accumulate %d)",
			t.ClipsPerStep(), t.Batch, t.Accumulate)
	}
	if stepsPerEpoch > math.MaxInt32 || t.Epochs > math.MaxInt64/4/stepsPerEpoch {
		return Schedule{}, fmt.Errorf("recipe: train.epochs: %d x %d steps are too many", t.Epochs, stepsPerEpoch)
	}
	s := &Schedule{}
	s.steps(t, stepsPerEpoch)
	s.warmup(o, stepsPerEpoch)
	s.Peak = s.rate("peak rate", o.LR, o.BaseLR, t)
	s.Min = s.rate("least rate", o.MinLR, o.BaseMinLR, t)
	if s.Min > s.Peak {
		return Schedule{}, fmt.Errorf("recipe: optim.min_lr: the least rate %s is above the peak rate %s", short(s.Min), short(s.Peak))
	}
	if s.WarmupSteps >= s.TotalSteps {
		return Schedule{}, fmt.Errorf("recipe: optim.warmup_epochs: a warm-up of %d steps leaves nothing of the %d steps of the run; set optim.warmup_share instead",
			s.WarmupSteps, s.TotalSteps)
	}
	return *s, nil
}

func (s *Schedule) explain(format string, args ...any) {
	s.Derivation = append(s.Derivation, fmt.Sprintf(format, args...))
}

func (s *Schedule) steps(t Train, perEpoch int) {
	s.TotalSteps = t.Epochs * perEpoch
	if t.Steps > 0 && t.Steps < s.TotalSteps {
		s.explain("%d steps = train.steps, where %d epochs x %d steps would be %d", t.Steps, t.Epochs, perEpoch, s.TotalSteps)
		s.TotalSteps = t.Steps
		return
	}
	s.explain("%d steps = %d epochs x %d steps of %d clips", s.TotalSteps, t.Epochs, perEpoch, t.ClipsPerStep())
}

func (s *Schedule) warmup(o Optim, perEpoch int) {
	if o.WarmupEpochs != nil {
		s.WarmupSteps = *o.WarmupEpochs * perEpoch
		s.explain("warm-up %d steps = %d epochs x %d steps", s.WarmupSteps, *o.WarmupEpochs, perEpoch)
		return
	}
	s.WarmupSteps = int(*o.WarmupShare * float64(s.TotalSteps))
	s.explain("warm-up %d steps = %s of %d", s.WarmupSteps, short(*o.WarmupShare), s.TotalSteps)
}

// rate is the stated rate, or the base rate by the paper's rule.
func (s *Schedule) rate(what string, stated, base *float64, t Train) float64 {
	if stated != nil {
		s.explain("%s %s as stated, whatever the batch", what, short(*stated))
		return *stated
	}
	rate := *base * float64(t.ClipsPerStep()) / 256
	s.explain("%s %s = base %s x batch %d / 256 (batch %d x accumulate %d)", what, short(rate), short(*base), t.ClipsPerStep(), t.Batch, t.Accumulate)
	return rate
}

// layers tells the rates of the layers, of which the cube embedding is the lowest, number 0, and the head the highest.
func (s *Schedule) layers(f Finetune) {
	top := f.Model.EncoderDepth + 1
	if decay := f.Optim.LayerDecay; decay < 1 {
		factor := func(layer int) string { return short(math.Pow(decay, float64(top-layer))) }
		s.explain("rate x %s for the cube embedding, x %s for the first block, x %s for the last, x 1 for the head = %s for each layer below it",
			factor(0), factor(1), factor(top-1), short(decay))
	}
	switch frozen := f.Train.Freeze; {
	case frozen == top:
		s.explain("the whole encoder stays as it is; the head alone is trained")
	case frozen > 0:
		s.explain("the cube embedding and %d of %d blocks stay as they are", frozen-1, f.Model.EncoderDepth)
	}
}

// short writes a number with up to four significant digits.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
