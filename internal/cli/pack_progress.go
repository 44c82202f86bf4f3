package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"videomae/dataset/pack"
)

// packProgress shows how far packing is: as a bar on a terminal, as a line now and then elsewhere.
type packProgress struct {
	streams Streams
	bar     *progressbar.ProgressBar // nil where there is no terminal, and before the first item
	began   time.Time
	from    int // items that were done before
	shown   time.Time
	shards  int
}

// betweenLines is the least time from one line to the next, unless a shard is finished.
const betweenLines = 10 * time.Second

func newPackProgress(s Streams) *packProgress {
	return &packProgress{streams: s, began: time.Now(), from: -1}
}

func (p *packProgress) progress(now pack.Progress) {
	if p.from < 0 {
		p.from, p.shards = now.Done-1, now.Shards
		if p.from > 0 {
			fmt.Fprintf(p.streams.Err, "going on after %d of %d videos in %d finished shards\n", p.from, now.Items, now.Shards)
		}
		if p.streams.Terminal {
			p.bar = progressbar.NewOptions(now.Items, progressbar.OptionSetWriter(p.streams.Err), progressbar.OptionSetWidth(8),
				progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
		}
	}
	each := time.Since(p.began) / time.Duration(now.Done-p.from)
	text := fmt.Sprintf("%d/%d videos, %d frames, %.1f MiB, %d shards, %d unreadable, %.1f videos/s, ETA %s", now.Done, now.Items, now.Frames,
		float64(now.Bytes)/(1<<20), now.Shards, now.Unreadable, 1/each.Seconds(), (each * time.Duration(now.Items-now.Done)).Round(time.Second))
	if p.bar != nil {
		p.bar.Describe(text)
		_ = p.bar.Set(now.Done) // a bar that cannot be drawn is no reason to stop
		return
	}
	if time.Since(p.shown) < betweenLines && now.Shards == p.shards && now.Done < now.Items {
		return
	}
	p.shown, p.shards = time.Now(), now.Shards
	fmt.Fprintln(p.streams.Err, text)
}

// unreadable names an item as soon as it is found to be so.
func (p *packProgress) unreadable(u pack.Unreadable) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.streams.Err, "unreadable: %s: %s\n", u.Name, u.Reason)
}

func (p *packProgress) close() {
	if p.bar != nil {
		_ = p.bar.Exit()
	}
}
