//go:build unix

package isolated

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"videomae/video"
)

// command is the tests' own program in a role.
func command(role string) []string { return []string{"env", roleEnv + "=" + role, os.Args[0]} }

func open(t *testing.T, o Options) *Decoder {
	t.Helper()
	if o.Command == nil {
		o.Command = command("worker")
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// children are the processes that the tests have started and not waited for.
func children() (pids []int) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil { // a small system without ps
		stats, _ := filepath.Glob("/proc/[0-9]*/stat") // a sound pattern
		for _, stat := range stats {
			text, err := os.ReadFile(stat)
			var pid, parent int
			var state string
			if _, after, ok := strings.Cut(string(text), ") "); err == nil && ok {
				_, _ = fmt.Sscan(string(text), &pid)
				_, _ = fmt.Sscan(after, &state, &parent)
			}
			if parent == os.Getpid() {
				pids = append(pids, pid)
			}
		}
		return pids
	}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		if _, err := fmt.Sscan(line, &pid, &parent); err == nil && parent == os.Getpid() && syscall.Kill(pid, 0) == nil { // ps itself has ended
			pids = append(pids, pid)
		}
	}
	return pids
}

var (
	ctx     = context.Background()
	indices = []int{3, 7, 7, 50}
)

// read decodes a file of a name, which need not exist.
func read(d *Decoder, name string) (video.Clip, error) {
	info, err := d.Probe(ctx, name)
	if err != nil {
		return video.Clip{}, err
	}
	return d.Frames(ctx, info, indices, video.RGB)
}

// checkGood fails unless frames come as they should.
func checkGood(t *testing.T, d *Decoder, name string) {
	t.Helper()
	clip, err := read(d, name)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := scripted{}.Probe(ctx, name) // of a name that is not "probe-"
	if want := painted(info, indices, video.RGB); clip.String() != want.String() || !bytes.Equal(clip.Pix, want.Pix) {
		t.Fatalf("%s: clip %v differs from %v", name, clip, want)
	}
}

