package video

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// counted is a decoder of a video whose frame n is one grey pixel of value n, modulo 256; it notes what it is asked for.
type counted struct{ calls [][]int }

func (*counted) Name() string { return "counted" }

func (*counted) Probe(context.Context, string) (Info, error) {
	return Info{Path: "counted", Frames: 7000, Width: 1, Height: 1}, nil
}

func (c *counted) Frames(_ context.Context, _ Info, indices []int, _ Output) (Clip, error) {
	c.calls = append(c.calls, slices.Clone(indices))
	clip := NewClip(len(indices), 1, 1, 1)
	for i, n := range indices {
		clip.Pix[i] = uint8(n)
	}
	return clip, nil
}

// streaming is counted in one pass.
type streaming struct {
	counted
	passes int
}

func (s *streaming) Stream(_ context.Context, _ Info, indices []int, _ Output, take func([]uint8) error) error {
	s.passes++
	for _, n := range indices {
		if err := take([]uint8{uint8(n)}); err != nil {
			return err
		}
	}
	return nil
}

func TestStreamGoesInPartsOrInOnePass(t *testing.T) {
	near, far := []int{1, 5, 6, 90, 91}, []int{1, 5, 3001, 6001, 6002}
	for _, c := range []struct {
		name    string
		indices []int
		decoder Decoder
		budget  int
		want    string // calls, and passes
	}{
		{"all at once", near, &counted{}, 100, "[[1 5 6 90 91]] 0"},
		{"parts", near, &counted{}, 2, "[[1 5] [6 90] [91]] 0"},
		{"no room at all", near, &counted{}, 0, "[[1] [5] [6] [90] [91]] 0"},
		{"all at once, though it could stream", near, &streaming{}, 5, "[[1 5 6 90 91]] 0"},
		{"one pass", near, &streaming{}, 4, "[] 1"},
		{"files of a mux", near, Mux{Files: &counted{}}, 4, "[[1 5 6 90 91]] 0"}, // within its own larger parts
		{"long files of a mux", near, Mux{Files: &counted{}, Long: &streaming{}}, 4, "[] 1"},
		{"far apart", far, &counted{}, 100, "[[1 5] [3001] [6001 6002]] 0"},
		{"far apart in one pass", far, &streaming{}, 100, "[] 1"},
	} {
		info, _ := (&counted{}).Probe(t.Context(), "")
		var got []int
		err := Stream(t.Context(), c.decoder, info, c.indices, Grey, c.budget, func(frame []uint8) error {
			got = append(got, int(frame[0]))
			return nil
		})
		var want []int
		for _, n := range c.indices {
			want = append(want, n%256)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: frames %v, %v", c.name, got, err)
		}
		if said := tell(c.decoder); said != c.want {
			t.Errorf("%s: calls and passes %s, want %s", c.name, said, c.want)
		}
	}
}

// tell says what a decoder was asked for.
func tell(d Decoder) string {
	switch d := d.(type) {
	case *counted:
		return fmt.Sprint(d.calls, 0)
	case *streaming:
		return fmt.Sprint(d.calls, d.passes)
	case Mux:
		if d.Long != nil {
			return tell(d.Long.(*streaming))
		}
		return tell(d.Files)
	}
	return ""
}

func TestStreamRefuses(t *testing.T) {
	info, _ := (&counted{}).Probe(t.Context(), "")
	enough := errors.New("enough")
	take := func([]uint8) error { return enough }
	for _, indices := range [][]int{nil, {3, 2}, {3, 3}, {7000}, {-1}} {
		if err := Stream(t.Context(), &counted{}, info, indices, Grey, 10, take); err == nil || errors.Is(err, enough) {
			t.Errorf("frames %v: %v", indices, err)
		}
	}
	if err := Stream(t.Context(), &counted{}, info, []int{1, 2}, Grey, 10, take); !errors.Is(err, enough) {
		t.Errorf("refused: %v", err)
	}
}
