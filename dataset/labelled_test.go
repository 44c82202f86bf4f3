package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"videomae/frames"
	"videomae/frames/chain"
	"videomae/frames/draw"
	"videomae/frames/mixup"
	"videomae/seed"
	"videomae/video"
)

var threeClasses = []string{"0", "1", "2"}

// classed is a manifest of n videos in three classes.
func classed(n int) Manifest {
	m := painted(n, nil)
	for i := range m.Items {
		m.Items[i].Label, m.Items[i].Row = threeClasses[i%3], i+1
	}
	return m
}

func labelledOptions(t *testing.T) LabelledOptions {
	t.Helper()
	augment, err := chain.OfficialTrain(true)
	if err != nil {
		t.Fatal(err)
	}
	mixer := mixup.Official()
	dense := video.Scheme{Sampling: video.SampleDense, Mode: video.Official, Frames: 4, Stride: 2, Views: 1}
	return LabelledOptions{Seed: 3, Batch: 4, Repeats: 2, Scheme: dense, Height: 8, Width: 12, Channels: 3, Augment: augment,
		Mixer: &mixer, Smoothing: .1, Classes: threeClasses, MaxBadShare: 1}
}

func takeLabelled(t *testing.T, m Manifest, d video.Decoder, o LabelledOptions, start Position, count int) (batches []LabelledBatch, err error) {
	t.Helper()
	l, err := NewLabelled(context.Background(), m, d, o, start)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range count {
		b, err := l.Next(context.Background())
		if err != nil {
			return batches, err
		}
		kept := *b
		kept.Clips = slices.Clone(b.Clips)
		batches = append(batches, kept)
		b.Release()
	}
	return batches, nil
}

// sameBits tells whether two slices hold the same bits.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func equalLabelled(t *testing.T, what string, got, want []LabelledBatch) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d batches, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Position != w.Position || !slices.Equal(g.Index, w.Index) || !slices.Equal(g.Items, w.Items) || !slices.Equal(g.Labels, w.Labels) {
			t.Fatalf("%s: batch %d (%+v) is of other clips than the one at %+v", what, i, g.Position, w.Position)
		}
		if !sameBits(g.Clips, w.Clips) || !sameBits(g.Targets, w.Targets) {
			t.Fatalf("%s: clips or targets of batch %d (%+v) differ", what, i, g.Position)
		}
	}
}

// byHand is the batch at a position, made step by step with the packages that the loader uses.
func byHand(t *testing.T, m Manifest, d video.Decoder, o LabelledOptions, at Position) (clips, targets []float32) {
	t.Helper()
	order := seed.Rand(o.Seed, "shuffle", uint64(at.Epoch)).Perm(len(m.Items))
	var labels []int
	for place := at.Step * o.Batch; place < (at.Step+1)*o.Batch; place++ {
		item := m.Items[order[place]]
		info, err := d.Probe(t.Context(), item.Path)
		if err != nil {
			t.Fatal(err)
		}
		taken, err := o.Scheme.Sample(info.Frames, 0, seed.Rand(o.Seed, "frames", uint64(at.Epoch), uint64(place)))
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := d.Frames(t.Context(), info, taken.Indices, video.RGB)
		if err != nil {
			t.Fatal(err)
		}
		for k := range max(1, o.Repeats) {
			source := func(purpose string) draw.Source {
				return draw.From(seed.Rand(o.Seed, purpose, uint64(at.Epoch), uint64(place), uint64(k)))
			}
			dst := frames.NewFloats(o.Scheme.Frames, o.Height, o.Width, o.Channels)
			drawn := o.Augment.Draw(source("augment"), info.Width, info.Height, o.Width, o.Height)
			if err := o.Augment.Apply(dst, decoded, drawn, source("erase"), new(chain.Scratch)); err != nil {
				t.Fatal(err)
			}
			clips = append(clips, dst.Pix...)
			labels = append(labels, slices.Index(o.Classes, item.Label))
		}
	}
	n, size := len(labels), len(clips)/len(labels)
	if o.MixOver > 0 {
		n = o.MixOver
	}
	for from := 0; from < len(labels); from += n {
		mixes := slices.Repeat([]mixup.Mix{{Share: 1}}, n)
		if o.Mixer != nil {
			var err error
			source := draw.From(seed.Rand(o.Seed, "mixup", uint64(at.Epoch), uint64(at.Step), uint64(from/n)))
			if mixes, err = o.Mixer.Draw(source, n, o.Width, o.Height); err != nil {
				t.Fatal(err)
			}
			group := frames.Floats{T: n * o.Scheme.Frames, H: o.Height, W: o.Width, C: o.Channels, Pix: clips[from*size:][:n*size]}
			if err := mixup.Apply(group, mixes); err != nil {
				t.Fatal(err)
			}
		}
		some, err := mixup.Targets(labels[from:][:n], mixes, len(o.Classes), o.Smoothing)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, some...)
	}
	return clips, targets
}

