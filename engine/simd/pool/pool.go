// Package pool runs the parts of one computation on a fixed set of goroutines.
//
// A job is cut into numbered tasks before it starts, by its shape alone. Which worker takes which task is left to chance, so a
// job whose tasks write to different places gives the same bits on any number of workers. There is no queue and no waiting
// between tasks: a pool runs one job at a time and a task starts no job, so nothing can wait for itself.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Job is work cut into tasks. Do is called once for each task, by several workers at a time; worker counts from 0 and is
// never in use twice at once, so that it can index scratch memory.
type Job interface{ Do(task, worker int) }

// spin is how long a worker looks for the next job before it sleeps: longer than most pauses between two jobs of a step, far
// shorter than anything a user would notice.
const spin = 100 * time.Microsecond

// Pool is a fixed set of workers. The goroutine that calls Run is worker 0.
type Pool struct {
	workers int
	wake    []chan struct{} // one for each sleeping worker, from 1

	job   Job
	tasks int64
	next  []counter     // of each worker's share of the tasks, the one to be taken next
	epoch atomic.Uint64 // jobs started
	busy  atomic.Int64  // workers that have not finished the current job
	idle  chan struct{} // told when the last of them has

	mutex  sync.Mutex // one Run at a time
	failed atomic.Pointer[failure]
	closed atomic.Bool
	ended  sync.WaitGroup
}

// counter has two cache lines of its own, as CPUs fetch them in pairs.
type counter struct {
	atomic.Int64
	_ [120]byte
}

type failure struct{ thrown any }

// New starts a pool; workers of 0 or less stands for all cores that this process may use. Close ends it.
func New(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{workers: workers, idle: make(chan struct{}, 1), wake: make([]chan struct{}, workers), next: make([]counter, workers)}
	for worker := 1; worker < workers; worker++ {
		p.wake[worker] = make(chan struct{}, 1)
		p.ended.Add(1)
		go p.serve(worker)
	}
	return p
}

// Workers is the number of goroutines that tasks run on.
func (p *Pool) Workers() int { return p.workers }

// Run does all tasks of a job and returns when they are done. A panic in a task is thrown again here, after the other
// workers have come to rest. Tasks must not call Run.
func (p *Pool) Run(tasks int, job Job) {
	if tasks <= 0 {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.job, p.tasks = job, int64(tasks)
	for share := range p.next {
		p.next[share].Store(p.begin(share))
	}
	if tasks > 1 && p.workers > 1 {
		p.busy.Store(int64(p.workers - 1))
		p.epoch.Add(1)
		for worker := 1; worker < p.workers; worker++ {
			select {
			case p.wake[worker] <- struct{}{}:
			default: // it has a wake-up call already
			}
		}
		p.work(0)
		p.rest()
	} else {
		p.work(0)
	}
	p.job = nil
	if f := p.failed.Swap(nil); f != nil {
		panic(f.thrown)
	}
}

// Close ends the workers and waits for them.
func (p *Pool) Close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed.Swap(true) {
		return
	}
	for worker := 1; worker < p.workers; worker++ {
		close(p.wake[worker])
	}
	p.ended.Wait()
}

// rest waits until the other workers have finished the current job: on the spot for a moment, then asleep.
func (p *Pool) rest() {
	for begin := time.Now(); time.Since(begin) < spin; {
		if p.busy.Load() == 0 {
			break
		}
	}
	<-p.idle
}

func (p *Pool) serve(worker int) {
	defer p.ended.Done()
	var done uint64
	for {
		for begin := time.Now(); p.epoch.Load() == done && time.Since(begin) < spin; {
		}
		for p.epoch.Load() == done {
			if _, open := <-p.wake[worker]; !open {
				return
			}
		}
		done++
		p.work(worker)
		if p.busy.Add(-1) == 0 {
			p.idle <- struct{}{}
		}
	}
}

// begin is the first task of a worker's share.
func (p *Pool) begin(worker int) int64 { return int64(worker) * p.tasks / int64(p.workers) }

// work takes the tasks of the worker's share, then what is left of others'. So a worker finds most of what it reads in its own cache, as
// one job after another is cut along the same rows. After a panic the remaining tasks are dropped.
func (p *Pool) work(worker int) {
	defer func() {
		if thrown := recover(); thrown != nil {
			p.failed.CompareAndSwap(nil, &failure{thrown})
			for share := range p.next {
				p.next[share].Store(p.tasks)
			}
		}
	}()
	for i := range p.workers {
		share := (worker + i) % p.workers
		next, end := &p.next[share], p.begin(share+1)
		for next.Load() < end {
			task := next.Add(1) - 1
			if task >= end {
				break
			}
			p.job.Do(int(task), worker)
		}
	}
}
