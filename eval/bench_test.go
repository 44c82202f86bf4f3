package eval_test

import (
	"context"
	"iter"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"videomae/classify"
	"videomae/dataset"
	"videomae/engine"
	"videomae/eval"
	"videomae/frames"
	"videomae/frames/chain"
	"videomae/internal/given"
	"videomae/train"
	"videomae/video"
	"videomae/video/libav"
	"videomae/vit"
)

// BenchmarkEvaluation judges a tiny classifier on 5 x 3 views of the real validation clips, whole: reading, scoring, merging. For comparison each
// view is decoded for itself, by as many goroutines. The predictions of both must be equal.
func BenchmarkEvaluation(b *testing.B) {
	data := given.Clips(b)
	m, err := dataset.Load(filepath.Join(data, "clips.csv"), dataset.Options{Split: dataset.Val})
	if err != nil {
		b.Fatal(err)
	}
	classes, err := dataset.Classes(m.Items)
	if err != nil {
		b.Fatal(err)
	}
	labels, err := eval.NewLabels(classes, m.Items)
	if err != nil {
		b.Fatal(err)
	}
	backend, err := engine.Open("")
	if err != nil {
		b.Fatal(err)
	}
	defer backend.Finalize()
	const side = 64
	model := classify.Config{Classes: len(classes), Pooling: classify.Mean, InitScale: 1,
		Encoder: vit.Config{Frames: 16, Height: side, Width: side, Channels: 3, Tubelet: 2, Patch: 16, Dim: 192, Depth: 12, Heads: 3, MLP: 768}}
	classifier, err := train.NewClassifier(backend, model, vit.Compute{DType: dtypes.BFloat16}, train.InitialWeights(model.Specs(), 1))
	if err != nil {
		b.Fatal(err)
	}
	defer classifier.Close()
	decoder, err := libav.New(0)
	if err != nil {
		b.Skip(err)
	}
	views := dataset.ViewOptions{Scheme: video.Scheme{Sampling: video.SampleTestDense, Mode: video.Official, Frames: 16, Stride: 4, Views: 5},
		Chain: chain.OfficialTest(side, 3), Height: side, Width: side, Channels: 3}
	score := eval.ScoreOptions{Classes: classes, Labels: labels, Frames: 16, Height: side, Width: side, Channels: 3, Batch: 15}
	found := map[string][]eval.Video{}
	for name, read := range map[string]iter.Seq2[*dataset.VideoViews, error]{
		"once": dataset.Views(b.Context(), m, decoder, views),
		"each": eachView(b.Context(), m, decoder, views),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				videos, err := eval.Collect(b.Context(), classifier, read, score)
				if err != nil {
					b.Fatal(err)
				}
				found[name] = videos
			}
			b.ReportMetric(float64(len(m.Items)*b.N)/b.Elapsed().Seconds(), "videos/s")
		})
	}
	if found["once"] != nil && found["each"] != nil && !reflect.DeepEqual(found["once"], found["each"]) {
		b.Error("predictions differ")
	}
}

// eachView reads the views of each video one by one, each from a decoding of its own, several at a time.
func eachView(ctx context.Context, m dataset.Manifest, d video.Decoder, o dataset.ViewOptions) iter.Seq2[*dataset.VideoViews, error] {
	return func(yield func(*dataset.VideoViews, error) bool) {
		size := o.Scheme.Frames * o.Height * o.Width * o.Channels
		for i, item := range m.Items {
			v := &dataset.VideoViews{Index: i, Item: item, Temporal: o.Scheme.Views, Crops: o.Chain.Views}
			v.Clips = make([]float32, v.Temporal*v.Crops*size)
			work := make(chan int)
			errs := make(chan error, v.Temporal*v.Crops)
			var running sync.WaitGroup
			for range runtime.GOMAXPROCS(0) {
				running.Go(func() {
					var scratch chain.Scratch
					for k := range work {
						dst := frames.Floats{T: o.Scheme.Frames, H: o.Height, W: o.Width, C: o.Channels, Pix: v.Clips[k*size:][:size]}
						errs <- readView(ctx, d, item.Path, o, k, dst, &scratch)
					}
				})
			}
			for k := range v.Temporal * v.Crops {
				work <- k
			}
			close(work)
			running.Wait()
			close(errs)
			for err := range errs {
				if err != nil {
					yield(nil, err)
					return
				}
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// readView decodes one view of a video.
func readView(ctx context.Context, d video.Decoder, path string, o dataset.ViewOptions, k int, dst frames.Floats, scratch *chain.Scratch) error {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return err
	}
	taken, err := o.Scheme.Sample(info.Frames, k/o.Chain.Views, nil)
	if err != nil {
		return err
	}
	clip, err := d.Frames(ctx, info, taken.Indices, video.RGB)
	if err != nil {
		return err
	}
	return o.Chain.Apply(dst, clip, k%o.Chain.Views, scratch)
}