func TestLabelledBatchesAreTheChainByHand(t *testing.T) {
	m, d := classed(20), whimsicalDecoder{}
	for name, change := range map[string]func(*LabelledOptions){
		"official":      func(*LabelledOptions) {},
		"one clip each": func(o *LabelledOptions) { o.Repeats = 0 },
		"micro-batches": func(o *LabelledOptions) { o.MixOver = 2 },
		"pairs":         func(o *LabelledOptions) { o.Mixer.Mode = mixup.Pair },
		"nothing mixed": func(o *LabelledOptions) { o.Mixer, o.Repeats, o.Batch = nil, 1, 5 },
		"no table":      func(o *LabelledOptions) { o.Augment.Table = nil },
		"segments":      func(o *LabelledOptions) { o.Scheme.Sampling, o.Augment.Flip = video.SampleSegments, 0 },
	} {
		o := labelledOptions(t)
		change(&o)
		batches, err := takeLabelled(t, m, d, o, Position{1, 1}, 3)
		if err != nil {
			t.Fatal(err)
		}
		o.Augment.Table = frames.ImageNet(3)
		for _, b := range batches {
			clips, targets := byHand(t, m, d, o, b.Position)
			if !sameBits(b.Clips, clips) || !sameBits(b.Targets, targets) {
				t.Errorf("%s: batch at %+v differs", name, b.Position)
			}
		}
	}
}

