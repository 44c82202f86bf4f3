// Package isolated runs a video decoder in worker processes. A file that makes the decoder hang, crash or take all memory costs a
// worker, not the program: the worker is ended and replaced, the call is made once more, and a file that fails so twice is quarantined.
//
// A worker is a process of any program that calls Serve with Inherited files, as the hidden verb decode-worker of the command does. Requests and
// answers, a few hundred bytes each, go through pipes; frames come back through memory that both processes map. A worker whose
// program has gone sees its pipe closed and ends.
package isolated

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"videomae/video"
)

// What Options has where it is zero.
const (
	DefaultDeadline = time.Minute
	DefaultCalls    = 2000
	DefaultMemory   = 2 << 30
	DefaultHeld     = 512 << 20
)

// Options say how a decoder is isolated.
type Options struct {
	Command    []string      // program, and arguments with which it calls Serve
	Workers    int           // processes that decode at once (0: one for each CPU)
	Deadline   time.Duration // longest that one call may take
	Calls      int           // a worker is replaced after so many calls...
	Held       int64         // ...or when it holds so many bytes between two of them, so that what a decoder leaks does not add up
	Memory     int64         // bytes that a worker may take at most (enforced on Linux), and half of them a clip
	Quarantine *Quarantine   // files not to be tried, which grows; nil begins an empty one that is not written
}

// Stats count what has happened to workers so far.
type Stats struct {
	Started     int64 // processes
	Retries     int64 // calls made once more, because the worker hung or died in the first
	Recycled    int64 // workers replaced for their number of calls or their memory
	Quarantined int64 // files
}

// Decoder decodes in worker processes. Close it after use.
type Decoder struct {
	o          Options
	name       string
	idle       chan *worker  // waiting for a call
	vacant     chan struct{} // one for each process that may be started besides
	quarantine *Quarantine

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	closing sync.Once

	started, retries, recycled, quarantined atomic.Int64
}

// errClosed is why calls fail after Close.
var errClosed = fmt.Errorf("%w: the decoder is closed", video.ErrUnavailable)

// New starts the first worker, so that a command that cannot work is found at once.
func New(o Options) (*Decoder, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	d := &Decoder{o: o, idle: make(chan *worker, o.Workers), vacant: make(chan struct{}, o.Workers), quarantine: o.Quarantine}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	first, err := d.start()
	if err != nil {
		d.cancel()
		return nil, err
	}
	d.name = first.name
	d.idle <- first
	for range o.Workers - 1 {
		d.vacant <- struct{}{}
	}
	return d, nil
}

func (o Options) complete() (Options, error) {
	if len(o.Command) == 0 {
		return o, errors.New("isolated decoder: no command")
	}
	if o.Workers < 0 || o.Deadline < 0 || o.Calls < 0 || o.Held < 0 || o.Memory < 0 {
		return o, fmt.Errorf("isolated decoder: a limit is negative: %+v", o)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Deadline == 0 {
		o.Deadline = DefaultDeadline
	}
	if o.Calls == 0 {
		o.Calls = DefaultCalls
	}
	if o.Held == 0 {
		o.Held = DefaultHeld
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.Quarantine == nil {
		o.Quarantine = &Quarantine{}
	}
	return o, nil
}

// Name is that of the decoder which the workers run.
func (d *Decoder) Name() string { return d.name }

// Stats returns the counts so far.
func (d *Decoder) Stats() Stats {
	return Stats{Started: d.started.Load(), Retries: d.retries.Load(), Recycled: d.recycled.Load(), Quarantined: d.quarantined.Load()}
}

// Probe asks a worker.
func (d *Decoder) Probe(ctx context.Context, path string) (info video.Info, err error) {
	err = d.call(ctx, path, request{Path: []byte(path)}, func(a answer, _ []byte) error {
		if a.Info == nil {
			return errors.New("no description")
		}
		info = *a.Info
		info.Path = path
		return nil
	})
	return info, err
}

// Frames asks a worker, and copies what it decoded.
func (d *Decoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (clip video.Clip, err error) {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	size := int64(layout.H) * int64(layout.W) * int64(out.Channels) // of a frame; sides are below 2^31
	if size > d.o.Memory/2/int64(len(indices)) {
		return video.Clip{}, fmt.Errorf("video %s: %d frames of %dx%d would take more than the %d MiB that a clip may", info.Path, len(indices), layout.W, layout.H, d.o.Memory>>21)
	}
	size *= int64(len(indices))
	err = d.call(ctx, info.Path, request{Path: []byte(info.Path), Info: &info, Indices: indices, Out: out, Bytes: size}, func(_ answer, shared []byte) error {
		clip = video.NewClip(len(indices), layout.H, layout.W, out.Channels)
		copy(clip.Pix, shared)
		return nil
	})
	return clip, err
}

// Close ends all calls and workers.
func (d *Decoder) Close() {
	d.closing.Do(func() {
		d.cancel()
		for range d.o.Workers {
			select {
			case w := <-d.idle:
				w.retire()
				<-w.ended
			case <-d.vacant:
			}
		}
	})
}
