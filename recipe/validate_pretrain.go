// The range of the settings that pre-training alone has.

package recipe

import (
	"errors"

	"videomae/masking"
)

// check reports every setting of a completed recipe that is out of range.
func (p Pretrain) check() error {
	var ps problems
	p.Model.check(&ps)
	p.Data.check(&ps)
	p.Optim.check(&ps)
	p.Train.check(&ps)
	ps.oneOf("mask.kind", string(p.Mask.Kind), kindNames()...)
	p.Tools.check(&ps)
	if len(ps) == 0 { // the grid of cubes makes sense
		grid := masking.Grid{Slots: p.Model.Frames / p.Model.Tubelet, Rows: p.Model.Height / p.Model.Patch, Cols: p.Model.Width / p.Model.Patch}
		if _, err := masking.Count(p.Mask.Kind, grid, p.Mask.Ratio); err != nil {
			ps.add("mask.ratio", "%v", err)
		}
	}
	return errors.Join(ps...)
}

func kindNames() []string {
	names := make([]string, len(masking.Kinds))
	for i, k := range masking.Kinds {
		names[i] = string(k)
	}
	return names
}

func (m PretrainModel) check(ps *problems) {
	m.Model.check(ps)
	ps.sides("model", sized{"decoder_width", m.DecoderWidth}, sized{"decoder_depth", m.DecoderDepth}, sized{"decoder_heads", m.DecoderHeads})
	ps.multiple("model.decoder_width", m.DecoderWidth, "model.decoder_heads", m.DecoderHeads)
	ps.oneOf("model.target", m.Target, "normalised", "raw")
	ps.oneOf("model.loss", m.Loss, "mse", "l1", "smooth-l1")
}

func (t PretrainTrain) check(ps *problems) {
	t.Train.check(ps)
	within(ps, "train.reconstruct_steps", t.ReconstructSteps, 0, maxCount)
}
