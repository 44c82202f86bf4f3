package isolated

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"videomae/video"
)

// fault is a call that hung or killed its worker.
type fault struct{ reason string }

func (f *fault) Error() string { return f.reason }

// call has a worker answer a request about a file, and once more, by a fresh worker, if the first hangs or dies. take receives the
// answer with the request's bytes of shared memory, which it must not keep.
func (d *Decoder) call(ctx context.Context, path string, r request, take func(answer, []byte) error) error {
	if reason, known := d.quarantine.Reason(path); known {
		return fmt.Errorf("video %s: quarantined: %s", path, reason)
	}
	err := d.once(ctx, r, take)
	first := (*fault)(nil)
	if !errors.As(err, &first) {
		return err
	}
	d.retries.Add(1)
	err = d.once(ctx, r, take)
	second := (*fault)(nil)
	if !errors.As(err, &second) {
		return err
	}
	reason := second.reason + ", twice"
	if first.reason != second.reason {
		reason = first.reason + ", then " + second.reason
	}
	d.quarantined.Add(1)
	if err := d.quarantine.Add(path, reason); err != nil {
		reason += fmt.Sprintf(" (and the list of quarantined files could not be written: %v)", err)
	}
	return fmt.Errorf("video %s: quarantined: %s", path, reason)
}

// once has a worker answer a request. The error is a *fault if it hung or died.
func (d *Decoder) once(ctx context.Context, r request, take func(answer, []byte) error) error {
	w, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	fine := false
	defer func() { d.release(w, fine) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	r.Deadline = d.o.Deadline
	a, err := w.ask(ctx, r)
	switch {
	case d.ctx.Err() != nil:
		return errClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case a.Late:
		fine = true
		return late(d.o.Deadline)
	case a.Error != "":
		fine = true
		return decoderError(a.Error)
	}
	if err := take(a, w.memory.bytes(r.Bytes)); err != nil {
		return &fault{"its worker gave a wrong answer: " + err.Error()}
	}
	fine = true
	return nil
}

func late(deadline time.Duration) *fault {
	return &fault{fmt.Sprintf("it takes longer than %v to decode", deadline)}
}

// acquire waits for a worker's turn, and starts one where none is idle and more may be.
func (d *Decoder) acquire(ctx context.Context) (*worker, error) {
	if d.ctx.Err() != nil {
		return nil, errClosed
	}
	var w *worker
	select {
	case w = <-d.idle:
	default:
		select {
		case w = <-d.idle:
		case <-d.vacant:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-d.ctx.Done():
			return nil, errClosed
		}
	}
	if w != nil && !w.dead() {
		return w, nil
	}
	if w != nil { // died between two calls, which is no file's fault
		w.closeFiles()
	}
	w, err := d.start()
	if err != nil {
		d.vacant <- struct{}{}
	}
	return w, err
}

// release ends a worker's turn, and the worker if it is not fine or has served its time.
func (d *Decoder) release(w *worker, fine bool) {
	switch {
	case !fine:
		w.kill()
		d.vacant <- struct{}{}
	case w.calls >= d.o.Calls || w.held > d.o.Held || w.memory.size() > d.o.Held:
		d.recycled.Add(1)
		w.retire()
		d.vacant <- struct{}{}
	default:
		d.idle <- w
	}
}

// start starts a worker, with a pause and another try where the system is short of something for a moment.
func (d *Decoder) start() (*worker, error) {
	const tries = 3
	for try := 1; ; try++ {
		w, err := startWorker(d.ctx, d.o)
		if err == nil {
			d.started.Add(1)
			return w, nil
		}
		if try == tries || d.ctx.Err() != nil || d.started.Load() == 0 {
			return nil, fmt.Errorf("%w: worker process: %w", video.ErrUnavailable, err)
		}
		select {
		case <-time.After(time.Duration(try) * 500 * time.Millisecond):
		case <-d.ctx.Done():
		}
	}
}

// decoderError is the error whose text a worker's decoder gave, with the reason that callers ask for behind it.
func decoderError(text string) error {
	if before, ok := strings.CutSuffix(text, video.ErrNoFrames.Error()); ok {
		return fmt.Errorf("%s%w", before, video.ErrNoFrames)
	}
	return errors.New(text)
}
