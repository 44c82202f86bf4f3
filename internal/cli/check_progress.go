package cli

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"videomae/dataset"
	"videomae/dataset/check"
)

// checkProgress shows how far a check is: on a terminal as a line that is redrawn, elsewhere as a line now and then.
type checkProgress struct {
	streams  Streams
	bar      *progressbar.ProgressBar // nil where there is no terminal
	total    atomic.Int64             // rows of the list; 0 until they are counted
	began    time.Time
	shown    time.Time
	done     int
	errors   int
	warnings int
	stop     context.CancelFunc
}

// newCheckProgress counts the rows of the list beside the check, for the time that is left.
func newCheckProgress(ctx context.Context, s Streams, data string, o dataset.Options) *checkProgress {
	ctx, stop := context.WithCancel(ctx)
	p := &checkProgress{streams: s, began: time.Now(), shown: time.Now(), stop: stop}
	if s.Terminal {
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(s.Err), progressbar.OptionSetWidth(8), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish())
	}
	go func() {
		rows := int64(0)
		for _, err := range dataset.Rows(data, o) {
			if ctx.Err() != nil {
				return
			}
			_ = err // a row that cannot be read counts too
			rows++
		}
		p.total.Store(rows)
	}()
	return p
}

// add counts a verdict.
func (p *checkProgress) add(v check.Verdict) {
	p.done++
	switch v.Level {
	case check.Error:
		p.errors++
	case check.Warning:
		p.warnings++
	}
	if p.bar == nil && time.Since(p.shown) < betweenLines {
		return
	}
	p.shown = time.Now()
	if p.bar != nil {
		p.bar.Describe(p.line())
		_ = p.bar.Add(1) // a bar that cannot be drawn is no reason to stop
		return
	}
	fmt.Fprintln(p.streams.Err, p.line())
}

func (p *checkProgress) line() string {
	each := time.Since(p.began) / time.Duration(p.done)
	total, left := p.total.Load(), "-"
	of := ""
	if total > 0 {
		of = fmt.Sprintf("/%d", total)
		left = (each * time.Duration(total-int64(p.done))).Round(time.Second).String()
	}
	return fmt.Sprintf("%d%s files, %d errors, %d warnings, %.1f files/s, ETA %s", p.done, of, p.errors, p.warnings, 1/max(each, 1).Seconds(), left)
}

// end clears the line.
func (p *checkProgress) end() {
	p.stop()
	if p.bar != nil {
		_ = p.bar.Finish() // nothing is left to show
	}
}
