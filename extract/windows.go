// Which windows of a long video features are of.

package extract

import (
	"fmt"
	"math"

	"videomae/video"
)

// Sliding says how windows go over a video.
type Sliding struct {
	Every  float64 // seconds from the centre of one window to that of the next; 0: one window, in the middle of the video
	At     float64 // seconds to the centre of the only window where Every is 0; 0: the middle of the video
	Frames int     // of a window
	Stride int     // frames of the video from one frame of a window to the next
	Length float64 // seconds that a window covers, instead of Stride: its frames are spread evenly over them; 0: Stride counts
}

// Windows are the windows of one video. Frames are numbered, and a number is a time where frames are evenly spaced: frame n is shown at
// n/FPS seconds. Of a video of variable frame rate these times are off by as much as its clock is from an even one.
type Windows struct {
	Sliding
	FPS    float64
	Count  int
	frames int     // of the video
	step   float64 // frames of the video from one frame of a window to the next
}

// Plan lays windows over a video. Window k is centred at k*Every seconds, from 0 to the end of the video.
func (s Sliding) Plan(info video.Info) (Windows, error) {
	w := Windows{Sliding: s, FPS: info.FPS, Count: 1, frames: info.Frames, step: float64(s.Stride)}
	timed := s.Every != 0 || s.At != 0 || s.Length != 0
	switch {
	case s.Frames < 1 || s.Stride < 1 || info.Frames < 1:
		return w, fmt.Errorf("video %s: no windows of %d frames, %d apart, over %d", info.Path, s.Frames, s.Stride, info.Frames)
	case !(s.Every >= 0 && s.At >= 0 && s.Length >= 0) || math.IsInf(s.Every+s.At+s.Length, 0):
		return w, fmt.Errorf("video %s: there are no windows of %v s every %v s or at %v s", info.Path, s.Length, s.Every, s.At)
	case timed && !(info.FPS > 0):
		return w, fmt.Errorf("video %s: does not tell its frame rate, so that windows cannot be placed by time", info.Path)
	}
	if length := float64(info.Frames) / info.FPS; s.At > 0 && s.At > length {
		return w, fmt.Errorf("video %s: a window at %v s lies beyond its %.2f s", info.Path, s.At, length)
	}
	if s.Length > 0 {
		w.step = s.Length * info.FPS / float64(s.Frames)
	}
	if s.Every > 0 {
		count := math.Ceil(float64(info.Frames)/info.FPS/s.Every - 1e-9)
		if count > maxWindows {
			return w, fmt.Errorf("video %s: a window every %v s makes %.0f, more than %d", info.Path, s.Every, count, maxWindows)
		}
		w.Count = max(1, int(count))
	}
	return w, nil
}

// maxWindows bounds the windows of a video, which a slip in a setting would make endless.
const maxWindows = 1 << 26

// Centre is the time, in seconds, that window k was asked for. It is 0 for a single window of a video that does not tell its frame rate.
func (w Windows) Centre(k int) float64 {
	switch {
	case w.Every > 0:
		return float64(k) * w.Every
	case w.At > 0:
		return w.At
	case w.FPS > 0:
		return float64(w.frames) / w.FPS / 2
	}
	return 0
}

// Indices are the frames of window k. A window that would stick out of the video is moved inside, so that its middle is not at its centre
// any more (Span tells); where the video is shorter than a window, its last frame repeats.
func (w Windows) Indices(k int) []int {
	last := float64(w.Frames-1) * w.step
	centre := float64(w.frames-1) / 2
	if w.Every > 0 || w.At > 0 {
		centre = w.Centre(k) * w.FPS
	}
	start := math.Round(centre - last/2)
	start = max(0, min(start, math.Floor(float64(w.frames-1)-last)))
	indices := make([]int, w.Frames)
	for i := range indices {
		indices[i] = min(int(start+float64(i)*w.step), w.frames-1)
	}
	return indices
}

// Span is the time, in seconds, of the first and the last frame of window k; zeros where the video does not tell its frame rate.
func (w Windows) Span(k int) (first, last float64) {
	if !(w.FPS > 0) {
		return 0, 0
	}
	indices := w.Indices(k)
	return float64(indices[0]) / w.FPS, float64(indices[len(indices)-1]) / w.FPS
}

// Short tells whether the video has fewer frames than a window, so that its last one repeats.
func (w Windows) Short() bool { return float64(w.Frames-1)*w.step > float64(w.frames-1) }

// union lists the frames of all windows, rising, each once.
func (w Windows) union() []int {
	wanted := make([]bool, w.frames)
	for k := range w.Count {
		for _, n := range w.Indices(k) {
			wanted[n] = true
		}
	}
	var all []int
	for n, yes := range wanted {
		if yes {
			all = append(all, n)
		}
	}
	return all
}