func TestFramesAndErrorsAreTheDecoders(t *testing.T) {
	d := open(t, Options{})
	if d.Name() != "scripted" {
		t.Errorf("name %q", d.Name())
	}
	for _, name := range []string{"a", "large", "b", "\xff\xfe not UTF-8 \x00\n\"", "large2", strings.Repeat("long", 1000)} {
		checkGood(t, d, name)
	}
	info, err := d.Probe(ctx, "some")
	if want, _ := (scripted{}).Probe(ctx, "some"); err != nil || info != want {
		t.Errorf("probed %+v, %v, want %+v", info, err, want)
	}
	for _, name := range []string{"probe-bad", "bad"} {
		if _, err := read(d, name); err == nil || err.Error() != "video "+name+": made unreadable" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Probe(ctx, "probe-void"); !errors.Is(err, video.ErrNoFrames) || err.Error() != "video probe-void: the video stream has no frames" {
		t.Errorf("no frames: %v", err)
	}
	if s := d.Stats(); s != (Stats{Started: 1}) {
		t.Errorf("%+v", s)
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	d := open(t, Options{Workers: 3, Calls: 7})
	failed := make(chan error, 40)
	for i := range cap(failed) {
		go func() {
			name := []string{"a", "large", "pause", "bad"}[i%4]
			clip, err := read(d, name)
			info, _ := scripted{}.Probe(ctx, name)
			if name == "bad" {
				if err == nil {
					failed <- errors.New("no error")
					return
				}
				failed <- nil
				return
			}
			if err == nil && !bytes.Equal(clip.Pix, painted(info, indices, video.RGB).Pix) {
				err = fmt.Errorf("%s: wrong frames", name)
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if s := d.Stats(); s.Retries != 0 || s.Recycled < 5 {
		t.Errorf("%+v", s)
	}
}

func TestFilesThatHangOrKillAreQuarantined(t *testing.T) {
	list := filepath.Join(t.TempDir(), "quarantine.csv")
	q, err := OpenQuarantine(list)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Workers: 7, Deadline: time.Second, Memory: 1 << 30, Quarantine: q})
	var group sync.WaitGroup
	for name, reason := range map[string]string{
		"spin":           "longer than 1s to decode, twice",
		"slow":           "longer than 1s to decode, twice",
		"probe-spin":     "longer than 1s to decode, twice",
		"segfault":       "SIGSEGV",
		"panic":          "index out of range in panic",
		"probe-panic":    "its worker ended (exit status 2): panic: index",
		"glutton, greed": "its worker ended (exit status", // out of memory, in words that the race detector changes
	} {
		group.Go(func() {
			for again := range 2 {
				began := time.Now()
				_, err := read(d, name)
				if err == nil || !strings.Contains(err.Error(), reason) || !strings.HasPrefix(err.Error(), "video "+name+": quarantined: ") {
					t.Errorf("%s: %v, want an error with %q", name, err, reason)
				}
				if again == 1 && time.Since(began) > 900*time.Millisecond && strings.Contains(reason, "longer") {
					t.Errorf("%s was tried again", name)
				}
			}
		})
	}
	group.Wait()
	checkGood(t, d, "good")
	if s := d.Stats(); s.Retries < 7 || s.Quarantined != 7 || q.Len() != 7 {
		t.Errorf("%+v, %d in quarantine", s, q.Len())
	}
	later, err := OpenQuarantine(list)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(open(t, Options{Quarantine: later}), "panic"); err == nil || !strings.Contains(err.Error(), "quarantined: its worker") {
		t.Errorf("a later run: %v", err)
	}
}

func TestWorkerThatDiesOnceCostsARetry(t *testing.T) {
	d := open(t, Options{})
	checkGood(t, d, filepath.Join(t.TempDir(), "once"))
	if s := d.Stats(); s != (Stats{Started: 2, Retries: 1}) {
		t.Errorf("%+v", s)
	}
}

func TestWorkerKilledFromOutside(t *testing.T) {
	d := open(t, Options{Workers: 1})
	w := <-d.idle
	pid := w.process.Pid
	d.idle <- w
	done := make(chan error, 1)
	go func() {
		time.Sleep(100 * time.Millisecond) // in the middle of the clip
		done <- syscall.Kill(pid, syscall.SIGKILL)
	}()
	checkGood(t, d, "pause")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := d.Stats(); s != (Stats{Started: 2, Retries: 1}) {
		t.Errorf("%+v", s)
	}
	w = <-d.idle // and now between two clips, which is not a retry
	if err := w.process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-w.ended
	d.idle <- w
	checkGood(t, d, "good")
	if s := d.Stats(); s != (Stats{Started: 3, Retries: 1}) {
		t.Errorf("%+v", s)
	}
}

func TestLeakingWorkersAreReplaced(t *testing.T) {
	d := open(t, Options{Workers: 1, Held: 64 << 20})
	for range 40 { // 320 MiB
		checkGood(t, d, "leak")
	}
	if s := d.Stats(); s.Recycled < 3 || s.Retries != 0 {
		t.Errorf("%+v", s)
	}
}

func TestHugeClipsAreRefused(t *testing.T) {
	d := open(t, Options{})
	info := video.Info{Path: "huge", Frames: 1000, Width: 1 << 16, Height: 1 << 15}
	if _, err := d.Frames(ctx, info, indices, video.RGB); err == nil || !strings.Contains(err.Error(), "65536x32768") || !strings.Contains(err.Error(), "huge") {
		t.Error(err)
	}
	info.Width, info.Height = 1<<30, 1<<30
	if _, err := d.Frames(ctx, info, indices, video.RGB); err == nil {
		t.Error("no error")
	}
	if _, err := d.Frames(ctx, video.Info{Path: "many", Frames: 1, Width: 1, Height: 1}, make([]int, 1<<20), video.RGB); err == nil || !strings.Contains(err.Error(), "fewer frames") {
		t.Error(err)
	}
	checkGood(t, d, "good")
}

func TestInterruptedCallsEnd(t *testing.T) {
	d := open(t, Options{})
	for range 3 {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		began := time.Now()
		_, err := d.Frames(short, video.Info{Path: "spin", Frames: 100, Width: 64, Height: 48}, indices, video.RGB)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	}
	checkGood(t, d, "good")
	done := make(chan error, 1)
	go func() {
		_, err := read(d, "spin")
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	d.Close()
	if err := <-done; !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if _, err := d.Probe(ctx, "good"); !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if s := d.Stats(); s.Retries != 0 || s.Quarantined != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCommandsThatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		o      Options
		reason string
	}{
		"none":     {Options{}, "no command"},
		"missing":  {Options{Command: []string{"/nonexistent/videomae"}}, "/nonexistent/videomae"},
		"broken":   {Options{Command: command("broken")}, "ended (exit status 3): library not found"},
		"babbling": {Options{Command: command("babbling")}, "broken message"},
		"negative": {Options{Command: command("worker"), Workers: -1}, "negative"},
	} {
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCommandThatStopsWorkingIsNoFilesFault(t *testing.T) {
	program := filepath.Join(t.TempDir(), "worker")
	script := fmt.Sprintf("#!/bin/sh\nexec env %s=worker %s\n", roleEnv, os.Args[0])
	if err := os.WriteFile(program, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Command: []string{program}, Workers: 1})
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if _, err := read(d, "panic"); !errors.Is(err, video.ErrUnavailable) {
		t.Error(err)
	}
	if d.Stats().Quarantined != 0 {
		t.Error("a file is quarantined")
	}
}
