//go:build unix

package isolated

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"videomae/dataset"
	"videomae/internal/given"
	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/video/imagedir"
	"videomae/video/libav"
)

// real is the decoder of a name as the command has it, or an error where this build or machine lacks it.
func real(name string) (video.Decoder, error) {
	if name == "libav" {
		files, err := libav.New(time.Hour)
		return video.Mux{Files: files, Folders: imagedir.Decoder{FPS: 25}}, err
	}
	files, err := ffmpeg.New(time.Hour)
	return video.Mux{Files: files, Folders: imagedir.Decoder{FPS: 25}}, err
}

// eachDecoder runs a test with each decoder that is there.
func eachDecoder(t *testing.T, test func(t *testing.T, name string)) {
	for _, name := range []string{"libav", "ffmpeg"} {
		t.Run(name, func(t *testing.T) {
			if _, err := real(name); err != nil {
				t.Skip(err)
			}
			test(t, name)
		})
	}
}

// things are what a leak shows in.
type things struct{ goroutines, files, children int }

func count(t *testing.T) things {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return things{runtime.NumGoroutine(), len(entries), len(children())}
}

// checkNothingLeaked waits for what was started to end.
func checkNothingLeaked(t *testing.T, before things) {
	t.Helper()
	var after things
	for range 100 {
		after = count(t)
		if after.goroutines <= before.goroutines && after.files <= before.files && after.children <= before.children {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("before %+v, after %+v", before, after)
}

// TestDamagedFiles reads files that are broken in every way: each gives frames or an error that names it, in time.
func TestDamagedFiles(t *testing.T) {
	good := goodFiles(t, given.Long(t))
	eachDecoder(t, func(t *testing.T, name string) {
		number := 60
		switch {
		case given.Long(t):
			number = 200
		case name == "ffmpeg": // two processes a file
			number = 30
		}
		files := damagedFiles(t, good, number)
		before := count(t)
		const deadline = 10 * time.Second
		d, err := New(Options{Command: command(name), Workers: 2, Deadline: deadline, Memory: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var fine, reasons sync.Map
		var group sync.WaitGroup
		turns := make(chan bool, 2)
		for _, f := range files {
			group.Go(func() {
				turns <- true
				defer func() { <-turns }()
				start := time.Now()
				err := checkDamaged(d, f)
				if took := time.Since(start); took > 2*(2*deadline+5*time.Second) {
					t.Errorf("%s took %v", f.path, took)
				}
				if err != nil {
					reasons.Store(f.path, err.Error())
				} else {
					fine.Store(f.path, true)
				}
			})
		}
		group.Wait()
		for _, f := range files {
			reason, failed := reasons.Load(f.path)
			_, read := fine.Load(f.path)
			switch {
			case failed == read:
				t.Errorf("%s: has no verdict", f.path)
			case failed && !strings.Contains(reason.(string), f.path):
				t.Errorf("%s: the error does not name the file: %s", f.path, reason)
			case f.reason != "" && (read || !strings.Contains(reason.(string), f.reason)):
				t.Errorf("%s: %v, want an error with %q", f.path, reason, f.reason)
			}
			if failed {
				t.Logf("%s", strings.ReplaceAll(reason.(string), filepath.Dir(f.path)+"/", ""))
			} else {
				t.Logf("video %s: frames", filepath.Base(f.path))
			}
		}
		t.Logf("%d files in %v: %+v", len(files), time.Since(began).Round(time.Millisecond), d.Stats())
		d.Close()
		checkNothingLeaked(t, before)
	})
}

// checkDamaged reads a clip over the whole of a file. Frames that come must have the form asked for.
func checkDamaged(d video.Decoder, f damaged) error {
	info, err := d.Probe(ctx, f.path)
	if err != nil {
		return err
	}
	indices := video.DenseIndices(0, info.Frames, 16, max(1, info.Frames/17))
	clip, err := d.Frames(ctx, info, indices, video.Output{Channels: 3, ShortSide: 64, Crop: 48})
	if err == nil && (clip.T != 16 || clip.H != 48 || clip.W != 48 || len(clip.Pix) != 16*48*48*3) {
		return fmt.Errorf("wrong form %v", clip)
	}
	return err
}

// TestRunGoesOnOverDamagedFiles trains, as far as a loader does, on a list of which most is broken.
func TestRunGoesOnOverDamagedFiles(t *testing.T) {
	good := goodFiles(t, false)
	eachDecoder(t, func(t *testing.T, name string) {
		number := 40
		if name == "ffmpeg" && !given.Long(t) {
			number = 18
		}
		m := dataset.Manifest{Source: "damaged"}
		for _, f := range damagedFiles(t, good, number) {
			m.Items = append(m.Items, dataset.Item{Name: filepath.Base(f.path), Path: f.path})
		}
		for _, path := range good {
			m.Items = append(m.Items, dataset.Item{Name: filepath.Base(path), Path: path})
		}
		before := count(t)
		d, err := New(Options{Command: command(name), Workers: 2, Deadline: 10 * time.Second, Memory: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		o := dataset.LoaderOptions{Seed: 5, Batch: 8, Height: 32, Width: 32, Channels: 3, MaxBadShare: 1, Workers: 2,
			Scheme: video.Scheme{Sampling: video.SamplePretrain, Mode: video.Official, Frames: 8, Stride: 2, Views: 1}}
		l, err := dataset.NewLoader(ctx, m, d, o, dataset.Position{})
		if err != nil {
			t.Fatal(err)
		}
		for range l.Steps() {
			b, err := l.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		failures := l.Failures()
		if len(failures) < 12 { // strange files alone are more
			t.Errorf("%d files failed", len(failures))
		}
		for _, f := range failures {
			if !strings.Contains(f.Err.Error(), f.Item.Path) {
				t.Errorf("%s is not named: %v", f.Item.Path, f.Err)
			}
		}
		l.Close()
		d.Close()
		checkNothingLeaked(t, before)
	})
}

// TestKilledWorkersChangeNothing decodes while workers are killed, one after another.
func TestKilledWorkersChangeNothing(t *testing.T) {
	good := goodFiles(t, false)
	eachDecoder(t, func(t *testing.T, name string) {
		direct, err := real(name)
		if err != nil {
			t.Fatal(err)
		}
		d := open(t, Options{Command: command(name), Workers: 1})
		var clips []video.Clip
		for _, path := range good {
			clip, err := wholeClip(direct, path)
			if err != nil {
				t.Fatal(err)
			}
			clips = append(clips, clip)
		}
		stop := make(chan bool)
		kills := make(chan int)
		var turn atomic.Int64
		go killer(d, &turn, stop, kills)
		for round := 0; round < 40 && d.Stats().Retries < 3; round++ {
			for i, path := range good {
				if d.Stats().Retries == 3 {
					break
				}
				turn.Add(1)
				got, err := wholeClip(d, path)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.Pix, clips[i].Pix) {
					t.Errorf("%s: frames differ", path)
				}
			}
		}
		close(stop)
		s := d.Stats()
		t.Logf("%d workers killed: %+v", <-kills, s)
		if s.Quarantined != 0 || s.Retries < 3 {
			t.Errorf("%+v", s)
		}
	})
}

// killer kills the one worker of a decoder in the middle of a call, again and again, but once in a turn, as a second time is not forgiven.
func killer(d *Decoder, turn *atomic.Int64, stop <-chan bool, kills chan<- int) {
	killed := 0
	defer func() { kills <- killed }()
	for last := int64(0); ; time.Sleep(time.Millisecond) {
		select {
		case <-stop:
			return
		default:
		}
		now := turn.Load()
		if now == last || len(d.idle) > 0 {
			continue
		}
		pids := children()
		if turn.Load() != now {
			continue
		}
		for _, pid := range pids {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed, last = killed+1, turn.Load()
			}
		}
	}
}

func wholeClip(d video.Decoder, path string) (video.Clip, error) {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return video.Clip{}, err
	}
	all := slices.Collect(func(yield func(int) bool) {
		for i := range info.Frames {
			if !yield(i) {
				return
			}
		}
	})
	return d.Frames(ctx, info, all, video.RGB)
}
