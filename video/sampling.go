package video

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Sampling names a way of choosing a clip's frames.
type Sampling string

// The ways of choosing frames. Source: spec sections 5.2 to 5.7.
const (
	SamplePretrain  Sampling = "pretrain"   // from a random start, stride apart
	SampleDense     Sampling = "dense"      // fine-tuning and validation on Kinetics, UCF101, HMDB51: a random stretch of frames*stride frames
	SampleSegments  Sampling = "ssv2"       // fine-tuning and validation on Something-Something: a random frame of each of as many equal parts
	SampleTestDense Sampling = "test-dense" // views spread over the video, stride apart
	SampleTestSSV2  Sampling = "test-ssv2"  // views that each span the video and lie between one another
)

// Mode decides where the official code deviates from what was asked of it.
type Mode string

// The modes. SampleTestDense and SampleTestSSV2 are the same in both.
const (
	// Official gives the frames of the official code: dense clips whose stride is frames/(frames-1) of the asked one (64/15 instead of 4),
	// no clip that reaches the last frame, only frame 0 of videos with fewer frames than segments.
	Official Mode = "official"
	// Exact keeps the stride, uses the video to its last frame, and spreads segments over short videos as well.
	Exact Mode = "exact"
)

// Scheme is a way of choosing frames with its numbers.
type Scheme struct {
	Sampling       Sampling
	Mode           Mode
	Frames, Stride int // frames of a clip, and frames of the video from one to the next; segments have no stride
	Views          int // clips a video in time, for the two test schemes; others have 1
}

// Taken are the frames of a clip.
type Taken struct {
	Indices  []int // of the video, never decreasing
	Short    bool  // the video has fewer frames than the scheme's Span, so that some repeat or stand closer than asked
	Repeated int   // how many of them show the frame before once more
}

// NewScheme makes a scheme of what a user asked for; views is "5" or, with the number of crops, "5x3", and may be empty.
func NewScheme(name string, frames, stride int, mode, views string) (Scheme, error) {
	s := Scheme{Sampling: Sampling(name), Mode: Mode(mode), Frames: frames, Stride: stride, Views: 1}
	if s.isTest() {
		s.Views = map[Sampling]int{SampleTestDense: 5, SampleTestSSV2: 2}[s.Sampling] // Kinetics' and Something-Something's
		if views != "" {
			var err error
			if s.Views, _, err = ParseViews(views); err != nil {
				return Scheme{}, err
			}
		}
	}
	return s, s.Check()
}

// ParseViews reads a number of clips in time, and of crops after an x; without it one.
func ParseViews(text string) (views, crops int, err error) {
	before, after, two := strings.Cut(text, "x")
	crops = 1
	_, err = fmt.Sscan(before, &views)
	if err == nil && two {
		_, err = fmt.Sscan(after, &crops)
	}
	back := fmt.Sprint(views)
	if two {
		back = fmt.Sprintf("%dx%d", views, crops)
	}
	if err != nil || back != text || views < 1 || crops < 1 {
		return 0, 0, fmt.Errorf("views %q are neither a number, as 5, nor clips in time and crops, as 5x3", text)
	}
	return views, crops, nil
}

func (s Scheme) isTest() bool { return s.Sampling == SampleTestDense || s.Sampling == SampleTestSSV2 }

// HasStride tells whether the scheme's stride decides its frames; segments have none.
func (s Scheme) HasStride() bool { return s.Sampling != SampleSegments && s.Sampling != SampleTestSSV2 }

// Check finds what is wrong with a scheme.
func (s Scheme) Check() error {
	all := []Sampling{SamplePretrain, SampleDense, SampleSegments, SampleTestDense, SampleTestSSV2}
	switch {
	case !slices.Contains(all, s.Sampling):
		return fmt.Errorf("unknown sampling scheme %q (have %v)", s.Sampling, strings.Trim(fmt.Sprint(all), "[]"))
	case s.Mode != Official && s.Mode != Exact:
		return fmt.Errorf("unknown sampling mode %q (have official, exact)", s.Mode)
	case s.Frames < 1 || s.Stride < 1 || s.Views < 1:
		return fmt.Errorf("cannot sample %d frames with stride %d in %d views: each must be at least 1", s.Frames, s.Stride, s.Views)
	case !s.isTest() && s.Views != 1:
		return fmt.Errorf("sampling scheme %s has one view, not %d", s.Sampling, s.Views)
	}
	return nil
}

