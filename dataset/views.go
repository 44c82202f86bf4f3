package dataset

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"videomae/frames"
	"videomae/frames/chain"
	"videomae/video"
)

// ViewOptions say which views of videos are read. What a view holds depends on all but the last three.
type ViewOptions struct {
	Scheme                  video.Scheme // the clips in time
	Chain                   chain.Test   // the crops of each; its Table may be nil for ImageNet's
	Height, Width, Channels int          // of the crops; Channels is 3 (RGB) or 1 (grey)
	Seed                    uint64       // with the item's place in the manifest, what schemes of training draw from

	Workers  int              // videos read at once (0: one for each CPU)
	Prefetch int              // videos read ahead (0: as many as Workers); 15 views of 16 x 224 x 224 take 144 MB
	Skip     func(i int) bool // of which items to read nothing; nil skips none

	decoded int // bytes of frames at their own size that a worker holds; decodedBytes but in tests
}

// VideoViews are all views of a video.
type VideoViews struct {
	Index           int       // place of the item in the manifest
	Item            Item      // the video
	Clips           []float32 // Temporal x Crops clips, crops of one time together, each T x H x W x C values, normalised
	Temporal, Crops int
	Err             error // why the video cannot be read, or nil; then there are no Clips

	shelf shelf[float32]
}

// Release gives the memory of Clips back for later videos. The caller must have no use for it any more.
func (v *VideoViews) Release() {
	if v.Clips != nil {
		v.shelf.put(v.Clips)
	}
	v.Clips, v.shelf = nil, nil
}

// Views yields the views of each video of a manifest, in its order, several videos read ahead. Every frame is decoded once for all views
// that show it. Schemes of training (as in the official validation) draw from the seed and the item's place, the same whenever it is read.
//
// A video that cannot be read has an Err, and the next one follows. The error beside a video is of options that cannot be, of ctx, or
// one that is video.ErrUnavailable, and the last; then there is no video. Ending the iteration early ends all work.
func Views(ctx context.Context, m Manifest, d video.Decoder, o ViewOptions) iter.Seq2[*VideoViews, error] {
	return func(yield func(*VideoViews, error) bool) {
		if err := o.complete(); err != nil {
			yield(nil, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		v := viewer{reader: reader{manifest: m, decoder: d}, o: o, jobs: make(chan viewJob), queue: make(chan viewJob, o.Prefetch),
			shelf: make(shelf[float32], o.Prefetch+2)}
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() { v.dispatch(ctx) })
		for range o.Workers {
			running.Go(func() { v.work(ctx) })
		}
		v.yield(ctx, yield)
	}
}

// complete checks the options and fills in what is left to Views.
func (o *ViewOptions) complete() error {
	if o.Chain.Table == nil {
		o.Chain.Table = frames.ImageNet(o.Channels)
	}
	o.Chain.Views = max(o.Chain.Views, 1)
	common := LoaderOptions{Scheme: o.Scheme, Height: o.Height, Width: o.Width, Channels: o.Channels, Workers: o.Workers, Prefetch: o.Prefetch}
	if err := common.check(); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	if o.Chain.Table.Channels() != o.Channels {
		return fmt.Errorf("views: pixels of %d channels cannot be normalised as those of %d", o.Channels, o.Chain.Table.Channels())
	}
	if side := max(o.Height, o.Width); o.Chain.ShortSide < side {
		return fmt.Errorf("views: crops of %dx%d pixels cannot be cut from frames whose shorter side has %d: scale them to %d or more", o.Width, o.Height, o.Chain.ShortSide, side)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Prefetch == 0 {
		o.Prefetch = o.Workers
	}
	if o.decoded == 0 {
		o.decoded = decodedBytes
	}
	return nil
}

// viewer reads views ahead of their use.
type viewer struct {
	reader
	o     ViewOptions
	jobs  chan viewJob
	queue chan viewJob // in order, as soon as begun
	shelf shelf[float32]
}

// viewJob is a video that is being read.
type viewJob struct {
	item int
	done chan *VideoViews // gives the one result
}

// dispatch begins one video after another, as far ahead as the queue has room.
func (v *viewer) dispatch(ctx context.Context) {
	defer close(v.queue)
	defer close(v.jobs)
	for i := range v.manifest.Items {
		if v.o.Skip != nil && v.o.Skip(i) {
			continue
		}
		j := viewJob{i, make(chan *VideoViews, 1)}
		for _, to := range []chan viewJob{v.queue, v.jobs} {
			select {
			case to <- j:
			case <-ctx.Done():
				return
			}
		}
	}
}

// work reads videos until there are none left to read.
func (v *viewer) work(ctx context.Context) {
	var scratch chain.Scratch
	for j := range v.jobs {
		r := &VideoViews{Index: j.item, Item: v.manifest.Items[j.item], Temporal: v.o.Scheme.Views, Crops: v.o.Chain.Views, shelf: v.shelf}
		r.Clips = v.shelf.take(r.Temporal * r.Crops * v.o.clipSize())
		if r.Err = v.read(ctx, r, &scratch); r.Err != nil {
			r.Release()
		}
		j.done <- r
	}
}

// yield hands the videos on in their order.
func (v *viewer) yield(ctx context.Context, yield func(*VideoViews, error) bool) {
	for j := range v.queue {
		var r *VideoViews
		select {
		case r = <-j.done:
		case <-ctx.Done():
		}
		switch {
		case ctx.Err() != nil: // an error of the video may be due to it
			yield(nil, ctx.Err())
			return
		case errors.Is(r.Err, video.ErrUnavailable):
			yield(nil, r.Err)
			return
		case !yield(r, nil):
			return
		}
	}
	if ctx.Err() != nil {
		yield(nil, ctx.Err())
	}
}

// clipSize is the number of values of a clip.
func (o ViewOptions) clipSize() int { return o.Scheme.Frames * o.Height * o.Width * o.Channels }
