package dataset

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videomae/frames"
	"videomae/frames/chain"
	"videomae/frames/draw"
	"videomae/frames/mixup"
	"videomae/seed"
	"videomae/video"
)

// LabelledOptions shape the batches of a labelled loader. What a batch holds depends on all but the last four, and the shares of its ranks
// make the same batch for any number of them.
type LabelledOptions struct {
	Seed                    uint64
	Batch                   int          // videos in a batch of all processes together
	Repeats                 int          // clips of each, augmented in as many ways from one decoding of the same frames (0: 1)
	Scheme                  video.Scheme // which frames a clip has; of its views, the first
	Height, Width, Channels int          // of the frames; Channels is 3 (RGB) or 1 (grey)
	Augment                 chain.Train  // its Table may be nil for ImageNet's
	Mixer                   *mixup.Mixer // nil mixes nothing
	MixOver                 int          // clips that are mixed with one another, an even number: those of a micro-batch (0: all of a batch)
	Smoothing               float64      // share of each target that is spread over all classes, in [0, 1)
	Classes                 []string     // names in the order of their numbers; every label must be among them
	Rank, Ranks             int          // this process takes share Rank, from 0, of Ranks equal shares of each batch (0 of 0: all of it)

	MaxBadShare float64       // share of the items that may be unreadable; above 0, one always may
	Workers     int           // videos decoded at once (0: one for each CPU)
	Prefetch    int           // batches prepared ahead (0: 2); a clip of 16 x 224 x 224 takes 9.6 MB
	Report      func(Failure) // called by Next for each item when first found unreadable; may be nil
}

// LabelledBatch is N clips, a process's share of a batch: of each video all its repeats, then of the next.
type LabelledBatch struct {
	Position
	Clips   []float32     // N*T*H*W*C values, in that order of axes, normalised, augmented and mixed
	Targets []float32     // N*classes shares, mixed as the clips and smoothed; those of a clip add to 1
	Labels  []int         // class number of each clip, of the larger or smaller share that is its own
	Index   []int         // number of each clip in the epoch, with Epoch the coordinates for further random draws in any process
	Items   []Item        // what each clip was cut from
	Wait    time.Duration // how long Next waited for this batch

	shelf shelf[float32]
}

// Release gives the memory of Clips back for later batches. The caller must have no use for it any more.
func (b *LabelledBatch) Release() {
	b.shelf.put(b.Clips)
	b.Clips, b.shelf = nil, nil // a second Release keeps nothing
}

// Labelled reads batches of labelled clips for fine-tuning ahead of their use, as Loader does for pre-training: the same order of videos,
// contents that depend on (seed, epoch, place in the epoch) alone, the same replacement of unreadable videos, whose labels go with them.
//
// Each video is decoded once, augmented Repeats times, and the clips are mixed, each with the one as far from the end of their group
// as it is from the start. Source: spec sections 5.3 to 5.5.
type Labelled struct {
	*feed[*LabelledBatch]
	of     LabelledOptions
	labels []int // class of each item
	shelf  shelf[float32]
}

// NewLabelled starts a labelled loader whose first batch is the one at start. Close it after use.
func NewLabelled(ctx context.Context, m Manifest, d video.Decoder, o LabelledOptions, start Position) (*Labelled, error) {
	labels, err := Labels(m.Items, o.Classes)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", m.Source, err)
	}
	o.Repeats = max(o.Repeats, 1)
	if o.Augment.Table == nil {
		o.Augment.Table = frames.ImageNet(o.Channels)
	}
	common := o.common()
	if err := errors.Join(common.check(), o.check()); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	common = common.filled()
	l := &Labelled{of: o, labels: labels, shelf: make(shelf[float32], common.Prefetch+2)}
	if l.feed, err = newFeed(ctx, m, d, common, kind[*LabelledBatch]{begin: l.room, filler: l.augmenter, finish: l.mix}, start); err != nil {
		return nil, err
	}
	l.start()
	return l, nil
}

// common are the options that every loader has.
func (o LabelledOptions) common() LoaderOptions {
	return LoaderOptions{Seed: o.Seed, Batch: o.Batch, Scheme: o.Scheme, Height: o.Height, Width: o.Width, Channels: o.Channels,
		Rank: o.Rank, Ranks: o.Ranks, MaxBadShare: o.MaxBadShare, Workers: o.Workers, Prefetch: o.Prefetch, Report: o.Report}
}

// Next returns the next batch, as Loader.Next does.
func (l *Labelled) Next(ctx context.Context) (*LabelledBatch, error) {
	p, err := l.next(ctx)
	if err != nil {
		return nil, err
	}
	b := p.batch
	b.Wait = p.wait
	for _, item := range p.items {
		for range l.of.Repeats {
			b.Items = append(b.Items, item)
		}
	}
	return b, nil
}

// room makes room for a batch.
func (l *Labelled) room(at Position, places []int) *LabelledBatch {
	n := len(places) * l.of.Repeats
	b := &LabelledBatch{Position: at, Clips: l.shelf.take(n * l.o.clipSize()), shelf: l.shelf}
	for _, place := range places {
		for k := range l.of.Repeats {
			b.Index = append(b.Index, place*l.of.Repeats+k)
		}
	}
	return b
}

// augmenter returns what decodes a random clip of an item and augments it, once for each repeat, into a batch, for one worker.
func (l *Labelled) augmenter() func(ctx context.Context, batch *LabelledBatch, j slot, item int) error {
	var scratch chain.Scratch
	o, size := l.of, l.o.clipSize()
	return func(ctx context.Context, batch *LabelledBatch, j slot, item int) error {
		epoch, place := uint64(j.epoch), uint64(j.place)
		clip, err := l.clip(ctx, item, o.Scheme, o.Channels, seed.Rand(o.Seed, "frames", epoch, place))
		if err != nil {
			return err
		}
		for k := range o.Repeats {
			from := func(purpose string) draw.Source {
				return draw.From(seed.Rand(o.Seed, purpose, epoch, place, uint64(k)))
			}
			drawn := o.Augment.Draw(from("augment"), clip.W, clip.H, o.Width, o.Height)
			dst := frames.Floats{T: clip.T, H: o.Height, W: o.Width, C: o.Channels, Pix: batch.Clips[(j.n*o.Repeats+k)*size:][:size]}
			if err := o.Augment.Apply(dst, clip, drawn, from("erase"), &scratch); err != nil {
				return fmt.Errorf("video %s: %w", l.manifest.Items[item].Path, err)
			}
		}
		return nil
	}
}
