package eval

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/dataset"
)

// Scorer is a classifier: it gives the scores of the classes, B x classes values, of normalised clips, [B, T, H, W, C] in float32.
type Scorer interface {
	Logits(clips *tensors.Tensor) ([]float32, error)
}

// ScoreOptions say what is scored.
type ScoreOptions struct {
	Classes                         []string // of the model, in the order of its scores
	Labels                          Labels   // of the list
	Frames, Height, Width, Channels int      // of a clip
	Batch                           int      // clips that pass through the model at once; the last batch is filled up with zeros
}

// Progress is how far scoring is.
type Progress struct {
	Videos int           // done, unreadable ones among them
	Clips  int           // scored
	Spent  time.Duration // since the beginning
	Wait   time.Duration // of that, spent on waiting for clips
}

// Score runs a classifier over the views of videos (dataset.Views) and calls each with every video once all its views are scored; an error of
// each ends it. Clips of the next batch are gathered while one is scored. Videos come in the order of their list, but for those that could
// not be read, which may come early. A score that is not finite is an error that names the video.
func Score(ctx context.Context, s Scorer, views iter.Seq2[*dataset.VideoViews, error], o ScoreOptions, each func(Video, Progress) error) error {
	if o.Batch < 1 || o.Frames < 1 || o.Height < 1 || o.Width < 1 || o.Channels < 1 || len(o.Classes) < 1 {
		return fmt.Errorf("cannot score batches of %d clips of %dx%dx%dx%d values in %d classes", o.Batch, o.Frames, o.Height, o.Width, o.Channels, len(o.Classes))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	g := newGatherer(ctx, o)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(g.batches)
		if err := g.run(views); err != nil {
			cancel(err)
		}
	})
	err := score(ctx, s, g, each)
	cancel(err)
	running.Wait()
	return errors.Join(err, g.close())
}

// Collect is Score that keeps the videos, in the order of their list.
func Collect(ctx context.Context, s Scorer, views iter.Seq2[*dataset.VideoViews, error], o ScoreOptions) ([]Video, error) {
	var videos []Video
	err := Score(ctx, s, views, o, func(v Video, _ Progress) error {
		videos = append(videos, v)
		return nil
	})
	slices.SortFunc(videos, func(a, b Video) int { return a.Index - b.Index })
	return videos, err
}

// score takes batches, and hands on the videos that are whole.
func score(ctx context.Context, s Scorer, g *gatherer, each func(Video, Progress) error) error {
	var p Progress
	began := time.Now()
	deliver := func(v Video) error {
		p.Videos++
		p.Spent = time.Since(began)
		return each(v, p)
	}
	for {
		waiting := time.Now()
		b, more := <-g.batches
		p.Wait += time.Since(waiting)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !more {
			return nil
		}
		if b.unreadable != nil {
			if err := deliver(*b.unreadable); err != nil {
				return err
			}
			continue
		}
		logits, err := s.Logits(b.clips)
		if err != nil {
			return fmt.Errorf("%s: %w", b.slots[0].of.video.Name, err)
		}
		g.free <- b.clips
		classes := len(g.o.Classes)
		if len(logits) != g.o.Batch*classes {
			return fmt.Errorf("a batch of %d clips has %d scores, want %d for each", g.o.Batch, len(logits), classes)
		}
		p.Clips += len(b.slots)
		for i, slot := range b.slots {
			v := &slot.of.video
			view := &v.Views[slot.view]
			view.Logits = slices.Clone(logits[i*classes:][:classes])
			if err := v.check(*view, classes); err != nil {
				return err
			}
			if slot.of.left--; slot.of.left > 0 {
				continue
			}
			if err := deliver(*v); err != nil {
				return err
			}
		}
	}
}

// batch is clips to score, or a video that could not be read.
type batch struct {
	clips      *tensors.Tensor
	slots      []slot // what the clips are, as many as are used
	unreadable *Video
}

// slot is a view of a video.
type slot struct {
	of   *partial
	view int
}

// partial is a video of which views are still to be scored.
type partial struct {
	video Video
	left  int
}

// gatherer copies views into batches.
type gatherer struct {
	ctx     context.Context
	o       ScoreOptions
	batches chan batch
	free    chan *tensors.Tensor
	all     []*tensors.Tensor
}

// buffers is how many batches there are: one is scored, one waits, one is being filled.
const buffers = 3

func newGatherer(ctx context.Context, o ScoreOptions) *gatherer {
	g := &gatherer{ctx: ctx, o: o, batches: make(chan batch, 1), free: make(chan *tensors.Tensor, buffers)}
	for range buffers {
		t := tensors.FromShape(shapes.Make(dtypes.Float32, o.Batch, o.Frames, o.Height, o.Width, o.Channels))
		g.all = append(g.all, t)
		g.free <- t
	}
	return g
}

// close frees the batches' memory, on the engine's device as well.
func (g *gatherer) close() error {
	var errs []error
	for _, t := range g.all {
		errs = append(errs, t.FinalizeAll())
	}
	return errors.Join(errs...)
}

// run gathers all views; an error of the reader ends it.
func (g *gatherer) run(views iter.Seq2[*dataset.VideoViews, error]) error {
	var b batch
	for v, err := range views {
		if err != nil {
			return err
		}
		if err := g.take(&b, v); err != nil {
			return err
		}
	}
	if len(b.slots) == 0 {
		return nil
	}
	if err := g.fill(b, len(b.slots), nil); err != nil {
		return err
	}
	return g.send(b)
}

// take copies the views of a video, and sends each batch that is full.
func (g *gatherer) take(b *batch, v *dataset.VideoViews) error {
	defer v.Release()
	video := Video{Index: v.Index, Name: Name(v.Item), Class: v.Item.Label, Label: -1}
	if video.Class != "" {
		video.Label = g.o.Labels.Place(video.Class)
	}
	if video.Label >= 0 {
		video.Class = g.o.Classes[video.Label]
	}
	if v.Err != nil {
		video.Error = v.Err.Error()
		return g.send(batch{unreadable: &video})
	}
	size := g.o.Frames * g.o.Height * g.o.Width * g.o.Channels
	n := v.Temporal * v.Crops
	if n < 1 || len(v.Clips) != n*size {
		return fmt.Errorf("video %s: %d values in %dx%d views, want %d in each", video.Name, len(v.Clips), v.Temporal, v.Crops, size)
	}
	whole := &partial{video: video, left: n}
	for i := range n {
		whole.video.Views = append(whole.video.Views, View{Temporal: i / v.Crops, Crop: i % v.Crops})
	}
	for i := range n {
		if b.clips == nil {
			select {
			case b.clips = <-g.free:
			case <-g.ctx.Done():
				return g.ctx.Err()
			}
		}
		if err := g.fill(*b, len(b.slots), v.Clips[i*size:][:size]); err != nil {
			return err
		}
		b.slots = append(b.slots, slot{whole, i})
		if len(b.slots) == g.o.Batch {
			if err := g.send(*b); err != nil {
				return err
			}
			*b = batch{}
		}
	}
	return nil
}

// fill puts a clip at a place of a batch; no clip puts zeros there and behind.
func (g *gatherer) fill(b batch, place int, clip []float32) error {
	return tensors.MutableFlatData(b.clips, func(flat []float32) {
		rest := flat[place*len(flat)/g.o.Batch:]
		if clip == nil {
			clear(rest)
			return
		}
		copy(rest, clip)
	})
}

// send hands a batch on.
func (g *gatherer) send(b batch) error {
	select {
	case g.batches <- b:
		return nil
	case <-g.ctx.Done():
		return g.ctx.Err()
	}
}
