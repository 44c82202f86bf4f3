package isolated

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	startTime = 30 * time.Second // that a worker has until its first answer
	lastTime  = time.Second      // that a worker has to end by itself, or to answer that it is late
)

// worker is a process, as seen from the program that started it.
type worker struct {
	name     string // of its decoder
	process  *os.Process
	requests *os.File
	answers  *os.File
	memory   *memory
	calls    int
	held     int64 // bytes, by its last answer

	ended chan struct{} // closed once the process is gone and waited for
	state string        // how it ended; readable then
	log   tail          // what it printed; readable then
	close sync.Once
}

// startWorker starts a process and waits until it can decode.
func startWorker(ctx context.Context, o Options) (w *worker, err error) {
	w = &worker{ended: make(chan struct{})}
	if w.memory, err = newMemory(); err != nil {
		return nil, err
	}
	theirs, err := w.pipes()
	if err != nil {
		w.memory.close()
		return nil, err
	}
	cmd := exec.Command(o.Command[0], o.Command[1:]...)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=none") // the reason of a crash is its first line
	cmd.ExtraFiles = []*os.File{theirs[0], theirs[1], w.memory.file}
	cmd.Stderr = &w.log
	cmd.WaitDelay = lastTime
	ownGroup(cmd)
	err = cmd.Start()
	theirs[0].Close()
	theirs[1].Close()
	if err != nil {
		w.closeFiles()
		return nil, err
	}
	w.process = cmd.Process
	go w.wait(cmd)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first, err := w.ask(ctx, request{Memory: o.Memory, Deadline: startTime})
	if err == nil && first.Error != "" {
		err = errors.New(first.Error)
	}
	if err != nil {
		w.kill()
		return nil, fmt.Errorf("%s: %w", o.Command[0], err)
	}
	w.name, w.calls = first.Name, 0
	return w, nil
}

// pipes opens both pipes and returns the ends of the worker.
func (w *worker) pipes() (theirs [2]*os.File, err error) {
	if theirs[0], w.requests, err = os.Pipe(); err != nil {
		return theirs, err
	}
	if w.answers, theirs[1], err = os.Pipe(); err != nil {
		theirs[0].Close()
		w.requests.Close()
	}
	return theirs, err
}

// wait takes note of the process's end, whenever it comes, so that none stays a zombie.
func (w *worker) wait(cmd *exec.Cmd) {
	err := cmd.Wait()
	w.state = "ended"
	if err != nil {
		w.state = fmt.Sprintf("ended (%v)", err)
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		w.state = fmt.Sprintf("was killed by signal %d (%v)", int(status.Signal()), status.Signal())
	}
	close(w.ended)
}

func (w *worker) dead() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// ask sends a request and waits for the answer, no longer than ctx and the request's deadline. The error is a *fault unless ctx ended.
func (w *worker) ask(ctx context.Context, r request) (answer, error) {
	w.calls++
	if err := w.memory.grow(r.Bytes); err != nil {
		return answer{}, fmt.Errorf("memory for frames: %w", err)
	}
	message, err := encode(r)
	if err != nil {
		return answer{}, err
	}
	w.limit(time.Now().Add(r.Deadline + lastTime))
	defer context.AfterFunc(ctx, func() { w.limit(time.Unix(1, 0)) })()
	a, err := w.exchange(message)
	switch {
	case err == nil:
		w.held = a.Held
		return a, nil
	case ctx.Err() != nil:
		return a, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return a, late(r.Deadline)
	case errors.Is(err, errFormat):
		return a, &fault{"its worker gave a wrong answer: " + err.Error()}
	}
	return a, &fault{"its worker " + w.epitaph()}
}

// limit sets the moment when reading and writing stop.
func (w *worker) limit(t time.Time) {
	_ = w.requests.SetDeadline(t) // pipes have deadlines, and closed ones need none
	_ = w.answers.SetDeadline(t)
}

func (w *worker) exchange(message []byte) (a answer, err error) {
	if _, err = w.requests.Write(message); err == nil {
		err = receive(w.answers, &a)
	}
	return a, err
}

// epitaph tells how a worker that closed its pipe ended, after making sure that it has.
func (w *worker) epitaph() string {
	if !w.waited() {
		w.kill()
		if !w.waited() {
			return "does not answer and cannot be ended"
		}
	}
	if log := w.log.String(); log != "" {
		return w.state + ": " + log
	}
	return w.state
}

// waited tells whether the process has ended, or does shortly.
func (w *worker) waited() bool {
	select {
	case <-w.ended:
		return true
	case <-time.After(lastTime):
		return false
	}
}

// kill ends the process at once.
func (w *worker) kill() {
	if !w.dead() {
		endGroup(w.process)
	}
	w.waited() // in nearly no time, but for one that waits for a broken disk
	w.closeFiles()
}

// retire lets the process end by itself, and helps if it does not.
func (w *worker) retire() {
	w.closeFiles()
	go func() {
		if !w.waited() {
			endGroup(w.process)
		}
	}()
}

func (w *worker) closeFiles() {
	w.close.Do(func() {
		w.requests.Close()
		w.answers.Close()
		w.memory.close()
	})
}
