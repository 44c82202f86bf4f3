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

// Position is a place in the endless sequence of batches.
type Position struct{ Epoch, Step int }

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

// feed makes batches of type B ahead of their use: what loaders have in common. Its options are a LoaderOptions, for what they say of a
// sequence of batches.
type feed[B any] struct {
	reader
	o     LoaderOptions
	kind  kind[B]
	at    Position // of the first batch
	steps int
	share int // videos of each batch that are this process's

	ctx     context.Context // ends with Close, an error, or the context given at the start
	cancel  context.CancelCauseFunc
	running sync.WaitGroup
	queue   chan *pending[B] // batches in order, as soon as begun
	jobs    chan job[B]

	head *pending[B] // first of the queue, kept over a next that was interrupted
	bad  badItems
}

// kind is how batches of type B are made. Its functions run in several goroutines at a time.
type kind[B any] struct {
	begin  func(at Position, index []int) B                                  // makes room for a batch of the videos at places of the epoch's order
	filler func() func(ctx context.Context, batch B, j slot, item int) error // gives a worker what fills a slot from an item
	finish func(batch B, items []int) error                                  // after the last slot of a batch, whose videos are items; may be nil
}

// slot is a video's place in its batch, counted within the process's share, and its coordinates in the sequence.
type slot struct{ n, epoch, place int }

// pending is a batch in the making.
type pending[B any] struct {
	batch B
	at    Position
	order []int // of the epoch
	index []int // places in it
	items []Item
	wait  time.Duration

	samples []sampled
	left    atomic.Int32 // slots not yet filled
	failed  error        // of finish
	done    chan struct{}
}

// job is one slot of a pending batch.
type job[B any] struct {
	p *pending[B]
	n int
}

// newFeed makes a feed, which start starts, whose first batch is the one at a position.
func newFeed[B any](ctx context.Context, m Manifest, d video.Decoder, o LoaderOptions, k kind[B], at Position) (*feed[B], error) {
	steps, err := Steps(len(m.Items), o.Batch)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", m.Source, err)
	}
	if at.Epoch < 0 || at.Step < 0 || at.Step > steps {
		return nil, fmt.Errorf("loader: no position epoch %d, step %d; an epoch has %d steps", at.Epoch, at.Step, steps)
	}
	f := &feed[B]{reader: reader{manifest: m, decoder: d}, o: o, kind: k, at: at, steps: steps, share: o.Batch / o.Ranks,
		queue: make(chan *pending[B], o.Prefetch), jobs: make(chan job[B]), bad: newBadItems(m, o.MaxBadShare)}
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	return f, nil
}

// start begins the work.
func (f *feed[B]) start() {
	f.running.Go(func() { f.dispatch(f.at) })
	for range f.o.Workers {
		f.running.Go(f.work)
	}
}

// filled is the options with what is left to the loader filled in.
func (o LoaderOptions) filled() LoaderOptions {
	o.Ranks = max(1, o.Ranks)
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Prefetch == 0 {
		o.Prefetch = 2
	}
	return o
}

// Steps is the number of batches in an epoch.
func (f *feed[B]) Steps() int { return f.steps }

// next returns the next batch. It fails for good when more items are unreadable than MaxBadShare allows, with a list of them. An
// interrupted call (ctx) loses no batch. Calls must not overlap.
func (f *feed[B]) next(ctx context.Context) (*pending[B], error) {
	began := time.Now()
	if f.head == nil {
		select {
		case f.head = <-f.queue:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.ctx.Done():
			return nil, context.Cause(f.ctx)
		}
	}
	select {
	case <-f.head.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.ctx.Done():
		return nil, context.Cause(f.ctx)
	}
	if f.ctx.Err() != nil { // the batch may be done for being abandoned
		return nil, context.Cause(f.ctx)
	}
	p := f.head
	f.head = nil
	if err := f.account(p); err != nil {
		f.cancel(err)
		return nil, err
	}
	for n, s := range p.samples {
		p.items[n] = f.manifest.Items[s.item]
	}
	p.wait = time.Since(began)
	return p, nil
}

// account books what a batch found unreadable, and fails where the run must end. That next does it, batch after batch, makes the moment of
// failure the same for any number of workers.
func (f *feed[B]) account(p *pending[B]) error {
	for _, s := range p.samples {
		for _, failure := range s.failures {
			if f.bad.add(failure) && f.o.Report != nil {
				f.o.Report(failure)
			}
		}
		if s.fatal != nil {
			return s.fatal
		}
		if err := f.bad.verdict(s.item < 0); err != nil {
			return err
		}
	}
	return p.failed
}

// Failures returns the items found unreadable in the batches so far, each with its first reason. It must not overlap with Next.
func (f *feed[B]) Failures() []Failure { return f.bad.list() }

// Close ends all work and returns when it has ended.
func (f *feed[B]) Close() {
	f.cancel(ErrClosed)
	f.running.Wait()
}

// dispatch begins one batch after another, as far ahead as the queue has room.
func (f *feed[B]) dispatch(at Position) {
	defer close(f.jobs)
	var order []int
	for known := -1; ; at.Step++ {
		if at.Step >= f.steps {
			at = Position{Epoch: at.Epoch + 1}
		}
		if at.Epoch != known {
			order, known = seed.Rand(f.o.Seed, "shuffle", uint64(at.Epoch)).Perm(len(f.manifest.Items)), at.Epoch
		}
		p := f.begin(at, order)
		select {
		case f.queue <- p:
		case <-f.ctx.Done():
			return
		}
		for n := range p.samples {
			select {
			case f.jobs <- job[B]{p, n}:
			case <-f.ctx.Done():
				return
			}
		}
	}
}

// begin makes room for the batch at a position.
func (f *feed[B]) begin(at Position, order []int) *pending[B] {
	n := f.share
	p := &pending[B]{at: at, order: order, index: make([]int, n), items: make([]Item, n), samples: make([]sampled, n), done: make(chan struct{})}
	for i := range p.index {
		p.index[i] = at.Step*f.o.Batch + f.o.Rank*n + i
	}
	p.batch = f.kind.begin(at, p.index)
	p.left.Store(int32(n))
	return p
}

// work fills slots until there are none left to fill.
func (f *feed[B]) work() {
	fill := f.kind.filler()
	for j := range f.jobs {
		at := slot{j.n, j.p.at.Epoch, j.p.index[j.n]}
		j.p.samples[j.n] = f.sample(j.p.order, at.place, func(item int) error { return fill(f.ctx, j.p.batch, at, item) })
		if j.p.left.Add(-1) == 0 {
			j.p.failed = f.finish(j.p)
			close(j.p.done)
		}
	}
}

// finish ends the making of a batch all of whose slots are filled.
func (f *feed[B]) finish(p *pending[B]) error {
	items := make([]int, len(p.samples))
	for n, s := range p.samples {
		if s.item < 0 { // the batch is lost
			return nil
		}
		items[n] = s.item
	}
	if f.kind.finish == nil {
		return nil
	}
	return f.kind.finish(p.batch, items)
}
