package pack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"videomae/video"
)

// shard writes one shard of clips of the queue, of which the first is item first of the list.
func (p *packer) shard(ctx context.Context, queue <-chan *clip, number, first, end int, whole bool) (Shard, error) {
	w, err := newShardWriter(p.dir, header{number: number, first: first, identity: p.identity})
	if err != nil {
		return Shard{}, fmt.Errorf("%s: %w", shardName(number), err)
	}
	for n := first; n < end && (whole || w.at < p.o.shardBytes); n++ {
		if err := p.take(ctx, w, queue, n); err != nil {
			w.abandon()
			return Shard{}, err
		}
	}
	s, err := w.finish()
	if err != nil {
		w.abandon()
		return Shard{}, fmt.Errorf("%s: %w", shardName(number), err)
	}
	s.First = first
	return s, nil
}

// take puts the next clip of the queue, item n, into a shard.
func (p *packer) take(ctx context.Context, w *shardWriter, queue <-chan *clip, n int) error {
	c, open := <-queue
	if !open {
		return ctx.Err()
	}
	began := w.at
	w.begin()
	for run := range c.runs {
		if err := w.add(run); err != nil {
			return fmt.Errorf("%s: %w", w.path, err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // what the clip says may be due to that
	}
	if errors.Is(c.err, video.ErrUnavailable) {
		return c.err
	}
	delete(p.bad, n)
	end := w.end
	if c.err != nil {
		c.reason, end = c.err.Error(), w.fail
		p.bad[n] = Unreadable{Item: n, Name: c.item.Name, Path: c.item.Path, Reason: c.reason}
		p.o.Report(p.bad[n])
	}
	if err := end(c.entry); err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	if c.err == nil {
		p.progress.Frames += c.frames
	}
	p.progress.Done++
	p.progress.Bytes += w.at - began
	p.progress.Unreadable = len(p.bad)
	p.o.Progress(p.progress)
	return p.verdict()
}

// verdict is an error when more items are unreadable than may be.
func (p *packer) verdict() error {
	const rounding = 1e-9 // of a product such as .29 * 100
	allowed := int(p.o.MaxBadShare*float64(len(p.items)) + rounding)
	if p.o.MaxBadShare > 0 {
		allowed = max(1, allowed)
	}
	if len(p.bad) <= allowed {
		return nil
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %d videos cannot be read, and at most %d may be (a share of %v): repair them, take them off the list, or allow a larger share",
		len(p.bad), len(p.items), allowed, p.o.MaxBadShare)
	const shown = 20
	for i, u := range p.unreadable() {
		if i == shown {
			fmt.Fprintf(&text, "\n  and %d more", len(p.bad)-shown)
			break
		}
		fmt.Fprintf(&text, "\n  %s", u.Reason)
	}
	return errors.New(text.String())
}
