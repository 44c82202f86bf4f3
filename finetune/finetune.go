// Package finetune makes classifiers of pre-trained encoders: it trains them on labelled clips, validates them after each epoch, and keeps
// the best one apart from the last.
package finetune

import (
	"context"

	"github.com/gomlx/compute"

	"videomae/classify"
	"videomae/dataset"
	"videomae/eval"
	"videomae/metrics"
	"videomae/optim"
	"videomae/recipe"
	"videomae/train"
	"videomae/video"
)

// Options say what to train on what.
type Options struct {
	Config  recipe.Finetune // resolved
	Model   classify.Config
	Classes []string         // names, in the order of the logits
	Data    dataset.Manifest // to train on
	Val     dataset.Manifest // to validate on; without items nothing is validated
	Decoder video.Decoder
	Backend compute.Backend
	Engine  string      // its name, for the record
	Out     string      // the run's folder
	Start   train.State // weights and moments to begin with
	From    train.Progress
	Origin  string // of the weights that the run began with (train.OriginOf); "" if nothing is known

	Sink metrics.Sink
	Bad  func(dataset.Failure) // told of each clip that cannot be read; may be nil
	Note func(string)          // told what happens besides
}

// Summary is how a run ended.
type Summary struct {
	Progress   train.Progress `json:"progress"`
	Loss       float64        `json:"loss"`                 // mean of the last epoch's steps, or of those of this session if fewer
	Validation *eval.Summary  `json:"validation,omitempty"` // the last one of this session
	Checkpoint string         `json:"checkpoint"`
	Best       string         `json:"best,omitempty"`       // checkpoint with the best top-1 in validation
	Unreadable []string       `json:"unreadable,omitempty"` // why clips were replaced
}

// Schedule derives the numbers of a run, with the steps of an epoch, from its settings and its data.
func (o Options) Schedule() (s recipe.Schedule, perEpoch int, err error) {
	if perEpoch, err = dataset.Steps(len(o.Data.Items), o.Config.Train.ClipsPerStep()); err != nil {
		return s, 0, err
	}
	s, err = o.Config.Derive(perEpoch)
	return s, perEpoch, err
}

// Update is how steps change the weights of a classifier by a recipe.
func Update(r recipe.Finetune, model classify.Config) train.Update {
	return train.Update{
		AdamW:    train.AdamW(r.Optim.Optim),
		Rules:    optim.LayerRules(model.Specs(), model.Encoder.Depth, r.Optim.LayerDecay, r.Train.Freeze),
		EMADecay: r.Train.EMADecay,
	}
}

// Run trains from Options.From to the end of the schedule, or until validation has not become better for the recipe's patience. When ctx
// ends it finishes the step, saves, and returns train.ErrInterrupted.
func Run(ctx context.Context, o Options) (Summary, error) {
	schedule, perEpoch, err := o.Schedule()
	if err != nil {
		return Summary{}, err
	}
	t, err := newTask(ctx, o, perEpoch)
	if err != nil {
		return Summary{}, err
	}
	defer t.close()
	l := &train.Loop{Task: t, Stepper: t.stepper, Course: o.Config.Train.Train, Rates: train.Rates(schedule), Epoch: perEpoch, Sink: o.Sink, Note: o.Note}
	t.last = schedule.TotalSteps
	from := o.From
	from.Manifest = o.Data.Hash()
	l.From(from, o.Out)
	err = l.Run(ctx)
	s := Summary{Progress: l.At(), Loss: l.Loss(), Validation: t.validated, Checkpoint: l.Saved()}
	if best, missing := train.Newest(train.BestFolder(o.Out)); missing == nil {
		s.Best = best
	}
	for _, f := range t.loader.Failures() {
		s.Unreadable = append(s.Unreadable, f.Err.Error())
	}
	return s, err
}
