package dataset

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"videomae/frames"
	"videomae/frames/chain"
	"videomae/video"
)

// BenchmarkViews reads 5 x 3 views of the real validation clips as an evaluation does, and, for comparison, each view for itself. Both use
// all CPUs.
func BenchmarkViews(b *testing.B) {
	m, d := realClips(b, math.MaxInt, Val)
	o := ViewOptions{Scheme: video.Scheme{Sampling: video.SampleTestDense, Mode: video.Official, Frames: 16, Stride: 4, Views: 5},
		Chain: chain.OfficialTest(224, 3), Height: 224, Width: 224, Channels: 3}
	rate := func(b *testing.B) {
		b.ReportMetric(float64(len(m.Items)*b.N)/b.Elapsed().Seconds(), "videos/s")
	}
	b.Run("once", func(b *testing.B) {
		for b.Loop() {
			for v, err := range Views(b.Context(), m, d, o) {
				if err != nil || v.Err != nil {
					b.Fatal(err, v)
				}
				v.Release()
			}
		}
		rate(b)
	})
	b.Run("each", func(b *testing.B) {
		for b.Loop() {
			eachView(b, m, d, o)
		}
		rate(b)
	})
}

// eachView decodes every view of every video for itself.
func eachView(b *testing.B, m Manifest, d video.Decoder, o ViewOptions) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			var scratch chain.Scratch
			dst := frames.NewFloats(o.Scheme.Frames, o.Height, o.Width, o.Channels)
			for {
				i := int(next.Add(1) - 1)
				if i >= len(m.Items)*o.Scheme.Views*o.Chain.Views {
					return
				}
				view := video.TestView(i, len(m.Items), o.Chain.Views)
				info, err := d.Probe(b.Context(), m.Items[view.Video].Path)
				if err != nil {
					b.Error(err)
					return
				}
				taken, err := o.Scheme.Sample(info.Frames, view.Temporal, nil)
				if err != nil {
					b.Error(err)
					return
				}
				clip, err := d.Frames(b.Context(), info, taken.Indices, video.RGB)
				if err == nil {
					err = o.Chain.Apply(dst, clip, view.Crop, &scratch)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

// BenchmarkLabelled reads real clips as the paper's fine-tuning does, two clips of each video.
func BenchmarkLabelled(b *testing.B) {
	m, d := realClips(b, math.MaxInt, Train)
	classes, err := Classes(m.Items)
	if err != nil {
		b.Fatal(err)
	}
	o := LabelledOptions{Batch: 4, Repeats: 2, Height: 224, Width: 224, Channels: 3, Classes: classes,
		Scheme: video.Scheme{Sampling: video.SampleDense, Mode: video.Official, Frames: 16, Stride: 4, Views: 1}}
	if o.Augment, err = chain.OfficialTrain(true); err != nil {
		b.Fatal(err)
	}
	l, err := NewLabelled(b.Context(), m, d, o, Position{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	clips := 0
	for b.Loop() {
		batch, err := l.Next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		clips += len(batch.Labels)
		batch.Release()
	}
	b.ReportMetric(float64(clips)/b.Elapsed().Seconds(), "clips/s")
}
