package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomlx/compute"

	"videomae/dataset"
	"videomae/mae"
	"videomae/masking"
	"videomae/metrics"
	"videomae/optim"
	"videomae/recipe"
	"videomae/seed"
	"videomae/video"
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
	Viewer  *Viewer // draws reconstructions; nil draws none

	Sink metrics.Sink
	Bad  func(dataset.Failure) // told of each clip that cannot be read; may be nil
	Note func(string)          // told what happens besides: checkpoints, skipped steps
}

// ErrInterrupted is what Run returns when its context ended: the run was saved first and can go on.
var ErrInterrupted = errors.New("interrupted")

// Summary is how a run ended.
type Summary struct {
	Progress   Progress           `json:"progress"`
	Loss       float64            `json:"loss"`      // mean of the last epoch's steps, or of those of this session if fewer
	Baselines  map[string]float64 `json:"baselines"` // of the trivial predictors, mean of those steps that were logged
	Checkpoint string             `json:"checkpoint"`
	Unreadable []string           `json:"unreadable,omitempty"` // why clips were replaced
}

// run is a training run under way.
type run struct {
	Options
	model     mae.Config
	schedule  recipe.Schedule
	rates     optim.Schedule
	perEpoch  int
	stepper   *Stepper
	predictor *Predictor
	loader    *dataset.Loader

	at        Progress
	began     time.Time // minus the seconds spent before this session
	saved     string    // path of the newest checkpoint, "" before the first
	savedStep int       // and its step
	lastSave  time.Time // when this session saved it, or began
	window    window
	recent    []float64        // losses of the last epoch's steps
	logged    []metrics.Record // those of them that were logged
}

// Run trains from Options.From to the end of the schedule. When ctx ends it finishes the step, saves, and returns
// ErrInterrupted. Everything drawn depends on the recipe's seed and the step, so that a resumed run repeats what an
// uninterrupted one would do.
func Run(ctx context.Context, o Options) (Summary, error) {
	r, err := prepare(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	defer r.close()
	for r.at.Step < r.schedule.TotalSteps && ctx.Err() == nil {
		if err := r.step(ctx); err != nil && ctx.Err() == nil {
			return r.summary(), err
		}
	}
	if err := r.save(); err != nil {
		return r.summary(), err
	}
	if r.at.Step < r.schedule.TotalSteps {
		return r.summary(), ErrInterrupted
	}
	return r.summary(), nil
}

// step makes one update and what falls due after it.
func (r *run) step(ctx context.Context) error {
	data, err := r.loader.Next(ctx)
	if err != nil {
		return err
	}
	micro, masks, err := r.microBatches(data)
	if err != nil {
		return err
	}
	waited := data.Wait
	data.Release()
	rate := r.rates.Rate(r.at.Step)
	result, err := r.stepper.Step(micro, rate)
	if err != nil {
		return err
	}
	r.advance(result)
	r.window.add(len(masks)*len(masks[0]), waited)
	if r.due(r.Config.Train.LogSteps) || r.at.Step == 1 || r.at.Step == r.schedule.TotalSteps {
		if err := r.log(micro, masks, result, rate); err != nil {
			return err
		}
	}
	if r.Viewer != nil && r.due(r.Config.Train.ReconstructSteps) {
		if err := r.Viewer.show(r.predictor, r.stepper.weights, r.at.Step, r.Sink); err != nil {
			return err
		}
	}
	if r.checkpointDue() {
		return r.save()
	}
	return nil
}

// microBatches splits a step's clips into the batches that go through the model, each with its masks and drop-path factors.
func (r *run) microBatches(data *dataset.Batch) ([]Batch, [][]masking.Mask, error) {
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
		keep := DropPathFactors(r.model, t.Batch, seed.Rand(t.Seed, "drop path", uint64(r.at.Step), uint64(first)))
		batch, err := NewBatch(r.model.Encoder, data.Clips[first*clipSize:(first+t.Batch)*clipSize], masks, keep)
		if err != nil {
			return nil, nil, err
		}
		batches, allMasks = append(batches, batch), append(allMasks, masks)
	}
	return batches, allMasks, nil
}