func TestRepeatsAreNeighboursOfOneDecoding(t *testing.T) {
	o := labelledOptions(t)
	o.Repeats, o.Mixer, o.Workers, o.Prefetch = 3, nil, 1, 1
	d := &paintedDecoder{}
	batches, err := takeLabelled(t, classed(20), d, o, Position{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(5 * o.Batch); d.calls.Load() > most { // 2 batches, and those ahead
		t.Errorf("%d decodings for 2 batches, want at most %d", d.calls.Load(), most)
	}
	size := len(batches[0].Clips) / (o.Batch * 3)
	for _, b := range batches {
		for i := range b.Items {
			first := i / 3 * 3
			if b.Items[i] != b.Items[first] || b.Labels[i] != b.Labels[first] || fmt.Sprint(b.Labels[i]) != b.Items[i].Label {
				t.Errorf("clip %d is of %v, class %d; the first of its video of %v, class %d", i, b.Items[i], b.Labels[i], b.Items[first], b.Labels[first])
			}
			if want := b.Step*o.Batch*3 + i; b.Index[i] != want {
				t.Errorf("clip %d has index %d, want %d", i, b.Index[i], want)
			}
			if i != first && sameBits(b.Clips[i*size:][:size], b.Clips[first*size:][:size]) {
				t.Errorf("clip %d is as the first of its video", i)
			}
		}
	}
}

// TestPairsLieInMicroBatches mixes halves of clips that are each of one value, and finds of which two each is made.
func TestPairsLieInMicroBatches(t *testing.T) {
	o := labelledOptions(t)
	o.Augment = chain.Train{Crop: frames.OfficialCrop()}
	o.Mixer, o.MixOver, o.Repeats, o.Batch, o.Smoothing = &mixup.Mixer{Mixup: 1, Probability: 1}, 4, 2, 6, 0
	batches, err := takeLabelled(t, classed(20), &paintedDecoder{}, o, Position{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	plain := o
	plain.Mixer = nil
	unmixed, err := takeLabelled(t, classed(20), &paintedDecoder{}, plain, Position{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	var shares []float64
	for i, b := range batches {
		size := len(b.Clips) / len(b.Labels)
		for k := range b.Labels {
			partner := k/4*4 + 3 - k%4
			own, other, got := float64(unmixed[i].Clips[k*size]), float64(unmixed[i].Clips[partner*size]), float64(b.Clips[k*size])
			row := b.Targets[3*k:][:3]
			share := float64(row[b.Labels[k]])
			if b.Labels[k] == b.Labels[partner] {
				if share != 1 {
					t.Errorf("batch %d: two clips of a class make the target %v", i, row)
				}
				continue
			}
			shares = append(shares, share)
			if math.Abs(share*own+(1-share)*other-got) > 1e-5 || math.Abs(share+float64(row[b.Labels[partner]])-1) > 1e-6 {
				t.Errorf("batch %d: clip %d of %v with %v by %v is %v, target %v", i, k, own, other, share, got, row)
			}
		}
	}
	slices.Sort(shares)
	if len(slices.Compact(shares)) < 4 {
		t.Errorf("micro-batches share their draws: %v", shares)
	}
}

// togetherLabelled are the batches that all ranks make, each with a number of workers of its own.
func togetherLabelled(t *testing.T, m Manifest, d video.Decoder, o LabelledOptions, start Position, count int, rng *rand.Rand) []LabelledBatch {
	t.Helper()
	all := make([]LabelledBatch, count)
	for o.Rank = range max(1, o.Ranks) {
		o.Workers, o.Prefetch = 1+rng.IntN(4), 1+rng.IntN(3)
		shares, err := takeLabelled(t, m, d, o, start, count)
		if err != nil {
			t.Fatal(err)
		}
		for i, share := range shares {
			all[i].Position = share.Position
			all[i].Clips = append(all[i].Clips, share.Clips...)
			all[i].Targets = append(all[i].Targets, share.Targets...)
			all[i].Labels = append(all[i].Labels, share.Labels...)
			all[i].Index = append(all[i].Index, share.Index...)
			all[i].Items = append(all[i].Items, share.Items...)
		}
	}
	return all
}

func TestLabelledSequenceIsElastic(t *testing.T) {
	for trial := range uint64(2) {
		rng := seed.Rand(trial, "elastic")
		o := labelledOptions(t)
		o.Seed, o.Batch, o.MixOver = trial, 12, 4
		if trial%2 == 1 {
			o.Mixer, o.MixOver = nil, 0
		}
		m := classed(12 + rng.IntN(30))
		m.Items = append(m.Items, Item{Name: "good", Path: "good", Label: "1"}) // so that something is
		d := whimsicalDecoder{badShare: rng.Float64() * .9}
		const count = 4
		want := togetherLabelled(t, m, d, o, Position{}, count, rng)
		for _, ranks := range []int{2, 3, 6} {
			o.Ranks = ranks
			from := rng.IntN(count)
			got := togetherLabelled(t, m, d, o, want[from].Position, count-from, rng)
			equalLabelled(t, fmt.Sprintf("trial %d, %d ranks, from batch %d", trial, ranks, from), got, want[from:])
		}
	}
}

func TestUnreadableLabelledItemTakesItsLabelAway(t *testing.T) {
	m := classed(20)
	for i := range m.Items {
		if i%4 == 1 {
			m.Items[i].Path += "bad"
		}
	}
	o := labelledOptions(t)
	o.Mixer, o.Smoothing = nil, 0
	reported := map[string]bool{}
	o.Report = func(f Failure) { reported[f.Item.Name] = true }
	batches, err := takeLabelled(t, m, &paintedDecoder{}, o, Position{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		for k, item := range b.Items {
			if strings.Contains(item.Path, "bad") || fmt.Sprint(b.Labels[k]) != item.Label || b.Targets[3*k+b.Labels[k]] != 1 {
				t.Errorf("clip %d of %+v: video %v has label %d and target %v", k, b.Position, item, b.Labels[k], b.Targets[3*k:][:3])
			}
		}
	}
	if len(reported) != 5 {
		t.Errorf("reported %v, want 5 videos", reported)
	}
	o.MaxBadShare, o.Report = .2, nil
	if _, err := takeLabelled(t, m, &paintedDecoder{}, o, Position{}, 10); err == nil || !strings.Contains(err.Error(), "5 of 20 videos cannot be read") {
		t.Errorf("5 of 20 bad with a share of .2: %v", err)
	}
}

func TestLabelledRefusesBadSettings(t *testing.T) {
	stranger := classed(20)
	stranger.Items[6].Label = "3"
	for name, c := range map[string]struct {
		m      Manifest
		change func(*LabelledOptions)
		reason string
	}{
		"unknown label": {stranger, func(*LabelledOptions) {}, `data test: row 7: video 006 has the label "3"`},
		"odd batch":     {classed(20), func(o *LabelledOptions) { o.Batch, o.Repeats = 3, 1 }, "3 clips cannot be mixed in pairs"},
		"odd group":     {classed(20), func(o *LabelledOptions) { o.MixOver = 1 }, "1 clips cannot be mixed in pairs"},
		"split group":   {classed(20), func(o *LabelledOptions) { o.Ranks = 2 }, "no whole number of groups of 8"},
		"cut group":     {classed(20), func(o *LabelledOptions) { o.MixOver = 6 }, "no whole number of groups of 6"},
		"smoothing":     {classed(20), func(o *LabelledOptions) { o.Smoothing = 1 }, "smoothing 1"},
		"channels":      {classed(20), func(o *LabelledOptions) { o.Channels = 1 }, "channels"},
		"grey":          {classed(20), func(o *LabelledOptions) { o.Channels, o.Augment.Table = 1, nil }, "RandAugment needs 3 channels"},
		"no crop":       {classed(20), func(o *LabelledOptions) { o.Augment.Crop = frames.RandomCrop{} }, "crops of shares"},
		"flip":          {classed(20), func(o *LabelledOptions) { o.Augment.Flip = 1.5 }, "flip 1.5"},
		"batch":         {classed(20), func(o *LabelledOptions) { o.Batch = 21 }, "choose a batch of at most 20"},
		"scheme":        {classed(20), func(o *LabelledOptions) { o.Scheme.Frames = 0 }, "frames"},
	} {
		o := labelledOptions(t)
		c.change(&o)
		if l, err := NewLabelled(context.Background(), c.m, &paintedDecoder{}, o, Position{}); err == nil || l != nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.reason)
		}
	}
}

func TestGreyClipsAreAugmentedToo(t *testing.T) {
	o := labelledOptions(t)
	o.Channels, o.Augment.Table, o.Augment.Augment.Layers = 1, nil, 0
	batches, err := takeLabelled(t, classed(20), whimsicalDecoder{}, o, Position{}, 1)
	if err != nil || len(batches[0].Clips) != 8*4*8*12 {
		t.Errorf("%d values, %v", len(batches[0].Clips), err)
	}
}

func TestDecoderThatBreaksEndsTheLabelledLoader(t *testing.T) {
	o := labelledOptions(t)
	o.Report = func(f Failure) { t.Errorf("an item is blamed: %v", f.Err) }
	if _, err := takeLabelled(t, classed(22), &brokenDecoder{}, o, Position{}, 30); !errors.Is(err, video.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}
