package train

import (
	"context"
	"time"

	"github.com/gomlx/compute"

	"videomae/dataset"
	"videomae/mae"
	"videomae/masking"
	"videomae/metrics"
	"videomae/recipe"
	"videomae/seed"
	"videomae/video"
	"videomae/weights"
)

// Options say what to train on what.
type Options struct {
	Config  recipe.Pretrain // resolved
	Data    dataset.Manifest
	Decoder video.Decoder
	Backend compute.Backend
	Engine  string // its name, for the record
	Out     string // the run's folder
	Start   State  // weights and moments to begin with
	From    Progress
	Origin  string  // of the weights that the run began with (OriginOf); "" if nothing is known
	Viewer  *Viewer // draws reconstructions; nil draws none

	Sink metrics.Sink
	Bad  func(dataset.Failure) // told of each clip that cannot be read; may be nil
	Note func(string)          // told what happens besides: checkpoints, skipped steps
}

// Summary is how a run ended.
type Summary struct {
	Progress   Progress           `json:"progress"`
	Loss       float64            `json:"loss"`      // mean of the last epoch's steps, or of those of this session if fewer
	Baselines  map[string]float64 `json:"baselines"` // of the trivial predictors, mean of those steps that were logged
	Checkpoint string             `json:"checkpoint"`
	Unreadable []string           `json:"unreadable,omitempty"` // why clips were replaced
}

// run is a pre-training run under way.
type run struct {
	Options
	model     mae.Config
	schedule  recipe.Schedule
	perEpoch  int
	stepper   *Stepper
	predictor *Predictor
	loader    *dataset.Loader

	// The batches of the last step, and their masks.
	micro []Batch
	masks [][]masking.Mask
}

// Run trains from Options.From to the end of the schedule. When ctx ends it finishes the step, saves, and returns
// ErrInterrupted.
func Run(ctx context.Context, o Options) (Summary, error) {
	r, err := prepare(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	defer r.close()
	l := &Loop{Task: r, Stepper: r.stepper, Course: o.Config.Train.Train, Rates: Rates(r.schedule), Epoch: r.perEpoch, Sink: o.Sink, Note: o.Note}
	from := o.From
	from.Manifest = o.Data.Hash()
	l.From(from, o.Out)
	err = l.Run(ctx)
	return r.summary(l), err
}

// Next gives the next step's batches.
func (r *run) Next(ctx context.Context, at Progress) ([]Batch, time.Duration, error) {
	data, err := r.loader.Next(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer data.Release()
	r.micro, r.masks, err = r.microBatches(data, at)
	return r.micro, data.Wait, err
}

// After draws a reconstruction when one is due.
func (r *run) After(_ context.Context, at *Progress) (map[string]float64, bool, error) {
	if r.Viewer != nil && at.Due(r.Config.Train.ReconstructSteps) {
		return nil, false, r.Viewer.show(r.predictor, r.stepper.weights, at.Step, r.Sink)
	}
	return nil, false, nil
}

// microBatches splits a step's clips into the batches that go through the model, each with its masks and drop-path factors.
func (r *run) microBatches(data *dataset.Batch, at Progress) ([]Batch, [][]masking.Mask, error) {
	t, grid := r.Config.Train, r.model.Encoder.Grid()
	clipSize := len(data.Clips) / t.ClipsPerStep()
	var batches []Batch
	var allMasks [][]masking.Mask
	for first := 0; first < t.ClipsPerStep(); first += t.Batch {
		var masks []masking.Mask
		for _, index := range data.Index[first : first+t.Batch] {
			rng := seed.Rand(t.Seed, "mask", uint64(data.Epoch), uint64(index))
			mask, err := masking.Draw(r.Config.Mask.Kind, grid, r.Config.Mask.Ratio, rng)
			if err != nil {
				return nil, nil, err
			}
			masks = append(masks, mask)
		}
		keep := DropPathFactors(r.model, t.Batch, seed.Rand(t.Seed, "drop path", uint64(at.Step), uint64(first)))
		batch, err := NewBatch(r.model.Encoder, data.Clips[first*clipSize:(first+t.Batch)*clipSize], masks, keep)
		if err != nil {
			return nil, nil, err
		}
		batches, allMasks = append(batches, batch), append(allMasks, masks)
	}
	return batches, allMasks, nil
}

// Baselines gives the losses of the trivial predictors on the masked cubes of the last step.
func (r *run) Baselines() (map[string]float64, error) {
	mean := map[string]float64{}
	for i, batch := range r.micro {
		losses, err := r.predictor.Baselines(batch, r.masks[i])
		if err != nil {
			return nil, err
		}
		for name, loss := range losses {
			mean[name] += loss / float64(len(r.micro))
		}
	}
	return mean, nil
}

// Save writes a checkpoint and removes those past their time.
func (r *run) Save(at Progress) (string, error) {
	state, err := r.stepper.State()
	if err != nil {
		return "", err
	}
	about := NewProvenance(r.Engine, r.Data, r.Config.Train.Init)
	c := Checkpoint[recipe.Pretrain]{Progress: at, Config: r.Config, Provenance: about, State: state,
		About: WithOrigin(map[string]string{weights.FamilyKey: weights.PretrainFamily}, r.Origin)}
	folder := CheckpointFolder(r.Out)
	path, err := c.Save(folder, r.model.Specs())
	if err != nil {
		return "", err
	}
	return path, Prune(folder, r.Config.Train.Keep)
}

func (r *run) summary(l *Loop) Summary {
	s := Summary{Progress: l.At(), Loss: l.Loss(), Checkpoint: l.Saved(), Baselines: map[string]float64{}}
	for _, record := range l.logged {
		for name, loss := range record.Baselines {
			s.Baselines[name] += loss / float64(len(l.logged))
		}
	}
	for _, f := range r.loader.Failures() {
		s.Unreadable = append(s.Unreadable, f.Err.Error())
	}
	return s
}
