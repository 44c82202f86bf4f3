package finetune

import (
	"context"

	"videomae/dataset"
	"videomae/train"
)

// Measure times the first steps of a run without saving anything (train.Loop.Time).
func Measure(ctx context.Context, o Options, steps int) (train.Measured, error) {
	schedule, perEpoch, err := o.Schedule()
	if err != nil {
		return train.Measured{}, err
	}
	o.Val = dataset.Manifest{}
	t, err := newTask(ctx, o, perEpoch)
	if err != nil {
		return train.Measured{}, err
	}
	defer t.close()
	l := train.Loop{Task: t, Stepper: t.stepper, Rates: train.Rates(schedule)}
	l.From(o.From, o.Out)
	return l.Time(ctx, steps, o.Config.Train.ClipsPerStep(), t.loader.Close)
}