// advance moves the run's place on by one step.
func (r *run) advance(result StepResult) {
	r.at.Step++
	r.at.InEpoch++
	if r.at.InEpoch == r.perEpoch {
		r.at.Epoch, r.at.InEpoch = r.at.Epoch+1, 0
	}
	if result.Skipped {
		r.Note(fmt.Sprintf("step %d skipped: loss %v, gradient norm %v", r.at.Step, result.Loss, result.GradNorm))
		return
	}
	r.at.Updates++
	r.recent = append(r.recent, result.Loss)
	if len(r.recent) > r.perEpoch {
		r.recent = r.recent[1:]
	}
}

// due tells whether the step just made is a multiple of every; 0 is never.
func (r *run) due(every int) bool { return every > 0 && r.at.Step%every == 0 }

func (r *run) checkpointDue() bool {
	minutes := r.Config.Train.CheckpointMinutes
	return r.due(r.Config.Train.CheckpointSteps) || minutes > 0 && time.Since(r.lastSave).Minutes() >= minutes
}

// log records the step, with the losses of the trivial predictors on the same masked cubes.
func (r *run) log(micro []Batch, masks [][]masking.Mask, result StepResult, rate float64) error {
	baselines := map[string]float64{}
	for i, batch := range micro {
		losses, err := r.predictor.Baselines(batch, masks[i])
		if err != nil {
			return err
		}
		for name, loss := range losses {
			baselines[name] += loss / float64(len(micro))
		}
	}
	speed, wait := r.window.close(time.Now())
	record := metrics.Record{
		Step: r.at.Step, Epoch: float64(r.at.Epoch) + float64(r.at.InEpoch)/float64(r.perEpoch),
		Loss: result.Loss, LR: rate, GradNorm: result.GradNorm, ClipsPerSecond: speed, DataWait: wait,
		Skipped: r.at.Step - r.at.Updates, Seconds: time.Since(r.began).Seconds(), Baselines: baselines,
	}
	r.logged = append(r.logged, record)
	for r.logged[0].Step <= r.at.Step-r.perEpoch {
		r.logged = r.logged[1:]
	}
	return r.Sink.Log(record)
}

// save writes a checkpoint, unless this step has one, and removes those past their time.
func (r *run) save() error {
	if r.saved != "" && r.at.Step == r.savedStep {
		return nil
	}
	state, err := r.stepper.State()
	if err != nil {
		return err
	}
	r.at.Seconds, r.at.Manifest = time.Since(r.began).Seconds(), r.Data.Hash()
	about := newProvenance()
	about.Engine, about.Data, about.Manifest, about.Clips, about.Init =
		r.Engine, r.Data.Source, r.at.Manifest, len(r.Data.Items), r.Config.Train.Init
	path, err := Checkpoint{Progress: r.at, Config: r.Config, Provenance: about, State: state}.Save(r.Out, r.model.Specs())
	if err != nil {
		return err
	}
	r.saved, r.savedStep, r.lastSave = path, r.at.Step, time.Now()
	r.Note(fmt.Sprintf("checkpoint %s", path))
	return Prune(r.Out, r.Config.Train.Keep)
}

func (r *run) summary() Summary {
	s := Summary{Progress: r.at, Checkpoint: r.saved, Baselines: map[string]float64{}}
	for _, record := range r.logged {
		for name, loss := range record.Baselines {
			s.Baselines[name] += loss / float64(len(r.logged))
		}
	}
	for _, f := range r.loader.Failures() {
		s.Unreadable = append(s.Unreadable, f.Err.Error())
	}
	for _, loss := range r.recent {
		s.Loss += loss / float64(len(r.recent))
	}
	return s
}

// window counts what passed since the last log line.
type window struct {
	since time.Time
	clips int
	wait  time.Duration
}

func (w *window) add(clips int, wait time.Duration) {
	w.clips += clips
	w.wait += wait
}

// close gives the clips per second and the share of time spent waiting for data, and starts the next window.
func (w *window) close(now time.Time) (clipsPerSecond, waitShare float64) {
	seconds := now.Sub(w.since).Seconds()
	clipsPerSecond, waitShare = float64(w.clips)/seconds, w.wait.Seconds()/seconds
	*w = window{since: now}
	return clipsPerSecond, waitShare
}
