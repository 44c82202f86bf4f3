package dataset

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"videomae/seed"
	"videomae/video"
)

// ErrClosed is what Next returns after Close.
var ErrClosed = errors.New("loader is closed")

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

// Position is a place in the endless sequence of batches.
type Position struct{ Epoch, Step int }

// Batch is B clips, a process's share of a batch.
type Batch struct {
	Position
	Clips []uint8       // B*T*H*W*C values, in that order of axes
	Index []int         // place of each clip in the epoch's order, with Epoch the coordinates for further random draws in any process
	Items []Item        // what each clip was cut from
	Wait  time.Duration // how long Next waited for this batch

	buffers chan []uint8
}

// Release gives the memory of Clips back for later batches. The caller must have no use for it any more.
func (b *Batch) Release() {
	select {
	case b.buffers <- b.Clips:
	default: // enough are kept
	}
	b.Clips, b.buffers = nil, nil // a second Release sends to no channel
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
	manifest Manifest
	decoder  video.Decoder
	o        LoaderOptions
	steps    int
	share    int // clips of each batch that are this process's

	ctx     context.Context // ends with Close, an error, or the context given to NewLoader
	cancel  context.CancelCauseFunc
	running sync.WaitGroup
	queue   chan *pending // batches in order, as soon as begun
	jobs    chan job
	buffers chan []uint8
	infos   sync.Map // item number -> probed

	head *pending // first of the queue, kept over a Next that was interrupted
	bad  badItems
}

// pending is a batch in the making.
type pending struct {
	batch   Batch
	order   []int // of the epoch
	samples []sampled
	left    atomic.Int32 // clips not yet filled
	done    chan struct{}
}

// job is one clip of a pending batch.
type job struct {
	p *pending
	b int
}

// Steps is the number of batches in an epoch over n items.
func Steps(n, batch int) (int, error) {
	if batch < 1 {
		return 0, fmt.Errorf("batch size %d must be at least 1", batch)
	}
	if n < batch {
		return 0, fmt.Errorf("a batch of %d clips needs at least as many videos, and there are %d: choose a batch of at most %d, or give more videos", batch, n, n)
	}
	return n / batch, nil
}

// NewLoader starts a loader whose first batch is the one at start. Close it after use.
func NewLoader(ctx context.Context, m Manifest, d video.Decoder, o LoaderOptions, start Position) (*Loader, error) {
	steps, err := Steps(len(m.Items), o.Batch)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", m.Source, err)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if start.Epoch < 0 || start.Step < 0 || start.Step > steps {
		return nil, fmt.Errorf("loader: no position epoch %d, step %d; an epoch has %d steps", start.Epoch, start.Step, steps)
	}
	o.Ranks = max(1, o.Ranks)
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Prefetch == 0 {
		o.Prefetch = 2
	}
	l := &Loader{manifest: m, decoder: d, o: o, steps: steps, share: o.Batch / o.Ranks,
		queue: make(chan *pending, o.Prefetch), jobs: make(chan job), buffers: make(chan []uint8, o.Prefetch+2),
		bad: newBadItems(m, o.MaxBadShare)}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.running.Go(func() { l.dispatch(start) })
	for range o.Workers {
		l.running.Go(l.work)
	}
	return l, nil
}

func (o LoaderOptions) check() error {
	for _, c := range []struct {
		name       string
		value, min int
	}{{"height", o.Height, 1}, {"width", o.Width, 1}, {"workers", o.Workers, 0}, {"prefetch", o.Prefetch, 0}, {"rank", o.Rank, 0}, {"ranks", o.Ranks, 0}} {
		if c.value < c.min {
			return fmt.Errorf("loader: %s is %d, must be at least %d", c.name, c.value, c.min)
		}
	}
	if err := o.Scheme.Check(); err != nil {
		return fmt.Errorf("loader: %w", err)
	}
	if ranks := max(1, o.Ranks); o.Rank >= ranks || o.Batch%ranks != 0 {
		return fmt.Errorf("loader: no share %d of %d: a batch of %d clips is shared equally, and shares count from 0", o.Rank, ranks, o.Batch)
	}
	if o.Channels != 1 && o.Channels != 3 {
		return fmt.Errorf("loader: %d channels; can be 1 (grey) or 3 (RGB)", o.Channels)
	}
	if !(o.MaxBadShare >= 0 && o.MaxBadShare <= 1) {
		return fmt.Errorf("loader: share of unreadable items %v must lie between 0 and 1", o.MaxBadShare)
	}
	return nil
}