// Span is how many frames a video must have for a clip as asked, with no frame twice. (With stride 1, the official pre-training clip that
// ends with the video repeats its last frame but one, however long the video is.)
func (s Scheme) Span() int {
	switch s.Sampling {
	case SampleSegments, SampleTestSSV2:
		return s.Frames
	case SamplePretrain:
		if s.Mode == Official && s.Frames > 1 {
			return (s.Frames-1)*s.Stride + 2 // the official code does not step to the last frame
		}
	case SampleDense:
		if s.Mode == Official && s.Frames > 1 {
			return s.Frames * s.Stride
		}
	}
	return (s.Frames-1)*s.Stride + 1
}

// Bounds are the exclusive upper bounds of the numbers that decide a clip of a video of n frames; without any, nothing is random.
func (s Scheme) Bounds(n int) []int {
	switch s.Sampling {
	case SamplePretrain:
		if s.Mode == Exact {
			return []int{exactStarts(n, s.Frames, s.Stride)}
		}
		return []int{PretrainStarts(n, s.Frames, s.Stride)}
	case SampleDense:
		if s.Mode == Exact {
			return []int{exactStarts(n, s.Frames, s.Stride)}
		}
		return []int{DenseStarts(n, s.Frames, s.Stride)}
	case SampleSegments:
		if s.Mode == Exact {
			return exactSegmentBounds(n, s.Frames)
		}
		return SegmentBounds(n, s.Frames)
	}
	return nil
}

// Draw draws the numbers that decide a clip; where there is but one choice it draws nothing.
func (s Scheme) Draw(rng *rand.Rand, n int) []int {
	bounds := s.Bounds(n)
	drawn := make([]int, len(bounds))
	for i, bound := range bounds {
		if bound > 1 {
			drawn[i] = rng.IntN(bound)
		}
	}
	return drawn
}

// Middle are the numbers for the clip in the middle, without any random choice.
func (s Scheme) Middle(n int) []int {
	middle := s.Bounds(n)
	for i, bound := range middle {
		middle[i] = (bound - 1) / 2
	}
	return middle
}

// Take returns a clip's frames: view number view, from 0, of a video of n frames, decided by drawn (of Draw or Middle). It is pure.
func (s Scheme) Take(n, view int, drawn []int) (Taken, error) {
	if n < 1 {
		return Taken{}, fmt.Errorf("a video of %d frames has no clip", n)
	}
	if view < 0 || view >= s.Views {
		return Taken{}, fmt.Errorf("view %d is not one of the %d", view, s.Views)
	}
	bounds := s.Bounds(n)
	if len(drawn) != len(bounds) {
		return Taken{}, fmt.Errorf("%d numbers drawn for a clip that %d decide", len(drawn), len(bounds))
	}
	for i, bound := range bounds {
		if drawn[i] < 0 || drawn[i] >= bound {
			return Taken{}, fmt.Errorf("drawn number %d is not below %d", drawn[i], bound)
		}
	}
	t := Taken{Indices: s.indices(n, view, drawn), Short: n < s.Span()}
	for i := 1; i < len(t.Indices); i++ {
		if t.Indices[i] == t.Indices[i-1] {
			t.Repeated++
		}
	}
	return t, nil
}

// Sample draws a clip's frames from rng, or takes the middle one where rng is nil.
func (s Scheme) Sample(n, view int, rng *rand.Rand) (Taken, error) {
	if rng == nil {
		return s.Take(n, view, s.Middle(n))
	}
	return s.Take(n, view, s.Draw(rng, n))
}

// indices is Take for numbers that are sound.
func (s Scheme) indices(n, view int, drawn []int) []int {
	exact := s.Mode == Exact
	switch {
	case s.Sampling == SampleTestDense:
		return TestDenseIndices(view, n, s.Frames, s.Stride, s.Views)
	case s.Sampling == SampleTestSSV2:
		return TestSegmentIndices(view, n, s.Frames, s.Views)
	case s.Sampling == SampleSegments && exact:
		return exactSegmentIndices(drawn, n)
	case s.Sampling == SampleSegments:
		return SegmentIndices(drawn, n)
	case exact:
		return exactIndices(drawn[0], n, s.Frames, s.Stride)
	case s.Sampling == SampleDense:
		return DenseIndices(drawn[0], n, s.Frames, s.Stride)
	}
	return PretrainIndices(drawn[0], n, s.Frames, s.Stride)
}
