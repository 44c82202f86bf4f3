package cli

import (
	"fmt"
	"image"
	"time"

	"github.com/schollz/progressbar/v3"

	"videomae/metrics"
)

// progress shows a run's records: as a bar on a terminal, as lines elsewhere.
type progress struct {
	streams Streams
	bar     *progressbar.ProgressBar // nil where there is no terminal
	total   int                      // steps of the run
	from    int                      // the step of the first record, and when it came: the step that compiles
	began   time.Time                // the graph would spoil the rate
}

// newProgress is a sink that shows the records of a run of the given number of steps.
func newProgress(s Streams, total int) metrics.Sink {
	p := &progress{streams: s, total: total}
	if s.Terminal {
		p.bar = progressbar.NewOptions(p.total, progressbar.OptionSetWriter(s.Err), progressbar.OptionSetWidth(8),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
	}
	return p
}

// Log shows a record.
func (p *progress) Log(r metrics.Record) error {
	eta := p.eta(r.Step)
	if p.bar != nil { // the line must fit the usual 80 columns, or it cannot be redrawn
		p.bar.Describe(fmt.Sprintf("%d/%d loss %.4f lr %.1e %.1f clips/s wait %.0f %% ETA %s",
			r.Step, p.total, r.Loss, r.LR, r.ClipsPerSecond, 100*r.DataWait, eta))
		return p.bar.Set(r.Step)
	}
	line := fmt.Sprintf("step %d/%d  epoch %.2f  loss %.4f  lr %.2e  grad %.3f  %.2f clips/s  data wait %.0f %%  ETA %s",
		r.Step, p.total, r.Epoch, r.Loss, r.LR, r.GradNorm, r.ClipsPerSecond, 100*r.DataWait, eta)
	if r.Skipped > 0 {
		line += fmt.Sprintf("  skipped %d", r.Skipped)
	}
	_, err := fmt.Fprintln(p.streams.Err, line)
	return err
}

// eta is the time left at the rate since the first record; that one cannot tell.
func (p *progress) eta(step int) string {
	if p.began.IsZero() {
		p.from, p.began = step, time.Now()
	}
	if step == p.from {
		return "-"
	}
	left := time.Since(p.began) / time.Duration(step-p.from) * time.Duration(p.total-step)
	return left.Round(time.Second).String()
}

// Picture does nothing: pictures are in the run's folder.
func (p *progress) Picture(int, string, image.Image) error { return nil }

// Close ends the bar's line.
func (p *progress) Close() error {
	if p.bar != nil {
		return p.bar.Exit()
	}
	return nil
}
