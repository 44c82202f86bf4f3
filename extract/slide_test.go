package extract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"videomae/video"
	"videomae/vit"
)

// grey is a decoder of a video of 4 x 4 pixels whose frame n has the brightness n, modulo 256. It notes which frames it hands over.
type grey struct {
	frames  int
	broken  int // frame that cannot be decoded, if not 0
	err     error
	decoded []int
}

func (*grey) Name() string { return "grey" }

func (g *grey) Probe(context.Context, string) (video.Info, error) {
	return video.Info{Path: "grey.mp4", Frames: g.frames, Width: 4, Height: 4, FPS: 10}, nil
}

func (g *grey) Frames(_ context.Context, _ video.Info, indices []int, out video.Output) (video.Clip, error) {
	clip := video.NewClip(len(indices), 4, 4, out.Channels)
	for i, n := range indices {
		if g.broken > 0 && n >= g.broken {
			return video.Clip{}, g.err
		}
		g.decoded = append(g.decoded, n)
		for j := range clip.Frame(i) {
			clip.Frame(i)[j] = uint8(n)
		}
	}
	return clip, nil
}

// small is the model of these tests: 3 frames of 2 x 2 pixels.
var small = vit.Config{Frames: 3, Height: 2, Width: 2, Channels: 1}

// cut runs Each over a video of the given length.
func cut(g *grey, s Sliding, size int, use func(Batch) error) error {
	info, _ := g.Probe(context.Background(), "")
	w, err := s.Plan(info)
	if err != nil {
		return err
	}
	return Each(context.Background(), g, info, w, small, size, use)
}

func TestEachCutsEveryWindowFromFramesDecodedOnce(t *testing.T) {
	for _, c := range []struct {
		frames, size int
		s            Sliding
	}{
		{95, 4, Sliding{Every: 1, Frames: 3, Stride: 4}}, {95, 1, Sliding{Every: .3, Frames: 3, Stride: 9}}, {40, 3, Sliding{Every: .2, Frames: 3, Stride: 1}},
		{2, 4, Sliding{Every: .1, Frames: 3, Stride: 4}}, {95, 1, Sliding{Frames: 3, Stride: 4}}, {95, 7, Sliding{Every: 5, Frames: 3, Stride: 1}},
	} {
		g := &grey{frames: c.frames}
		info, _ := g.Probe(t.Context(), "")
		w := plan(t, c.s, c.frames, info.FPS)
		next := 0
		err := cut(g, c.s, c.size, func(b Batch) error {
			if b.First != next || b.Count < 1 || b.Count > c.size || len(b.Pixels) != c.size*12 {
				return fmt.Errorf("windows %d to %d in %d values, want those from %d", b.First, b.First+b.Count-1, len(b.Pixels), next)
			}
			next += b.Count
			for i := range c.size {
				for j, n := range w.Indices(b.First + min(i, b.Count-1)) {
					if pixels := b.Pixels[i*12+j*4:][:4]; !slices.Equal(pixels, slices.Repeat([]uint8{uint8(n)}, 4)) {
						return fmt.Errorf("window %d, frame %d of the video: pixels %v", b.First+i, n, pixels)
					}
				}
			}
			return nil
		})
		if err != nil || next != w.Count {
			t.Errorf("%+v: %d of %d windows, %v", c.s, next, w.Count, err)
		}
		if !slices.Equal(g.decoded, w.union()) {
			t.Errorf("%+v: frames %v were decoded", c.s, g.decoded)
		}
	}
}

// Memory is that of the frames between the first and the last of a window, whatever the length of the video.
func TestFramesAreLetGo(t *testing.T) {
	g := &grey{frames: 5000}
	info, _ := g.Probe(t.Context(), "")
	s := slider{windows: plan(t, Sliding{Every: .5, Frames: 3, Stride: 7}, g.frames, info.FPS), model: small, size: 2, held: map[int][]uint8{},
		out: func(Batch) error { return nil }}
	most := 0
	s.out = func(Batch) error { most = max(most, len(s.held)+len(s.spare)); return nil }
	if err := s.run(t.Context(), g, info); err != nil {
		t.Fatal(err)
	}
	if most > 15+5 { // a window's span and the step to the next
		t.Errorf("%d frames were held", most)
	}
}

func TestEachEnds(t *testing.T) {
	s := Sliding{Every: 1, Frames: 3, Stride: 1}
	enough := errors.New("enough")
	if err := cut(&grey{frames: 900}, s, 1, func(Batch) error { return enough }); !errors.Is(err, enough) || errors.Is(err, ErrVideo) {
		t.Errorf("refused: %v", err)
	}
	damaged := errors.New("damaged")
	if err := cut(&grey{frames: 90, broken: 50, err: damaged}, s, 1, func(Batch) error { return nil }); !errors.Is(err, damaged) || !errors.Is(err, ErrVideo) {
		t.Errorf("damaged: %v", err)
	}
	if err := cut(&grey{frames: 90, broken: 1, err: video.ErrUnavailable}, s, 1, func(Batch) error { return nil }); !errors.Is(err, video.ErrUnavailable) || errors.Is(err, ErrVideo) {
		t.Errorf("no decoder: %v", err)
	}
	g := &grey{frames: 90}
	info, _ := g.Probe(t.Context(), "")
	ctx, cancel := context.WithCancel(t.Context())
	err := Each(ctx, g, info, plan(t, s, 90, 10), small, 1, func(Batch) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrVideo) {
		t.Errorf("cancelled: %v", err)
	}
	if err := Each(t.Context(), g, info, plan(t, Sliding{Frames: 4, Stride: 1}, 90, 10), small, 1, nil); err == nil {
		t.Error("windows of 4 frames for a model of 3 are no error")
	}
}
