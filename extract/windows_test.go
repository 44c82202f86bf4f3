package extract

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"videomae/seed"
	"videomae/video"
)

func plan(t *testing.T, s Sliding, frames int, fps float64) Windows {
	t.Helper()
	w, err := s.Plan(video.Info{Path: "x.mp4", Frames: frames, FPS: fps})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWindows(t *testing.T) {
	for _, c := range []struct {
		name   string
		s      Sliding
		frames int
		fps    float64
		want   string // frames of each window
	}{
		{"a second apart, moved inside at both ends", Sliding{Every: 1, Frames: 4, Stride: 2}, 30, 10, "[0 2 4 6] [7 9 11 13] [17 19 21 23]"},
		{"even number of frames: the middle is rounded up", Sliding{Every: 1, Frames: 2, Stride: 1}, 30, 10, "[0 1] [10 11] [20 21]"},
		{"no time after the last frame", Sliding{Every: 1, Frames: 2, Stride: 1}, 31, 10, "[0 1] [10 11] [20 21] [29 30]"},
		{"the middle", Sliding{Frames: 4, Stride: 2}, 21, 0, "[7 9 11 13]"},
		{"at a time", Sliding{At: 1.5, Frames: 3, Stride: 2}, 30, 10, "[13 15 17]"},
		{"at the end", Sliding{At: 3, Frames: 3, Stride: 2}, 30, 10, "[25 27 29]"},
		{"too short: the last frame repeats", Sliding{Every: 1, Frames: 4, Stride: 3}, 8, 4, "[0 3 6 7] [0 3 6 7]"},
		{"spread over time", Sliding{Every: 1, Frames: 4, Stride: 9, Length: 1}, 30, 10, "[0 2 5 7] [6 8 11 13] [16 18 21 23]"},
		{"one frame", Sliding{Every: 1, Frames: 4, Stride: 4}, 1, 25, "[0 0 0 0]"},
	} {
		w := plan(t, c.s, c.frames, c.fps)
		var got []string
		for k := range w.Count {
			got = append(got, fmt.Sprint(w.Indices(k)))
		}
		if said := strings.Join(got, " "); said != c.want {
			t.Errorf("%s: %s, want %s", c.name, said, c.want)
		}
	}
}

// Whatever the numbers: frames lie in the video and never go back; a window that fits is centred where it was asked for, to a frame, and keeps its
// stride; windows follow each other in time.
func TestWindowsOfAnyVideo(t *testing.T) {
	rng := seed.Rand(1, "windows")
	for range 500 {
		s := Sliding{Every: .05 + 2*rng.Float64(), Frames: 1 + rng.IntN(16), Stride: 1 + rng.IntN(8)}
		if rng.IntN(3) == 0 {
			s.Length = 3 * rng.Float64()
		}
		n, fps := 1+rng.IntN(300), 5+40*rng.Float64()
		w := plan(t, s, n, fps)
		if length := float64(n) / fps; w.Centre(w.Count-1) >= length || w.Centre(w.Count-1)+s.Every < length-1e-6 {
			t.Fatalf("%+v: %d windows do not fill %v s", s, w.Count, length)
		}
		before := 0
		for k := range w.Count {
			indices := w.Indices(k)
			if len(indices) != s.Frames || !slices.IsSorted(indices) || indices[0] < before || indices[s.Frames-1] >= n {
				t.Fatalf("%+v of %d frames: window %d has frames %v", s, n, k, indices)
			}
			before = indices[0]
			checkCentred(t, w, k, n)
		}
	}
}

// checkCentred checks a window that has room around its centre.
func checkCentred(t *testing.T, w Windows, k, n int) {
	t.Helper()
	step := float64(w.Stride)
	if w.Length > 0 {
		step = w.Length * w.FPS / float64(w.Frames)
	}
	indices := w.Indices(k)
	half, centre := float64(w.Frames-1)*step/2, w.Centre(k)*w.FPS
	if centre-half < 1 || centre+half > float64(n)-2 {
		return
	}
	if middle := float64(indices[0]) + half; math.Abs(middle-centre) > 1 {
		t.Fatalf("%+v: window %d has frames %v, centred at %v and not %v", w.Sliding, k, indices, middle, centre)
	}
	for i := 1; i < len(indices); i++ {
		if d := float64(indices[i] - indices[i-1]); math.Abs(d-step) >= 1 {
			t.Fatalf("%+v: window %d has frames %v, not %v apart", w.Sliding, k, indices, step)
		}
	}
}

func TestSpansAndShortVideos(t *testing.T) {
	w := plan(t, Sliding{Every: 1, Frames: 4, Stride: 2}, 30, 10)
	if first, last := w.Span(1); first != .7 || last != 1.3 {
		t.Errorf("window 1 spans %v to %v s", first, last)
	}
	if w.Short() || !plan(t, Sliding{Frames: 4, Stride: 2}, 6, 10).Short() || plan(t, Sliding{Frames: 4, Stride: 2}, 7, 10).Short() {
		t.Error("short videos are not told")
	}
	if first, last := plan(t, Sliding{Frames: 4, Stride: 2}, 6, 0).Span(0); first != 0 || last != 0 {
		t.Errorf("without a frame rate: %v to %v s", first, last)
	}
}

func TestImpossibleWindowsAreErrors(t *testing.T) {
	for say, c := range map[string]struct {
		s    Sliding
		info video.Info
	}{
		"frame rate":  {Sliding{Every: 1, Frames: 4, Stride: 1}, video.Info{Frames: 10}},
		"beyond":      {Sliding{At: 2, Frames: 4, Stride: 1}, video.Info{Frames: 10, FPS: 10}},
		"no windows":  {Sliding{Every: 1, Frames: 4}, video.Info{Frames: 10, FPS: 10}},
		"over 0":      {Sliding{Every: 1, Frames: 4, Stride: 1}, video.Info{FPS: 10}},
		"-1 s":        {Sliding{Every: -1, Frames: 4, Stride: 1}, video.Info{Frames: 10, FPS: 10}},
		"NaN":         {Sliding{Every: math.NaN(), Frames: 4, Stride: 1}, video.Info{Frames: 10, FPS: 10}},
		"more than":   {Sliding{Every: 1e-12, Frames: 4, Stride: 1}, video.Info{Frames: 10, FPS: 10}},
		"+Inf s ever": {Sliding{Length: math.Inf(1), Frames: 4, Stride: 1}, video.Info{Frames: 10, FPS: 10}},
	} {
		c.info.Path = "some.mp4"
		if _, err := c.s.Plan(c.info); err == nil || !strings.Contains(err.Error(), say) || !strings.Contains(err.Error(), "some.mp4") {
			t.Errorf("error %v, want one that says %q", err, say)
		}
	}
}

func TestUnionIsEveryFrameOnce(t *testing.T) {
	w := plan(t, Sliding{Every: .7, Frames: 5, Stride: 3}, 131, 9)
	wanted := map[int]bool{}
	for k := range w.Count {
		for _, n := range w.Indices(k) {
			wanted[n] = true
		}
	}
	got := w.union()
	if len(got) != len(wanted) || !slices.IsSorted(got) {
		t.Fatalf("%d frames of %d, or not in order", len(got), len(wanted))
	}
	for _, n := range got {
		if !wanted[n] {
			t.Errorf("frame %d is in no window", n)
		}
	}
}
