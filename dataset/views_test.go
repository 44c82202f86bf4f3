package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videomae/frames"
	"videomae/frames/chain"
	"videomae/internal/given"
	"videomae/seed"
	"videomae/video"
)

func viewOptions() ViewOptions {
	return ViewOptions{Scheme: video.Scheme{Sampling: video.SampleTestDense, Mode: video.Official, Frames: 4, Stride: 3, Views: 5},
		Chain: chain.OfficialTest(10, 3), Height: 10, Width: 10, Channels: 3, Seed: 4}
}

// look reads all videos, their memory given back at once.
func look(t *testing.T, m Manifest, d video.Decoder, o ViewOptions) []VideoViews {
	t.Helper()
	var all []VideoViews
	for v, err := range Views(t.Context(), m, d, o) {
		if err != nil {
			t.Fatal(err)
		}
		kept := *v
		kept.Clips = slices.Clone(v.Clips)
		all = append(all, kept)
		v.Release()
	}
	return all
}

// alone is the views of a video, each decoded and cut by itself.
func alone(t *testing.T, item Item, index int, d video.Decoder, o ViewOptions) (clips []float32) {
	t.Helper()
	info, err := d.Probe(t.Context(), item.Path)
	if err != nil {
		t.Fatal(err)
	}
	start, count, err := item.Span(info)
	if err != nil {
		t.Fatal(err)
	}
	for temporal := range o.Scheme.Views {
		taken, err := o.Scheme.Sample(count, temporal, seed.Rand(o.Seed, "views", uint64(index)))
		if err != nil {
			t.Fatal(err)
		}
		for i := range taken.Indices {
			taken.Indices[i] += start
		}
		for crop := range o.Chain.Views {
			clip, err := d.Frames(t.Context(), info, taken.Indices, video.Output{Channels: o.Channels})
			if err != nil {
				t.Fatal(err)
			}
			dst := frames.NewFloats(o.Scheme.Frames, o.Height, o.Width, o.Channels)
			if err := o.Chain.Apply(dst, clip, crop, new(chain.Scratch)); err != nil {
				t.Fatal(err)
			}
			clips = append(clips, dst.Pix...)
		}
	}
	return clips
}

func TestViewsAreThoseDecodedAlone(t *testing.T) {
	m, d := painted(12, nil), whimsicalDecoder{}
	schemes := map[string]video.Scheme{
		"5 dense":    {Sampling: video.SampleTestDense, Views: 5},
		"1 dense":    {Sampling: video.SampleTestDense, Views: 1},
		"2 of ssv2":  {Sampling: video.SampleTestSSV2, Views: 2},
		"3 of ssv2":  {Sampling: video.SampleTestSSV2, Views: 3},
		"validation": {Sampling: video.SampleDense, Views: 1},
		"segments":   {Sampling: video.SampleSegments, Views: 1},
	}
	for name, scheme := range schemes {
		for _, crops := range []int{1, 2, 3} {
			for _, at := range []int{0, 1, 3 * 24 * 16 * 3} { // bytes at a time: all, a frame, three frames
				o := viewOptions()
				o.Scheme, o.Chain.Views, o.decoded = scheme, crops, at
				o.Scheme.Mode, o.Scheme.Frames, o.Scheme.Stride = video.Official, 4, 3
				o.Workers = 1 + crops%3
				all := look(t, m, d, o)
				if len(all) != len(m.Items) {
					t.Fatalf("%s: %d of %d videos", name, len(all), len(m.Items))
				}
				for i, v := range all {
					if v.Index != i || v.Item != m.Items[i] || v.Err != nil || v.Temporal != scheme.Views || v.Crops != crops {
						t.Fatalf("%s: video %d is %+v", name, i, v)
					}
					if !sameBits(v.Clips, alone(t, m.Items[i], i, d, o)) {
						t.Errorf("%s, %d crops, %d bytes at a time: views of video %d differ", name, crops, at, i)
					}
				}
			}
		}
	}
}

