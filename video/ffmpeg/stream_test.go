package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"videomae/video"
)

// stream collects what a pass hands over.
func stream(d *Decoder, info video.Info, indices []int) (frames [][]uint8, err error) {
	err = d.Stream(context.Background(), info, indices, video.RGB, func(frame []uint8) error {
		frames = append(frames, slices.Clone(frame))
		return nil
	})
	return frames, err
}

func TestStreamedFramesAreThoseOfFrames(t *testing.T) {
	d := decoder(t)
	info := probe(t, encode(t, "clip.mp4", "64x48", 90, "-c:v", "mpeg4"))
	for name, indices := range map[string][]int{"all": video.PretrainIndices(0, 91, 90, 1), "strided": {2, 6, 10, 14}, "one": {89},
		"scattered": slices.Compact(scattered(90, 70))} {
		want, err := d.Frames(context.Background(), info, indices, video.RGB)
		if err != nil {
			t.Fatal(err)
		}
		got, err := stream(d, info, indices)
		if err != nil || len(got) != len(indices) {
			t.Fatalf("%s: %d frames of %d, %v", name, len(got), len(indices), err)
		}
		for i := range indices {
			if !bytes.Equal(got[i], want.Frame(i)) {
				t.Fatalf("%s: frame %d differs", name, indices[i])
			}
		}
	}
}

func TestStreamEnds(t *testing.T) {
	d := decoder(t)
	info := probe(t, encode(t, "clip.mp4", "64x48", 20, "-c:v", "mpeg4"))
	enough := errors.New("enough")
	if err := d.Stream(context.Background(), info, []int{3, 4, 9}, video.RGB, func([]uint8) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("refused: %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Stream(cancelled, info, []int{3}, video.RGB, func([]uint8) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	hasty := *d
	hasty.deadline = time.Millisecond
	if _, err := stream(&hasty, info, []int{3}); err == nil || !strings.Contains(err.Error(), "no frame for 1ms") {
		t.Errorf("past the deadline: %v", err)
	}
	info.Frames = 30
	got, err := stream(d, info, []int{3, 17, 25, 29})
	if len(got) != 2 || err == nil || !strings.Contains(err.Error(), "2 of the 4 frames") || !strings.Contains(err.Error(), info.Path) {
		t.Errorf("%d frames of a file with fewer than it announces, %v", len(got), err)
	}
}
