package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// byteProgress shows how many bytes have been dealt with: as a bar on a terminal, as a line now and then elsewhere.
type byteProgress struct {
	streams      Streams
	bar          *progressbar.ProgressBar // nil where there is no terminal, and before the first byte
	began, shown time.Time
}

func newByteProgress(s Streams) *byteProgress {
	return &byteProgress{streams: s, began: time.Now(), shown: time.Now()}
}

func (p *byteProgress) progress(done, total int64) {
	if p.streams.Terminal && p.bar == nil {
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.streams.Err), progressbar.OptionSetWidth(8),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	spent := time.Since(p.began)
	left := time.Duration(float64(spent) * float64(total-done) / float64(max(done, 1)))
	text := fmt.Sprintf("%.0f/%.0f MB, %.0f MB/s, ETA %s", float64(done)/1e6, float64(total)/1e6, float64(done)/1e6/spent.Seconds(), left.Round(time.Second))
	if p.bar != nil {
		p.bar.Describe(text)
		_ = p.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
		return
	}
	if time.Since(p.shown) >= betweenLines {
		p.shown = time.Now()
		fmt.Fprintln(p.streams.Err, text)
	}
}

func (p *byteProgress) close() {
	if p.bar != nil {
		_ = p.bar.Exit()
	}
}
