package train

import (
	"context"

	"videomae/dataset"
	"videomae/masking"
	"videomae/optim"
	"videomae/recipe"
	"videomae/video"
)

// prepare compiles nothing yet, but checks everything that can be checked before the first step.
func prepare(ctx context.Context, o Options) (*run, error) {
	r := &run{Options: o}
	if err := r.plan(); err != nil {
		return nil, err
	}
	if err := r.open(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// Schedule derives the numbers of a run, with the steps of an epoch, from its settings and its data.
func (o Options) Schedule() (s recipe.Schedule, perEpoch int, err error) {
	if perEpoch, err = dataset.Steps(len(o.Data.Items), o.Config.Train.ClipsPerStep()); err != nil {
		return s, 0, err
	}
	s, err = o.Config.Derive(perEpoch)
	return s, perEpoch, err
}

// plan derives the numbers of the run and checks that they fit together.
func (r *run) plan() error {
	o := r.Options
	var err error
	if r.model, err = ModelConfig(o.Config.Model); err != nil {
		return err
	}
	if _, err := masking.Count(o.Config.Mask.Kind, r.model.Encoder.Grid(), o.Config.Mask.Ratio); err != nil {
		return err
	}
	if r.schedule, r.perEpoch, err = o.Schedule(); err != nil {
		return err
	}
	return nil
}

// open starts the graphs and the loader.
func (r *run) open(ctx context.Context) error {
	o := r.Options
	how, err := Compute(o.Backend, o.Config.Train.Precision)
	if err != nil {
		return err
	}
	if r.predictor, err = NewPredictor(o.Backend, r.model, how); err != nil {
		return err
	}
	how.Checkpoint = o.Config.Train.GradientCheckpointing
	if r.stepper, err = NewStepper(o.Backend, r.model.Specs(), Pretraining(r.model, how),
		Update{AdamW: AdamW(o.Config.Optim), Rules: optim.Rules(r.model.Specs())}, o.Start); err != nil {
		return err
	}
	start := dataset.Position{Epoch: o.From.Epoch, Step: o.From.InEpoch}
	r.loader, err = dataset.NewLoader(ctx, o.Data, o.Decoder, loaderOptions(o), start)
	return err
}

// close frees what open has opened.
func (r *run) close() {
	if r.loader != nil {
		r.loader.Close()
	}
	if r.stepper != nil {
		r.stepper.Close()
	}
	if r.predictor != nil {
		r.predictor.Close()
	}
}

// Rates is the learning rate over the steps of a run.
func Rates(s recipe.Schedule) optim.Schedule {
	return optim.Schedule{Peak: s.Peak, Min: s.Min, WarmupSteps: s.WarmupSteps, TotalSteps: s.TotalSteps}
}

// AdamW is the optimiser of a recipe.
func AdamW(o recipe.Optim) optim.AdamW {
	return optim.AdamW{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Eps, WeightDecay: o.WeightDecay, ClipNorm: o.ClipGrad}
}

// loaderOptions asks for all clips of an update step at once, whatever the number of micro-batches.
func loaderOptions(o Options) dataset.LoaderOptions {
	m, d := o.Config.Model, o.Config.Data
	return dataset.LoaderOptions{
		Seed: o.Config.Train.Seed, Batch: o.Config.Train.ClipsPerStep(),
		Scheme: video.Scheme{Sampling: video.SamplePretrain, Mode: d.Sampling, Frames: m.Frames, Stride: d.Stride, Views: 1},
		Height: m.Height, Width: m.Width, Channels: m.Channels,
		MaxBadShare: d.MaxBadShare, Workers: d.Workers, Report: o.Bad,
	}
}
