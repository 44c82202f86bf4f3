// The range of the settings that fine-tuning alone has.

package recipe

import (
	"errors"
	"math"
	"strings"

	"videomae/frames/randaugment"
)

// check reports every setting of a completed recipe that is out of range.
func (f Finetune) check() error {
	var ps problems
	f.Model.check(&ps)
	f.Data.check(&ps)
	f.Augment.check(&ps)
	f.Mix.check(&ps)
	f.Optim.check(&ps)
	f.Train.check(&ps)
	f.Tools.check(&ps)
	within(&ps, "train.freeze", f.Train.Freeze, 0, f.Model.EncoderDepth+1)
	if f.Mix.Mixes() && f.Train.Batch*f.Data.Repeats%2 != 0 {
		ps.add("train.batch", "%d clips x %d repeats have no pairs to mix; choose an even batch, or mix.probability 0", f.Train.Batch, f.Data.Repeats)
	}
	return errors.Join(ps...)
}

func (m FinetuneModel) check(ps *problems) {
	m.Model.check(ps)
	ps.share("model.head_dropout", m.HeadDropout)
	if !(m.InitScale > 0 && m.InitScale <= 1) {
		ps.add("model.init_scale", "%v must be more than 0 and at most 1", m.InitScale)
	}
	ps.oneOf("model.pooling", m.Pooling, "mean", "norm-mean", "attention")
	ps.oneOf("model.positions", m.Positions, "rebuild", "interpolate")
}

func (d FinetuneData) check(ps *problems) {
	d.Data.check(ps)
	ps.oneOf("data.scheme", d.Scheme, "dense", "ssv2")
	if strings.TrimSpace(d.ValSplit) == "" {
		ps.add("data.val_split", "names no part of the data to validate on")
	}
	within(ps, "data.repeats", d.Repeats, 1, maxSide)
	within(ps, "data.per_class", d.PerClass, 0, math.MaxInt32)
}

func (a Augment) check(ps *problems) {
	if a.RandAugment != "" {
		if _, err := randaugment.Parse(a.RandAugment); err != nil {
			ps.add("augment.randaugment", "%v", err)
		}
	}
	if !(a.CropMin > 0 && a.CropMin <= a.CropMax) {
		ps.add("augment.crop_min", "%v must be more than 0 and at most crop_max, which is %v", a.CropMin, a.CropMax)
	}
	within(ps, "augment.crop_max", a.CropMax, 0, 1)
	within(ps, "augment.flip", a.Flip, 0, 1)
	within(ps, "augment.erase", a.Erase, 0, 1)
}

func (m Mix) check(ps *problems) {
	within(ps, "mix.mixup", m.Mixup, 0, maxSide)
	within(ps, "mix.cutmix", m.Cutmix, 0, maxSide)
	within(ps, "mix.probability", m.Probability, 0, 1)
	within(ps, "mix.switch", m.Switch, 0, 1)
	ps.share("mix.smoothing", m.Smoothing)
}

func (o FinetuneOptim) check(ps *problems) {
	o.Optim.check(ps)
	if !(o.LayerDecay > 0 && o.LayerDecay <= 1) {
		ps.add("optim.layer_decay", "%v must be more than 0 and at most 1", o.LayerDecay)
	}
}

func (t FinetuneTrain) check(ps *problems) {
	t.Train.check(ps)
	ps.share("train.ema_decay", t.EMADecay)
	within(ps, "train.validate_epochs", t.ValidateEpochs, 1, maxCount)
	within(ps, "train.patience", t.Patience, 0, maxCount)
}
