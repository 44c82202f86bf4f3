package eval

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/dataset"
)

// sums is a classifier of two classes that scores a clip with its sum and the clip's place in the batch: the second shows nothing but that
// padding and neighbours do not matter.
type sums struct {
	t       *testing.T
	batch   int
	calls   int
	fail    error
	poisons float32 // a sum whose score is NaN
	padding int     // clips of zeros seen
}

func (s *sums) Logits(clips *tensors.Tensor) ([]float32, error) {
	s.calls++
	if s.fail != nil {
		return nil, s.fail
	}
	if got := clips.Shape().Dimensions; len(got) != 5 || got[0] != s.batch {
		s.t.Errorf("batch of shape %v, want always %d clips", got, s.batch)
	}
	flat := tensors.MustCopyFlatData[float32](clips)
	size := len(flat) / s.batch
	var out []float32
	for b := range s.batch {
		sum := float32(0)
		for _, x := range flat[b*size:][:size] {
			sum += x
		}
		if sum == 0 {
			s.padding++
		}
		if sum == s.poisons && sum != 0 {
			sum = float32(math.NaN())
		}
		out = append(out, sum, -sum)
	}
	return out, nil
}

// tiny are options for clips of 2 values.
func tiny(batch int) ScoreOptions {
	items := []dataset.Item{{Label: "a"}, {Label: "b"}}
	labels, err := NewLabels([]string{"a", "b"}, items)
	if err != nil {
		panic(err)
	}
	return ScoreOptions{Classes: []string{"a", "b"}, Labels: labels, Frames: 2, Height: 1, Width: 1, Channels: 1, Batch: batch}
}

