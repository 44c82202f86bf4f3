package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type job func(task, worker int)

func (j job) Do(task, worker int) { j(task, worker) }

func TestEveryTaskRunsOnceAndNoWorkerTwiceAtOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		p := New(workers)
		for _, tasks := range []int{0, 1, 2, 7, 1000} {
			counts := make([]atomic.Int32, tasks)
			inUse := make([]atomic.Int32, workers)
			p.Run(tasks, job(func(task, worker int) {
				if inUse[worker].Add(1) != 1 {
					t.Errorf("worker %d is in use twice", worker)
				}
				counts[task].Add(1)
				inUse[worker].Add(-1)
			}))
			for task := range counts {
				if got := counts[task].Load(); got != 1 {
					t.Errorf("%d workers: task %d of %d ran %d times", workers, task, tasks, got)
				}
			}
		}
		p.Close()
	}
}

func TestManyJobsFromManyGoroutines(t *testing.T) {
	p := New(3)
	defer p.Close()
	var total atomic.Int64
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 2000 {
				p.Run(5, job(func(int, int) { total.Add(1) }))
			}
		})
	}
	callers.Wait()
	if got := total.Load(); got != 4*2000*5 {
		t.Errorf("%d tasks ran, want %d", got, 4*2000*5)
	}
}

func TestPanicReachesTheCallerAndThePoolLivesOn(t *testing.T) {
	p := New(4)
	defer p.Close()
	for round := range 50 {
		thrown := func() (thrown any) {
			defer func() { thrown = recover() }()
			p.Run(100, job(func(task, _ int) {
				if task == round {
					panic("broken")
				}
			}))
			return nil
		}()
		if thrown != "broken" {
			t.Fatalf("round %d: %v was thrown, want the task's panic", round, thrown)
		}
	}
	var ran atomic.Int32
	p.Run(10, job(func(int, int) { ran.Add(1) }))
	if ran.Load() != 10 {
		t.Errorf("after a panic %d of 10 tasks ran", ran.Load())
	}
}

func TestIdleWorkersSleepAndCloseEndsThem(t *testing.T) {
	before := runtime.NumGoroutine()
	p := New(8)
	p.Run(100, job(func(int, int) {}))
	time.Sleep(50 * time.Millisecond)
	p.Close()
	p.Close()
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines are left of %d", after, before)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := New(2)
	defer p.Close()
	work := job(func(int, int) {})
	var boxed Job = work
	if n := testing.AllocsPerRun(100, func() { p.Run(8, boxed) }); n > 0 {
		t.Errorf("a job allocates %v times", n)
	}
}

// Workers begin with the same share of every job, so that they find its memory in their caches.
func TestWorkersBeginWithTheirShare(t *testing.T) {
	const workers = 3
	p := New(workers)
	defer p.Close()
	for range 20 {
		var begun sync.WaitGroup
		begun.Add(workers)
		took := make([]int, workers)
		p.Run(workers, job(func(task, worker int) {
			took[task] = worker
			begun.Done()
			begun.Wait()
		}))
		for task, worker := range took {
			if task != worker {
				t.Fatalf("worker %d took task %d", worker, task)
			}
		}
	}
}
