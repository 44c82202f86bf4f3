package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomae/internal/given"
	"videomae/video"
)

// paintedDecoder makes up videos: frame n of every video is filled with n, after a delay that differs from call to call. Paths with
// "bad" in them cannot be probed, those with "torn" cannot be decoded past frame 20.
type paintedDecoder struct{ calls atomic.Int64 }

var errTorn = errors.New("torn")

func (d *paintedDecoder) Name() string { return "painted" }

func (d *paintedDecoder) Probe(_ context.Context, path string) (video.Info, error) {
	if strings.Contains(path, "bad") {
		return video.Info{}, fmt.Errorf("video %s: made unreadable", path)
	}
	return video.Info{Path: path, Frames: 40, Width: 20, Height: 12}, nil
}

func (d *paintedDecoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	time.Sleep(time.Duration(d.calls.Add(1)*7%5) * 100 * time.Microsecond)
	if strings.Contains(info.Path, "torn") && indices[len(indices)-1] > 20 {
		return video.Clip{}, fmt.Errorf("video %s: %w", info.Path, errTorn)
	}
	clip := video.NewClip(len(indices), info.Height, info.Width, out.Channels)
	for t, n := range indices {
		for i := range clip.Frame(t) {
			clip.Frame(t)[i] = uint8(n)
		}
	}
	return clip, ctx.Err()
}

// painted is a manifest of n videos, those at the numbers in kinds named so.
func painted(n int, kinds map[int]string) Manifest {
	m := Manifest{Source: "test"}
	for i := range n {
		name := fmt.Sprintf("%03d%s", i, kinds[i])
		m.Items = append(m.Items, Item{Name: name, Path: "/" + name})
	}
	return m
}

var scheme = video.Scheme{Sampling: video.SamplePretrain, Mode: video.Official, Frames: 4, Stride: 2, Views: 1}

var options = LoaderOptions{Seed: 9, Batch: 4, Scheme: scheme, Height: 8, Width: 8, Channels: 3, MaxBadShare: .2}

// take reads count batches from a new loader. Each is a copy, so that their memory can be used again at once.
func take(t *testing.T, m Manifest, o LoaderOptions, start Position, count int) ([]Batch, error) {
	t.Helper()
	return takeFrom(t, m, &paintedDecoder{}, o, start, count)
}

func takeFrom(t *testing.T, m Manifest, d video.Decoder, o LoaderOptions, start Position, count int) (batches []Batch, err error) {
	t.Helper()
	l, err := NewLoader(context.Background(), m, d, o, start)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range count {
		b, err := l.Next(context.Background())
		if err != nil {
			return batches, err
		}
		batches = append(batches, Batch{Position: b.Position, Clips: bytes.Clone(b.Clips), Index: b.Index, Items: b.Items})
		b.Release()
	}
	return batches, nil
}

func mustTake(t *testing.T, m Manifest, o LoaderOptions, start Position, count int) []Batch {
	t.Helper()
	batches, err := take(t, m, o, start, count)
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

func equal(t *testing.T, what string, got, want []Batch) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d batches, want %d", what, len(got), len(want))
	}
	for i := range want {
		if got[i].Position != want[i].Position || !slices.Equal(got[i].Index, want[i].Index) || !slices.Equal(got[i].Items, want[i].Items) || !bytes.Equal(got[i].Clips, want[i].Clips) {
			t.Fatalf("%s: batch %d (%+v) differs from the one at %+v", what, i, got[i].Position, want[i].Position)
		}
	}
}

func TestEpochVisitsEveryItemOnce(t *testing.T) {
	m := painted(22, nil)
	batches := mustTake(t, m, options, Position{}, 11)
	var orders [2][]string
	for i, b := range batches[:10] {
		if want := (Position{i / 5, i % 5}); b.Position != want {
			t.Fatalf("batch %d is at %+v, want %+v", i, b.Position, want)
		}
		for k, item := range b.Items {
			if want := b.Step*4 + k; b.Index[k] != want {
				t.Fatalf("batch %d has index %v", i, b.Index)
			}
			orders[b.Epoch] = append(orders[b.Epoch], item.Name)
		}
	}
	for epoch, order := range orders {
		sorted := slices.Compact(slices.Sorted(slices.Values(order)))
		if len(sorted) != 20 {
			t.Errorf("epoch %d visits %d items, want 20 different ones", epoch, len(sorted))
		}
	}
	if slices.Equal(orders[0], orders[1]) {
		t.Error("two epochs have one order")
	}
	if batches[10].Position != (Position{2, 0}) {
		t.Errorf("after two epochs comes %+v", batches[10].Position)
	}
}