// Steps is the number of batches in an epoch.
func (l *Loader) Steps() int { return l.steps }

// Next returns the next batch. It fails for good when more items are unreadable than MaxBadShare allows, with a list of them. An
// interrupted call (ctx) loses no batch. Calls must not overlap.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	began := time.Now()
	if l.head == nil {
		select {
		case l.head = <-l.queue:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.ctx.Done():
			return nil, context.Cause(l.ctx)
		}
	}
	select {
	case <-l.head.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ctx.Done():
		return nil, context.Cause(l.ctx)
	}
	if l.ctx.Err() != nil { // the batch may be done for being abandoned
		return nil, context.Cause(l.ctx)
	}
	p := l.head
	l.head = nil
	for b, s := range p.samples {
		if err := l.account(s); err != nil {
			l.cancel(err)
			return nil, err
		}
		p.batch.Items[b] = l.manifest.Items[s.item]
	}
	p.batch.Wait = time.Since(began)
	return &p.batch, nil
}

// account books what a sample found unreadable, and fails where the run must end. That Next does it, batch after batch, makes the moment of failure the same for any number of workers.
func (l *Loader) account(s sampled) error {
	for _, f := range s.failures {
		if l.bad.add(f) && l.o.Report != nil {
			l.o.Report(f)
		}
	}
	if s.fatal != nil {
		return s.fatal
	}
	return l.bad.verdict(s.item < 0)
}

// Failures returns the items found unreadable in the batches so far, each with its first reason. It must not overlap with Next.
func (l *Loader) Failures() []Failure { return l.bad.list() }

// Close ends all work and returns when it has ended.
func (l *Loader) Close() {
	l.cancel(ErrClosed)
	l.running.Wait()
}

// dispatch begins one batch after another, as far ahead as the queue has room.
func (l *Loader) dispatch(at Position) {
	defer close(l.jobs)
	var order []int
	for known := -1; ; at.Step++ {
		if at.Step >= l.steps {
			at = Position{Epoch: at.Epoch + 1}
		}
		if at.Epoch != known {
			order, known = seed.Rand(l.o.Seed, "shuffle", uint64(at.Epoch)).Perm(len(l.manifest.Items)), at.Epoch
		}
		p := l.begin(at, order)
		select {
		case l.queue <- p:
		case <-l.ctx.Done():
			return
		}
		for b := range p.samples {
			select {
			case l.jobs <- job{p, b}:
			case <-l.ctx.Done():
				return
			}
		}
	}
}

// begin makes room for the batch at a position.
func (l *Loader) begin(at Position, order []int) *pending {
	n := l.share
	p := &pending{order: order, samples: make([]sampled, n), done: make(chan struct{}),
		batch: Batch{Position: at, Index: make([]int, n), Items: make([]Item, n), buffers: l.buffers}}
	select {
	case p.batch.Clips = <-l.buffers:
	default:
		p.batch.Clips = make([]uint8, n*l.clipSize())
	}
	for b := range p.batch.Index {
		p.batch.Index[b] = at.Step*l.o.Batch + l.o.Rank*n + b
	}
	p.left.Store(int32(n))
	return p
}

// work fills clips until there are none left to fill.
func (l *Loader) work() {
	size := l.clipSize()
	for j := range l.jobs {
		dst := video.Clip{T: l.o.Scheme.Frames, H: l.o.Height, W: l.o.Width, C: l.o.Channels, Pix: j.p.batch.Clips[j.b*size:][:size]}
		j.p.samples[j.b] = l.sample(j.p.order, j.p.batch.Epoch, j.p.batch.Index[j.b], dst)
		if j.p.left.Add(-1) == 0 {
			close(j.p.done)
		}
	}
}

func (l *Loader) clipSize() int { return l.o.Scheme.Frames * l.o.Height * l.o.Width * l.o.Channels }
