// The course of any training run: steps, log lines, checkpoints, and the way back into it.

package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"videomae/metrics"
	"videomae/optim"
	"videomae/recipe"
)

// ErrInterrupted is what a run returns when its context ended: it was saved first and can go on.
var ErrInterrupted = errors.New("interrupted")

// Task is what a loop trains on, and what a run does besides.
type Task interface {
	// Next gives the micro-batches of the update step that follows a place in the run, and how long they were waited for.
	Next(ctx context.Context, at Progress) (micro []Batch, waited time.Duration, err error)
	// After does what falls due after a step; what it measures goes into the log. It may change the parts of the progress that are the
	// task's own, and end the run.
	After(ctx context.Context, at *Progress) (scores map[string]float64, end bool, err error)
	// Baselines gives the losses of trivial predictors on the last step's batches, for a line of the log; nil if there are none.
	Baselines() (map[string]float64, error)
	// Save writes a checkpoint, removes those past their time, and gives the new one's path.
	Save(at Progress) (string, error)
}

// Loop is a training run under way. Everything drawn depends on the recipe's seed and the step, so that a resumed run repeats what an
// uninterrupted one would do.
type Loop struct {
	Task    Task
	Stepper *Stepper
	Course  recipe.Train
	Rates   optim.Schedule // its TotalSteps is the end of the run
	Epoch   int            // steps of an epoch
	Sink    metrics.Sink
	Note    func(string) // told what happens besides: checkpoints, skipped steps

	at        Progress
	ended     bool      // by the task, before the last step
	began     time.Time // minus the seconds spent before this session
	saved     string    // path of the newest checkpoint, "" before the first
	savedStep int       // and its step
	lastSave  time.Time // when this session saved it, or began
	window    window
	recent    []float64        // losses of the last epoch's steps
	logged    []metrics.Record // those of them that were logged
}

// From begins at a place in the run, which has a checkpoint in the folder out if it is not the start.
func (l *Loop) From(at Progress, out string) {
	l.at, l.savedStep, l.lastSave = at, at.Step, time.Now()
	if at.Step > 0 {
		l.saved = filepath.Join(CheckpointFolder(out), stepName(at.Step))
	}
	l.began = l.lastSave.Add(-time.Duration(at.Seconds * float64(time.Second)))
	l.window = window{since: l.lastSave}
}

// Run trains to the end. When ctx ends it finishes the step, saves, and returns ErrInterrupted.
func (l *Loop) Run(ctx context.Context) error {
	for l.at.Step < l.Rates.TotalSteps && !l.ended && ctx.Err() == nil {
		if err := l.step(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	if err := l.save(); err != nil {
		return err
	}
	if l.at.Step < l.Rates.TotalSteps && !l.ended {
		return ErrInterrupted
	}
	return nil
}

// step makes one update and what falls due after it.
func (l *Loop) step(ctx context.Context) error {
	micro, waited, err := l.Task.Next(ctx, l.at)
	if err != nil {
		return err
	}
	clips := 0
	for _, batch := range micro {
		clips += batch.Clips.Shape().Dim(0)
	}
	rate := l.Rates.Rate(l.at.Step)
	result, err := l.Stepper.Step(micro, rate)
	if err != nil {
		return err
	}
	l.advance(result)
	l.window.add(clips, waited)
	scores, end, err := l.Task.After(ctx, &l.at)
	if err != nil {
		return err
	}
	l.ended = end
	if scores != nil || l.at.Due(l.Course.LogSteps) || l.at.Step == 1 || l.at.Step == l.Rates.TotalSteps {
		if err := l.log(result, rate, scores); err != nil {
			return err
		}
	}
	if l.checkpointDue() {
		return l.save()
	}
	return nil
}

// advance moves the run's place on by one step.
func (l *Loop) advance(result StepResult) {
	l.at.Step++
	l.at.InEpoch++
	if l.at.InEpoch == l.Epoch {
		l.at.Epoch, l.at.InEpoch = l.at.Epoch+1, 0
	}
	if result.Skipped {
		l.Note(fmt.Sprintf("step %d skipped: loss %v, gradient norm %v", l.at.Step, result.Loss, result.GradNorm))
		return
	}
	l.at.Updates++
	l.recent = append(l.recent, result.Loss)
	if len(l.recent) > l.Epoch {
		l.recent = l.recent[1:]
	}
}

// Due tells whether the step just made is a multiple of every; 0 is never.
func (p Progress) Due(every int) bool { return every > 0 && p.Step%every == 0 }

func (l *Loop) checkpointDue() bool {
	minutes := l.Course.CheckpointMinutes
	return l.at.Due(l.Course.CheckpointSteps) || minutes > 0 && time.Since(l.lastSave).Minutes() >= minutes
}

// log records the step, with the losses of the trivial predictors on the same batches.
func (l *Loop) log(result StepResult, rate float64, scores map[string]float64) error {
	baselines, err := l.Task.Baselines()
	if err != nil {
		return err
	}
	speed, wait := l.window.close(time.Now())
	record := metrics.Record{
		Step: l.at.Step, Epoch: float64(l.at.Epoch) + float64(l.at.InEpoch)/float64(l.Epoch),
		Loss: result.Loss, LR: rate, GradNorm: result.GradNorm, ClipsPerSecond: speed, DataWait: wait,
		Skipped: l.at.Step - l.at.Updates, Seconds: time.Since(l.began).Seconds(), Baselines: baselines, Scores: scores,
	}
	l.logged = append(l.logged, record)
	for l.logged[0].Step <= l.at.Step-l.Epoch {
		l.logged = l.logged[1:]
	}
	return l.Sink.Log(record)
}

// save writes a checkpoint, unless this step has one.
func (l *Loop) save() error {
	if l.saved != "" && l.at.Step == l.savedStep {
		return nil
	}
	l.at.Seconds = time.Since(l.began).Seconds()
	path, err := l.Task.Save(l.at)
	if err != nil {
		return err
	}
	l.saved, l.savedStep, l.lastSave = path, l.at.Step, time.Now()
	l.Note(fmt.Sprintf("checkpoint %s", path))
	return nil
}

// At is the place in the run, and Saved the path of its newest checkpoint, "" before the first.
func (l *Loop) At() Progress  { return l.at }
func (l *Loop) Saved() string { return l.saved }

// Loss is the mean of the last epoch's steps, or of those of this session if fewer.
func (l *Loop) Loss() (mean float64) {
	for _, loss := range l.recent {
		mean += loss / float64(len(l.recent))
	}
	return mean
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