// sent yields n videos of 2x3 views, whose clip k of video i sums to 10*i+k+1; those of bad cannot be read.
func sent(n int, bad ...int) iter.Seq2[*dataset.VideoViews, error] {
	return func(yield func(*dataset.VideoViews, error) bool) {
		for i := range n {
			v := &dataset.VideoViews{Index: i, Item: dataset.Item{Name: fmt.Sprintf("dir/v%d.mp4", i), Label: []string{"a", "b", "c"}[i%3]}, Temporal: 2, Crops: 3}
			for _, b := range bad {
				if b == i {
					v.Err = errors.New("no moov atom")
				}
			}
			for k := range 6 {
				if v.Err == nil {
					v.Clips = append(v.Clips, float32(10*i+k), 1)
				}
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestScoresGoToTheirVideosForAnyBatch(t *testing.T) {
	for _, batch := range []int{1, 2, 5, 6, 7, 100} {
		s := &sums{t: t, batch: batch}
		videos, err := Collect(context.Background(), s, sent(7, 0, 4), tiny(batch))
		if err != nil {
			t.Fatal(err)
		}
		if len(videos) != 7 {
			t.Fatalf("batch %d: %d videos", batch, len(videos))
		}
		if want := (5*6 + batch - 1) / batch; s.calls != want {
			t.Errorf("batch %d: %d calls, want %d", batch, s.calls, want)
		}
		if want := s.calls*batch - 30; s.padding != want {
			t.Errorf("batch %d: %d clips of zeros, want %d", batch, s.padding, want)
		}
		for i, v := range videos {
			class, label := []string{"a", "b", "c"}[i%3], []int{0, 1, -1}[i%3]
			if v.Index != i || v.Name != fmt.Sprintf("dir/v%d.mp4", i) || v.Class != class || v.Label != label {
				t.Errorf("video %d: %+v", i, v)
			}
			if i == 0 || i == 4 {
				if v.Error != "no moov atom" || len(v.Views) != 0 {
					t.Errorf("video %d: %+v", i, v)
				}
				continue
			}
			for k, view := range v.Views {
				if want := float32(10*i + k + 1); view.Temporal != k/3 || view.Crop != k%3 || view.Logits[0] != want || view.Logits[1] != -want {
					t.Errorf("batch %d, video %d, view %d: %+v, want %v", batch, i, k, view, want)
				}
			}
		}
	}
}

func TestScoringStops(t *testing.T) {
	broken := errors.New("device lost")
	if _, err := Collect(context.Background(), &sums{t: t, batch: 4, fail: broken}, sent(50), tiny(4)); !errors.Is(err, broken) {
		t.Errorf("scorer's error: %v", err)
	}
	_, err := Collect(context.Background(), &sums{t: t, batch: 4, poisons: 33}, sent(50), tiny(4)) // video 3, clip 2
	if err == nil || !strings.Contains(err.Error(), "dir/v3.mp4, view 0, crop 2") || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("score that is not finite: %v", err)
	}
	full := errors.New("disk full")
	n := 0
	err = Score(context.Background(), &sums{t: t, batch: 4}, sent(50), tiny(4), func(Video, Progress) error {
		n++
		return full
	})
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("each's error: %v after %d videos", err, n)
	}
	unavailable := func(yield func(*dataset.VideoViews, error) bool) {
		for v := range sent(2) {
			if !yield(v, nil) {
				return
			}
		}
		yield(nil, broken)
	}
	if _, err := Collect(context.Background(), &sums{t: t, batch: 4}, unavailable, tiny(4)); !errors.Is(err, broken) {
		t.Errorf("reader's error: %v", err)
	}
	short := func(yield func(*dataset.VideoViews, error) bool) {
		yield(&dataset.VideoViews{Item: dataset.Item{Name: "short.mp4"}, Temporal: 1, Crops: 1, Clips: []float32{1}}, nil)
	}
	if _, err := Collect(context.Background(), &sums{t: t, batch: 4}, short, tiny(4)); err == nil || !strings.Contains(err.Error(), "short.mp4") {
		t.Errorf("clip of another size: %v", err)
	}
}

func TestScoringEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	endless := func(yield func(*dataset.VideoViews, error) bool) {
		for ctx.Err() == nil {
			for v := range sent(10) {
				if !yield(v, nil) {
					return
				}
			}
		}
		yield(nil, ctx.Err())
	}
	n := 0
	err := Score(ctx, &sums{t: t, batch: 4}, endless, tiny(4), func(Video, Progress) error {
		if n++; n == 30 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n < 30 {
		t.Errorf("%v after %d videos", err, n)
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		classes, items []string
		label          string
		want           int
		numbers        bool
	}{
		{[]string{"run", "walk"}, []string{"walk", "run"}, "walk", 1, false},
		{[]string{"run", "walk"}, []string{"walk", "swim"}, "swim", -1, false},
		{[]string{"run", "walk"}, []string{"1", "0", ""}, "1", 1, true},
		{[]string{"run", "walk"}, []string{"1", "2"}, "1", -1, false}, // 2 is no class: the labels are other names
		{[]string{"5", "7"}, []string{"7"}, "7", 1, false},
		{[]string{"run"}, nil, "run", 0, false},
	} {
		var items []dataset.Item
		for _, l := range c.items {
			items = append(items, dataset.Item{Label: l})
		}
		l, err := NewLabels(c.classes, items)
		if err != nil || l.Place(c.label) != c.want || l.Numbers != c.numbers {
			t.Errorf("%v of %v: %d (%v), %v", c.items, c.classes, l.Place(c.label), l.Numbers, err)
		}
	}
	if _, err := NewLabels([]string{"a", "b", "a"}, nil); err == nil {
		t.Error("two classes of one name are no error")
	}
}

func TestNames(t *testing.T) {
	if got := Name(dataset.Item{Name: "a/b.mp4"}); got != "a/b.mp4" {
		t.Error(got)
	}
	if got := Name(dataset.Item{Name: "a/b", First: 5, Count: 20}); got != "a/b#5-24" {
		t.Error(got)
	}
}