// numberedDecoder has videos as long as their paths say, whose frames of 2 x 2 pixels hold their numbers in base 256.
type numberedDecoder struct {
	mutex   sync.Mutex
	calls   int
	decoded []int
}

func (*numberedDecoder) Name() string { return "numbered" }

func (*numberedDecoder) Probe(_ context.Context, path string) (info video.Info, err error) {
	info = video.Info{Path: path, Width: 2, Height: 2}
	_, err = fmt.Sscanf(path, "%d", &info.Frames)
	return info, err
}

func (d *numberedDecoder) Frames(_ context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.calls++
	d.decoded = append(d.decoded, indices...)
	clip := video.NewClip(len(indices), 2, 2, out.Channels)
	for t, n := range indices {
		for i := range clip.Frame(t) {
			clip.Frame(t)[i] = []uint8{uint8(n), uint8(n >> 8), uint8(n >> 16)}[i%3]
		}
	}
	return clip, nil
}

// TestViewsShowTheFramesOfTheOfficialCode reads the frames' numbers out of the views.
func TestViewsShowTheFramesOfTheOfficialCode(t *testing.T) {
	text, err := os.ReadFile(given.Golden(t, "pipeline", "sampling.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]json.RawMessage
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	table, err := frames.NewTable([]float32{0, 0, 0}, []float32{1, 1, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, sampling := range map[string]video.Sampling{"dense_test": video.SampleTestDense, "ssv2_test": video.SampleTestSSV2} {
		var cases []struct {
			N, Frames, Stride, Segments int
			Views                       [][]int
		}
		if err := json.Unmarshal(golden[name], &cases); err != nil || len(cases) == 0 {
			t.Fatalf("no cases %s: %v", name, err)
		}
		for _, c := range cases {
			d := &numberedDecoder{}
			o := ViewOptions{Scheme: video.Scheme{Sampling: sampling, Mode: video.Official, Frames: c.Frames, Stride: max(1, c.Stride), Views: c.Segments},
				Chain: chain.Test{Method: frames.OpenCVBilinear, ShortSide: 2, Table: table}, Height: 2, Width: 2, Channels: 3, Workers: 1}
			v := look(t, Manifest{Items: []Item{{Name: "x", Path: fmt.Sprint(c.N)}}}, d, o)[0]
			var shown, want []int
			for i := range len(v.Clips) / 12 {
				p := v.Clips[12*i:]
				shown = append(shown, int(p[0])+int(p[1])<<8+int(p[2])<<16)
			}
			for _, view := range c.Views {
				want = append(want, view...)
			}
			if !slices.Equal(shown, want) {
				t.Errorf("%s of %d frames: views show %v, want %v", name, c.N, shown, want)
			}
			slices.Sort(want)
			if unique := slices.Compact(want); d.calls != 1 || !slices.Equal(d.decoded, unique) {
				t.Errorf("%s of %d frames: %d decodings of %v, want one of %v", name, c.N, d.calls, d.decoded, unique)
			}
		}
	}
}

func TestValidationDrawsByItemAlone(t *testing.T) {
	m, d := painted(9, nil), whimsicalDecoder{}
	o := viewOptions()
	o.Scheme = video.Scheme{Sampling: video.SampleDense, Mode: video.Official, Frames: 4, Stride: 2, Views: 1}
	first := look(t, m, d, o)
	for _, workers := range []int{1, 5} {
		o.Workers, o.Prefetch, o.Skip = workers, workers, func(i int) bool { return i%2 == 0 }
		for n, v := range look(t, m, d, o) {
			if v.Index != 2*n+1 || !sameBits(v.Clips, first[v.Index].Clips) {
				t.Errorf("%d workers: video %d, read as number %d, has other views", workers, v.Index, n)
			}
		}
	}
	o.Seed++
	differ := 0
	for _, v := range look(t, m, d, o) {
		if !sameBits(v.Clips, first[v.Index].Clips) {
			differ++
		}
	}
	if differ == 0 {
		t.Error("another seed draws the same clips")
	}
}

func TestUnreadableVideosAreGivenInTheirPlace(t *testing.T) {
	m := painted(9, map[int]string{0: "bad", 4: "torn", 8: "bad"})
	for _, workers := range []int{1, 4} {
		o := viewOptions()
		o.Workers = workers
		all := look(t, m, &paintedDecoder{}, o)
		if len(all) != 9 {
			t.Fatalf("%d videos, want 9", len(all))
		}
		for i, v := range all {
			bad := i%4 == 0
			if v.Index != i || (v.Err != nil) != bad || (v.Clips == nil) != bad || bad && !strings.Contains(v.Err.Error(), m.Items[i].Path) {
				t.Errorf("video %d: %d values, error %v", i, len(v.Clips), v.Err)
			}
		}
	}
}

func TestFramesSmallerThanTheModelAreScaledUp(t *testing.T) {
	o := viewOptions()
	o.Height, o.Width, o.Chain.ShortSide = 60, 60, 64
	for _, v := range look(t, painted(2, nil), whimsicalDecoder{}, o) {
		if v.Err != nil || len(v.Clips) != 15*4*60*60*3 {
			t.Errorf("%d values, %v", len(v.Clips), v.Err)
		}
	}
}

func TestViewsEndTheirGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	m := painted(60, nil)
	seen := 0
	for range Views(t.Context(), m, &paintedDecoder{}, viewOptions()) {
		if seen++; seen == 3 {
			break
		}
	}
	ended(t, before)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	seen = 0
	for v, err := range Views(ctx, m, &paintedDecoder{}, viewOptions()) {
		if last = err; err != nil {
			continue
		}
		if v.Err != nil {
			t.Errorf("a video is blamed: %v", v.Err)
		}
		if seen++; seen == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || seen > 3 {
		t.Errorf("after %d videos: error %v", seen, last)
	}
	ended(t, before)
}

func TestDecoderThatBreaksEndsTheViews(t *testing.T) {
	var last error
	seen := 0
	for v, err := range Views(t.Context(), painted(50, nil), &brokenDecoder{}, viewOptions()) {
		if last = err; err == nil {
			seen++
			if v.Err != nil {
				t.Errorf("a video is blamed: %v", v.Err)
			}
		}
	}
	if !errors.Is(last, video.ErrUnavailable) || seen > 31 {
		t.Errorf("after %d videos: error %v", seen, last)
	}
}

// TestViewsAreNotReadWithoutEnd waits before it takes the second video.
func TestViewsAreNotReadWithoutEnd(t *testing.T) {
	d := &paintedDecoder{}
	o := viewOptions()
	o.Workers, o.Prefetch = 4, 2
	for range Views(t.Context(), painted(60, nil), d, o) {
		time.Sleep(30 * time.Millisecond)
		if most := int64(o.Prefetch + 2); d.calls.Load() > most {
			t.Errorf("%d videos were read before the first was used, want at most %d", d.calls.Load(), most)
		}
		break
	}
}

func TestViewsRefuseBadSettings(t *testing.T) {
	for reason, change := range map[string]func(*ViewOptions){
		"shorter side has 9":     func(o *ViewOptions) { o.Chain.ShortSide = 9 },
		"2 channels":             func(o *ViewOptions) { o.Channels = 2 },
		"normalised as those":    func(o *ViewOptions) { o.Channels = 1 },
		"unknown sampling":       func(o *ViewOptions) { o.Scheme.Sampling = "?" },
		"workers is -1":          func(o *ViewOptions) { o.Workers = -1 },
		"has one view":           func(o *ViewOptions) { o.Scheme.Sampling = video.SampleDense },
		"height is 0, must be":   func(o *ViewOptions) { o.Height = 0 },
		"prefetch is -2, must b": func(o *ViewOptions) { o.Prefetch = -2 },
	} {
		o := viewOptions()
		change(&o)
		n := 0
		for v, err := range Views(t.Context(), painted(5, nil), &paintedDecoder{}, o) {
			if n++; v != nil || err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("video %v, error %v, want one with %q", v, err, reason)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d results", reason, n)
		}
	}
}
