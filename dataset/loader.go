package dataset

import (
	"context"
	"fmt"
	"time"

	"videomae/frames"
	"videomae/seed"
	"videomae/video"
)

// LoaderOptions shape a loader's batches. What a batch holds depends on all but the last four, and the shares of its ranks make the
// same batch for any number of them.
type LoaderOptions struct {
	Seed                    uint64
	Batch                   int          // clips in a batch of all processes together
	Scheme                  video.Scheme // which frames a clip has; of its views, the first
	Height, Width, Channels int          // of the frames; Channels is 3 (RGB) or 1 (grey)
	Rank, Ranks             int          // this process takes share Rank, from 0, of Ranks equal shares of each batch (0 of 0: all of it)

	MaxBadShare float64       // share of the items that may be unreadable; above 0, one always may
	Workers     int           // clips decoded at once (0: one for each CPU)
	Prefetch    int           // batches prepared ahead (0: 2)
	Report      func(Failure) // called by Next for each item when first found unreadable; may be nil
}

// Batch is B clips, a process's share of a batch.
type Batch struct {
	Position
	Clips []uint8       // B*T*H*W*C values, in that order of axes
	Index []int         // place of each clip in the epoch's order, with Epoch the coordinates for further random draws in any process
	Items []Item        // what each clip was cut from
	Wait  time.Duration // how long Next waited for this batch

	shelf shelf[uint8]
}

// Release gives the memory of Clips back for later batches. The caller must have no use for it any more.
func (b *Batch) Release() {
	b.shelf.put(b.Clips)
	b.Clips, b.shelf = nil, nil // a second Release keeps nothing
}

// Loader reads batches of training clips ahead of their use. Epoch follows epoch without end, each in an order of its own; what is
// left of an epoch after its last whole batch is not used.
//
// Contents depend on (seed, epoch, place in the epoch) alone: not on the number of workers or processes, nor on where the loader
// started, which reads nothing of what came before. For that, an unreadable item is replaced by the next one of the epoch's order, whatever
// was found unreadable before. Each process counts the unreadable items that it came across itself.
//
// An error that is video.ErrUnavailable is no item's, and ends the loader.
type Loader struct {
	*feed[*Batch]
	shelf shelf[uint8]
}

// NewLoader starts a loader whose first batch is the one at start. Close it after use.
func NewLoader(ctx context.Context, m Manifest, d video.Decoder, o LoaderOptions, start Position) (*Loader, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	o = o.filled()
	l := &Loader{shelf: make(shelf[uint8], o.Prefetch+2)}
	var err error
	if l.feed, err = newFeed(ctx, m, d, o, kind[*Batch]{begin: l.room, filler: l.cutter}, start); err != nil {
		return nil, err
	}
	l.start()
	return l, nil
}

// check finds what is wrong with the options.
func (o LoaderOptions) check() error {
	for _, c := range []struct {
		name       string
		value, min int
	}{{"height", o.Height, 1}, {"width", o.Width, 1}, {"workers", o.Workers, 0}, {"prefetch", o.Prefetch, 0}, {"rank", o.Rank, 0}, {"ranks", o.Ranks, 0}} {
		if c.value < c.min {
			return fmt.Errorf("%s is %d, must be at least %d", c.name, c.value, c.min)
		}
	}
	if err := o.Scheme.Check(); err != nil {
		return err
	}
	if ranks := max(1, o.Ranks); o.Rank >= ranks || o.Batch%ranks != 0 {
		return fmt.Errorf("no share %d of %d: a batch of %d clips is shared equally, and shares count from 0", o.Rank, ranks, o.Batch)
	}
	if o.Channels != 1 && o.Channels != 3 {
		return fmt.Errorf("%d channels; can be 1 (grey) or 3 (RGB)", o.Channels)
	}
	if !(o.MaxBadShare >= 0 && o.MaxBadShare <= 1) {
		return fmt.Errorf("share of unreadable items %v must lie between 0 and 1", o.MaxBadShare)
	}
	return nil
}

// Next returns the next batch. It fails for good when more items are unreadable than MaxBadShare allows, with a list of them. An
// interrupted call (ctx) loses no batch. Calls must not overlap.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	p, err := l.next(ctx)
	if err != nil {
		return nil, err
	}
	p.batch.Items, p.batch.Wait = p.items, p.wait
	return p.batch, nil
}

// room makes room for a batch.
func (l *Loader) room(at Position, index []int) *Batch {
	return &Batch{Position: at, Clips: l.shelf.take(len(index) * l.o.clipSize()), Index: index, shelf: l.shelf}
}

// clipSize is the number of values of a clip.
func (o LoaderOptions) clipSize() int { return o.Scheme.Frames * o.Height * o.Width * o.Channels }

// cutter returns what decodes a random clip of an item and resizes a random box of it to its place in a batch, for one worker. Source:
// spec section 5.2.
func (l *Loader) cutter() func(ctx context.Context, batch *Batch, j slot, item int) error {
	var resizer frames.Resizer
	size := l.o.clipSize()
	return func(ctx context.Context, batch *Batch, j slot, item int) error {
		at := []uint64{uint64(j.epoch), uint64(j.place)}
		clip, err := l.clip(ctx, item, l.o.Scheme, l.o.Channels, seed.Rand(l.o.Seed, "frames", at...))
		if err != nil {
			return err
		}
		dst := video.Clip{T: clip.T, H: l.o.Height, W: l.o.Width, C: l.o.Channels, Pix: batch.Clips[j.n*size:][:size]}
		box := frames.DrawCrop(seed.Rand(l.o.Seed, "crop", at...), clip.W, clip.H, dst.W, dst.H)
		if err := resizer.Resize(dst, clip, frames.PillowBilinear, frames.Fill(box, dst.W, dst.H)); err != nil {
			return fmt.Errorf("video %s: %w", l.manifest.Items[item].Path, err)
		}
		return nil
	}
}
