package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// windowProgress shows how far the windows of a long video, or other things, are: as a bar on a terminal, as a line now and then elsewhere.
type windowProgress struct {
	streams      Streams
	name, what   string
	total        int
	bar          *progressbar.ProgressBar // nil where there is no terminal
	began, shown time.Time
}

func newWindowProgress(s Streams, name string, total int) *windowProgress {
	p := &windowProgress{streams: s, name: name, what: "windows", total: total, began: time.Now(), shown: time.Now()}
	if s.Terminal && total > 1 {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(s.Err), progressbar.OptionSetWidth(8),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
	}
	return p
}

// show tells that so many windows are done.
func (p *windowProgress) show(done int) {
	each := time.Since(p.began) / time.Duration(done)
	text := fmt.Sprintf("%s: %d/%d %s, %.1f %[4]s/s, ETA %[6]s", p.name, done, p.total, p.what, 1/each.Seconds(),
		(each * time.Duration(p.total-done)).Round(time.Second))
	if p.bar != nil {
		p.bar.Describe(text)
		_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
		return
	}
	if time.Since(p.shown) >= betweenLines {
		p.shown = time.Now()
		fmt.Fprintln(p.streams.Err, text)
	}
}

func (p *windowProgress) close() {
	if p.bar != nil {
		_ = p.bar.Exit()
	}
}
