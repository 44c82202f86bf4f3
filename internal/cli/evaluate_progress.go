package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"videomae/eval"
)

// evaluateProgress shows how far an evaluation is: as a bar on a terminal, as a line now and then elsewhere.
type evaluateProgress struct {
	streams Streams
	bar     *progressbar.ProgressBar // nil where there is no terminal
	total   int                      // videos to score
	shown   time.Time

	from   eval.Progress // when the first video was through; before, the graph was compiled
	judged int           // videos with a label
	right  int           // of them, by the mean of the probabilities
}

func newEvaluateProgress(s Streams, total int) *evaluateProgress {
	p := &evaluateProgress{streams: s, total: total, shown: time.Now()}
	if s.Terminal {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(s.Err), progressbar.OptionSetWidth(8),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
	}
	return p
}

// video counts a video, and names it where it could not be read.
func (p *evaluateProgress) video(v eval.Video, now eval.Progress) {
	if v.Error != "" {
		if p.bar != nil {
			_ = p.bar.Clear() // a bar that cannot be drawn is no reason to stop
		}
		fmt.Fprintf(p.streams.Err, "unreadable, counts as wrong: %s: %s\n", v.Name, v.Error)
	}
	if v.Class != "" {
		p.judged++
		if verdict, err := v.Predicted(eval.Softmax); err == nil && verdict == v.Label {
			p.right++
		}
	}
	if p.from.Clips == 0 {
		p.from = now
	}
	if p.bar == nil && time.Since(p.shown) < betweenLines {
		return
	}
	p.shown = time.Now()
	if p.bar != nil {
		p.bar.Describe(p.line(now))
		_ = p.bar.Set(now.Videos)
		return
	}
	fmt.Fprintln(p.streams.Err, p.line(now))
}

// line says where an evaluation is.
func (p *evaluateProgress) line(now eval.Progress) string {
	text := fmt.Sprintf("%d/%d videos", now.Videos, p.total)
	if p.judged > 0 {
		text += fmt.Sprintf(", top-1 so far %.1f %%", 100*float64(p.right)/float64(p.judged))
	}
	spent := now.Spent - p.from.Spent
	if now.Clips == p.from.Clips || spent <= 0 {
		return text + ", ETA -"
	}
	rate := float64(now.Clips-p.from.Clips) / spent.Seconds()
	each := spent / time.Duration(now.Videos-p.from.Videos)
	return text + fmt.Sprintf(", %.1f clips/s, wait %.0f %%, ETA %s", rate, 100*float64(now.Wait-p.from.Wait)/float64(spent),
		(each*time.Duration(p.total-now.Videos)).Round(time.Second))
}

func (p *evaluateProgress) close() {
	if p.bar != nil {
		_ = p.bar.Exit()
	}
}
