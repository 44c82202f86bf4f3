// Package check tells whether a list of videos is fit for training: which files cannot be read, which will not do what is expected of
// them, which are the same video as others, and what is odd about labels and splits.
//
// Rows are read, checked and answered one after another; of each, at most about 700 bytes are kept: hashes of its path, name and content,
// and a print by which copies are recognised that were encoded anew, scaled, cut, mirrored or changed in part.
package check

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"videomae/dataset"
	"videomae/dataset/lists"
	"videomae/video"
)

// Options say what is asked of the videos.
type Options struct {
	Frames, Stride int     // of a training clip
	Size           int     // side in pixels of the model's input
	Classes        int     // how many there should be; 0: as many as there are
	MaxBadShare    float64 // share of unreadable videos that training accepts

	NearDuplicates bool                                    // look for the same pictures in different files
	Deep           func(context.Context, video.Info) error // decodes all frames and returns what is wrong with them; nil looks at some frames only
	Workers        int                                     // files checked at the same time; 0: one for each CPU
	Results        string                                  // file that keeps verdicts, so that a later run need not look at unchanged files again; "" keeps none
}

func (o Options) check() error {
	switch {
	case o.Frames < 1 || o.Stride < 1 || o.Size < 1:
		return fmt.Errorf("%d frames, stride %d and size %d must each be at least 1", o.Frames, o.Stride, o.Size)
	case o.Classes < 0 || o.Workers < 0:
		return fmt.Errorf("%d classes and %d workers must not be below 0", o.Classes, o.Workers)
	case !(o.MaxBadShare >= 0 && o.MaxBadShare <= 1):
		return fmt.Errorf("share of unreadable videos %v must be from 0 to 1", o.MaxBadShare)
	}
	return nil
}

// Run checks rows and gives each verdict, in the order of the list, to emit, whose error ends the run. Of two rows with the same video the
// later one has the finding.
//
// When ctx ends, the summary is that of the rows until then and the error is the context's. An error of the list as a whole, of the
// results' file or of the decoder itself ends the run likewise.
func Run(ctx context.Context, rows iter.Seq2[dataset.Item, error], d video.Decoder, o Options, emit func(Verdict) error) (Summary, error) {
	if err := o.check(); err != nil {
		return Summary{}, err
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	store, err := openStore(o.Results)
	if err != nil {
		return Summary{}, err
	}
	r := &run{o: o, store: store, twins: newTwins(store), tally: newTally(), emit: emit,
		examiner: examiner{decoder: d, deep: o.Deep, prints: o.NearDuplicates}}
	err = r.all(ctx, rows)
	if err == nil && r.tally.Rows == 0 {
		err = errors.New("the list has no videos")
	}
	s := r.tally.summary(o, r.twins)
	s.Interrupted = ctx.Err() != nil
	whole := &s
	if err != nil {
		whole = nil
	}
	return s, errors.Join(err, store.close(whole))
}

// run is a check in progress.
type run struct {
	o        Options
	store    *store
	twins    *twins
	tally    *tally
	examiner examiner
	emit     func(Verdict) error
}

// job is a row on its way.
type job struct {
	item   dataset.Item
	facts  Facts
	reused bool
	err    error
	done   chan struct{} // closed when facts or err are there
}

// all reads rows, has workers look at several files at once, and takes the results in the order of the list.
func (r *run) all(ctx context.Context, rows iter.Seq2[dataset.Item, error]) error {
	ctx, cancel := context.WithCancel(ctx)
	const ahead = 4 // jobs waiting for each worker, so that a slow file does not stop the others at once
	queue, jobs := make(chan *job, ahead*r.o.Workers), make(chan *job)
	go func() { // where reading the list hangs, as on a pipe, nobody waits for it
		defer close(queue)
		defer close(jobs)
		for item, err := range rows {
			j := &job{item: item, err: err, done: make(chan struct{})}
			if !send(ctx, queue, j) {
				return
			}
			if err != nil {
				close(j.done)
			} else if !send(ctx, jobs, j) {
				return
			}
		}
	}()
	var workers sync.WaitGroup
	defer workers.Wait() // after cancel: a worker's decoder may be closed when Run has ended
	defer cancel()
	for range r.o.Workers {
		workers.Go(func() { r.work(ctx, jobs) })
	}
	return r.collect(ctx, queue)
}

func (r *run) work(ctx context.Context, jobs <-chan *job) {
	for {
		select {
		case j, open := <-jobs:
			if !open {
				return
			}
			j.facts, j.reused, j.err = r.facts(ctx, j.item)
			close(j.done)
		case <-ctx.Done():
			return
		}
	}
}

func send(ctx context.Context, to chan<- *job, j *job) bool {
	select {
	case to <- j:
		return true
	case <-ctx.Done():
		return false
	}
}

// collect takes jobs in order until there are no more.
func (r *run) collect(ctx context.Context, queue <-chan *job) error {
	for {
		var j *job
		select {
		case next, open := <-queue:
			if !open {
				return ctx.Err()
			}
			j = next
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.take(j); err != nil {
			return err
		}
	}
}

// facts are those of an earlier run, or looked for.
func (r *run) facts(ctx context.Context, item dataset.Item) (f Facts, reused bool, err error) {
	f = stamp(item)
	if old, fits := r.store.recall(item, f, r.o.Deep != nil, r.o.NearDuplicates); fits {
		return old, true, nil
	}
	f, err = r.examiner.examine(ctx, item, f)
	return f, false, err
}

// take makes a row's verdict of what was found.
func (r *run) take(j *job) error {
	if j.err != nil && !lists.IsRow(j.err) {
		return j.err
	}
	v := Verdict{Row: r.tally.Rows + 1, Line: j.item.Row, Name: j.item.Name, Path: j.item.Path, Label: j.item.Label, Split: j.item.Split,
		First: j.item.First, Count: j.item.Count, Level: OK, Findings: []Finding{}, Facts: j.facts}
	if j.err != nil {
		v.add(Finding{Code: BadRow, Level: Error, What: j.err.Error(), Effect: "training does not begin", Remedy: "correct the row or remove it"})
		row := (*lists.RowError)(nil)
		errors.As(j.err, &row)
		v.Line = row.Row
	} else {
		r.o.judge(&v)
	}
	if err := r.twins.look(&v); err != nil {
		return err
	}
	if err := r.store.append(v); err != nil {
		return err
	}
	if j.reused {
		r.tally.Reused++
	}
	r.tally.add(v)
	v.Print = nil // of use to the next run only
	return r.emit(v)
}