func TestClipsHoldTheFramesOfTheSampling(t *testing.T) {
	for _, b := range mustTake(t, painted(8, nil), options, Position{}, 4) {
		const frame = 8 * 8 * 3
		for k := range b.Items {
			clip := b.Clips[k*4*frame:][:4*frame]
			start := int(clip[0])
			for f, n := range video.PretrainIndices(start, 40, 4, 2) {
				if !bytes.Equal(clip[f*frame:][:frame], bytes.Repeat([]byte{uint8(n)}, frame)) {
					t.Fatalf("clip %d of %+v: frame %d is not frame %d of the video", k, b.Position, f, n)
				}
			}
		}
	}
}

func TestWorkersDoNotChangeBatches(t *testing.T) {
	m := painted(22, map[int]string{3: "bad", 7: "torn", 8: "torn"})
	want := mustTake(t, m, options, Position{}, 12)
	for _, workers := range []int{1, 2, 5} {
		o := options
		o.Workers, o.Prefetch = workers, workers
		equal(t, fmt.Sprintf("%d workers", workers), mustTake(t, m, o, Position{}, 12), want)
	}
}

func TestStartAnywhereContinuesIdentically(t *testing.T) {
	m := painted(22, map[int]string{3: "bad", 7: "torn", 8: "torn"})
	want := mustTake(t, m, options, Position{}, 12)
	for skip := range want {
		equal(t, fmt.Sprintf("after %d batches", skip), mustTake(t, m, options, want[skip].Position, 12-skip), want[skip:])
	}
	equal(t, "end of an epoch", mustTake(t, m, options, Position{0, 5}, 1), want[5:6])
}

func TestSeedChangesBatches(t *testing.T) {
	o := options
	o.Seed++
	a, b := mustTake(t, painted(22, nil), options, Position{}, 1), mustTake(t, painted(22, nil), o, Position{}, 1)
	if slices.Equal(a[0].Items, b[0].Items) || bytes.Equal(a[0].Clips, b[0].Clips) {
		t.Error("another seed gives the same batch")
	}
}

func TestLoaderRefusesBadSettings(t *testing.T) {
	set := func(change func(*LoaderOptions)) LoaderOptions {
		o := options
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		o      LoaderOptions
		start  Position
		reason string
	}{
		"batch too large": {set(func(o *LoaderOptions) { o.Batch = 11 }), Position{}, "there are 10: choose a batch of at most 10"},
		"batch 0":         {set(func(o *LoaderOptions) { o.Batch = 0 }), Position{}, "batch size 0"},
		"stride 0":        {set(func(o *LoaderOptions) { o.Scheme.Stride = 0 }), Position{}, "stride"},
		"2 channels":      {set(func(o *LoaderOptions) { o.Channels = 2 }), Position{}, "2 channels"},
		"share":           {set(func(o *LoaderOptions) { o.MaxBadShare = 2 }), Position{}, "share"},
		"position":        {options, Position{0, 3}, "2 steps"},
	} {
		if _, err := NewLoader(context.Background(), painted(10, nil), &paintedDecoder{}, c.o, c.start); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.reason)
		}
	}
}

func TestLoaderEndsItsGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	for range 3 {
		l, err := NewLoader(ctx, painted(22, nil), &paintedDecoder{}, options, Position{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Next(ctx); err != nil {
			t.Fatal(err)
		}
		l.Close()
		if _, err := l.Next(ctx); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	l, err := NewLoader(ctx, painted(22, nil), &paintedDecoder{}, options, Position{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := l.Next(context.Background()); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	ended(t, before)
}

// ended waits until there are no more goroutines than before.
func ended(t *testing.T, before int) {
	t.Helper()
	for wait := 0; runtime.NumGoroutine() > before && wait < 200; wait++ {
		time.Sleep(5 * time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

func TestInterruptedNextLosesNothing(t *testing.T) {
	want := mustTake(t, painted(22, nil), options, Position{}, 3)
	l, err := NewLoader(context.Background(), painted(22, nil), &paintedDecoder{}, options, Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var got []Batch
	for len(got) < 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Microsecond)
		b, err := l.Next(ctx)
		cancel()
		if err == nil {
			got = append(got, *b)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	equal(t, "with interruptions", got, want)
}

func TestRealManifest(t *testing.T) {
	m, err := Load(given.Clips(t, "clips.csv"), Options{Split: Train})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Items) != 281 {
		t.Errorf("%d train clips, want 281", len(m.Items))
	}
	if d := cmp.Diff("fight", m.Items[0].Label); d != "" {
		t.Error(d)
	}
}
