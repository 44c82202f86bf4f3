//go:build unix

package isolated

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"videomae/internal/given"
	"videomae/seed"
	"videomae/video"
)

// TestMemoryDoesNotGrow decodes clip after clip of good and damaged files, and looks at the memory of this process and of its workers.
func TestMemoryDoesNotGrow(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("this system does not tell how much memory a process has")
	}
	eachDecoder(t, func(t *testing.T, name string) {
		clips := 150
		switch {
		case given.Long(t):
			clips = 20_000
		case name == "ffmpeg": // two processes a clip
			clips = 20
		}
		files := goodFiles(t, given.Long(t))
		for _, f := range damagedFiles(t, files, 40) {
			files = append(files, f.path)
		}
		d := open(t, Options{Command: command(name), Workers: 2, Calls: 2000, Memory: 1 << 30})
		watch := &soak{t: t, every: clips / 10}
		var next, decoded atomic.Int64
		var group sync.WaitGroup
		for range d.o.Workers {
			group.Go(func() {
				for i := next.Add(1); i <= int64(clips); i = next.Add(1) {
					if soakClip(d, files, i) == nil {
						decoded.Add(1)
					}
					watch.look(d, int(i))
				}
			})
		}
		group.Wait()
		if decoded.Load() < int64(clips)/4 {
			t.Errorf("only %d of %d clips were decoded", decoded.Load(), clips)
		}
		watch.verdict(clips)
	})
}

func soakClip(d *Decoder, files []string, i int64) error {
	rng := seed.Rand(11, "soak", uint64(i))
	info, err := d.Probe(ctx, files[rng.IntN(len(files))])
	if err != nil {
		return err
	}
	_, err = d.Frames(ctx, info, video.DrawPretrain(rng, info.Frames, 16, 2), video.Output{Channels: 3})
	return err
}

// soak keeps the memory of this process and the most of a worker at every tenth of the way.
type soak struct {
	t     *testing.T
	every int

	mu      sync.Mutex
	own     []int64
	workers []int64
}

func (s *soak) look(d *Decoder, i int) {
	if i%s.every != 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	most := int64(0)
	for _, pid := range children() {
		most = max(most, private(fmt.Sprintf("/proc/%d/statm", pid)))
	}
	s.own, s.workers = append(s.own, private("/proc/self/statm")), append(s.workers, most)
	s.t.Logf("%d clips: %d MiB here, at most %d MiB in a worker; %+v", i, s.own[len(s.own)-1]>>20, most>>20, d.Stats())
}

// private is the memory of a process that it does not share, by its statm; 0 if it has ended.
func private(statm string) int64 {
	text, err := os.ReadFile(statm)
	if err != nil {
		return 0
	}
	var size, resident, shared int64
	_, _ = fmt.Sscan(string(text), &size, &resident, &shared) // zeros if there is nothing
	return (resident - shared) * int64(os.Getpagesize())
}

// verdict compares the second half of the way with the first, in which pools and heaps find their size.
func (s *soak) verdict(clips int) {
	const room = 48 << 20
	half := len(s.own) / 2
	first, second := maxOf(s.own[:half]), maxOf(s.own[half:])
	if second > first+room && !raceDetector {
		s.t.Errorf("%d clips: %d MiB in the first half, %d MiB in the second", clips, first>>20, second>>20)
	}
	if most := maxOf(s.workers); most > DefaultHeld+room {
		s.t.Errorf("a worker held %d MiB", most>>20)
	}
}

func maxOf(all []int64) int64 {
	most := int64(0)
	for _, v := range all {
		most = max(most, v)
	}
	return most
}
