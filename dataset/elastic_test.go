package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"videomae/seed"
	"videomae/video"
)

// whimsicalDecoder makes up videos of various lengths, of which a hash of the path decides which fail and how: when probed, in every
// decoding, or in those that reach a frame. How long it takes differs from call to call.
type whimsicalDecoder struct{ badShare float64 }

func (whimsicalDecoder) Name() string { return "whimsical" }

func (d whimsicalDecoder) Probe(_ context.Context, path string) (video.Info, error) {
	whim(rand.IntN(3))
	h := hash(path)
	if float64(h%1000) < 1000*d.badShare/2 {
		return video.Info{}, fmt.Errorf("video %s: cannot be probed", path)
	}
	return video.Info{Path: path, Frames: 1 + int(h/1000%60), Width: 24, Height: 16}, nil
}

func (d whimsicalDecoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	whim(rand.IntN(6))
	h := hash(info.Path)
	if float64(h%1000) < 1000*d.badShare && indices[len(indices)-1] > int(h/60000%40) {
		return video.Clip{}, fmt.Errorf("video %s: damaged after frame %d", info.Path, h/60000%40)
	}
	clip := video.NewClip(len(indices), info.Height, info.Width, out.Channels)
	for t, n := range indices {
		for i := range clip.Frame(t) {
			clip.Frame(t)[i] = uint8(int(h) + n*7 + i)
		}
	}
	return clip, ctx.Err()
}

func whim(n int) {
	if n == 0 {
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	} else {
		runtime.Gosched()
	}
}

func hash(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // a hash never fails
	return h.Sum64()
}

// together are the batches that all ranks make, each with a number of workers of its own.
func together(t *testing.T, m Manifest, d video.Decoder, o LoaderOptions, start Position, count int, rng *rand.Rand) []Batch {
	t.Helper()
	all := make([]Batch, count)
	for o.Rank = range o.Ranks {
		o.Workers, o.Prefetch = 1+rng.IntN(4), 1+rng.IntN(3)
		shares, err := takeFrom(t, m, d, o, start, count)
		if err != nil {
			t.Fatal(err)
		}
		for i, share := range shares {
			if len(share.Items) != o.Batch/o.Ranks {
				t.Fatalf("a share of %d clips of a batch of %d among %d", len(share.Items), o.Batch, o.Ranks)
			}
			all[i].Position = share.Position
			all[i].Clips = append(all[i].Clips, share.Clips...)
			all[i].Index = append(all[i].Index, share.Index...)
			all[i].Items = append(all[i].Items, share.Items...)
		}
	}
	return all
}

func TestSequenceIsElastic(t *testing.T) {
	modes := []video.Mode{video.Official, video.Exact}
	schemes := []video.Sampling{video.SamplePretrain, video.SampleDense, video.SampleSegments}
	for trial := range uint64(12) {
		rng := seed.Rand(trial, "elastic")
		o := options
		o.Seed, o.Batch, o.Ranks, o.MaxBadShare = trial, 12, 1, 1
		o.Scheme.Mode, o.Scheme.Sampling = modes[rng.IntN(2)], schemes[rng.IntN(3)]
		m := painted(12+rng.IntN(50), nil)
		m.Items = append(m.Items, Item{Name: "good", Path: "good"}) // so that something is
		d := whimsicalDecoder{badShare: rng.Float64() * .9}
		const count = 9
		want := together(t, m, d, o, Position{}, count, rng)
		for _, ranks := range []int{1, 2, 3, 4, 12} {
			o.Ranks = ranks
			from := rng.IntN(count)
			got := together(t, m, d, o, want[from].Position, count-from, rng)
			equal(t, fmt.Sprintf("trial %d, %d ranks, from batch %d", trial, ranks, from), got, want[from:])
		}
	}
}

func TestPositionIsFoundWithoutReading(t *testing.T) {
	d := &paintedDecoder{}
	o := options
	o.Workers, o.Prefetch = 1, 1
	far := Position{Epoch: 1_000_000, Step: 4}
	batches, err := takeFrom(t, painted(22, nil), d, o, far, 1)
	if err != nil {
		t.Fatal(err)
	}
	if batches[0].Position != far {
		t.Errorf("first batch is at %+v", batches[0].Position)
	}
	if most := int64(3 * o.Batch); d.calls.Load() > most { // the batch, and those ahead of it
		t.Errorf("%d clips were decoded for the first batch, want at most %d", d.calls.Load(), most)
	}
}

func TestSharesMustBeEqual(t *testing.T) {
	for _, c := range []struct{ rank, ranks int }{{0, 3}, {2, 2}, {-1, 2}, {1, 0}, {0, -1}, {0, 8}} {
		o := options
		o.Rank, o.Ranks = c.rank, c.ranks
		if _, err := NewLoader(context.Background(), painted(10, nil), &paintedDecoder{}, o, Position{}); err == nil || !strings.Contains(err.Error(), "loader: ") {
			t.Errorf("rank %d of %d of a batch of 4: %v", c.rank, c.ranks, err)
		}
	}
}

// brokenDecoder works for some calls, and then for no file.
type brokenDecoder struct{ paintedDecoder }

func (d *brokenDecoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	if d.calls.Load() > 30 {
		return video.Clip{}, fmt.Errorf("%w: no process", video.ErrUnavailable)
	}
	return d.paintedDecoder.Frames(ctx, info, indices, out)
}

func TestDecoderThatBreaksEndsTheLoader(t *testing.T) {
	o := options
	o.MaxBadShare = 1
	o.Report = func(f Failure) { t.Errorf("an item is blamed: %v", f.Err) }
	if _, err := takeFrom(t, painted(22, nil), &brokenDecoder{}, o, Position{}, 30); !errors.Is(err, video.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}
