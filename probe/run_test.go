package probe

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"videomae/dataset"
	"videomae/internal/graphtest"
	"videomae/train"
	"videomae/video"
	"videomae/vit"
)

// options probe the smallest encoder on painted videos, whose classes differ in brightness.
func options(t *testing.T, kind Kind) Options {
	t.Helper()
	o := Options{Kind: kind, Encoder: minute("norm"), Classes: []string{"0", "1", "2"}, Train: listed(3, 6, 0, "bad.mp4"), Val: listed(3, 2, 100, "badly.mp4"),
		Scheme:  video.Scheme{Sampling: video.SampleTestDense, Mode: video.Official, Frames: 2, Stride: 1, Views: 2},
		Backend: graphtest.Open(t), How: vit.Compute{}, Decoder: painted{}, Precision: "f32", K: 3, Norm: Bare, Standardise: true}
	var err error
	if o.How, err = train.Compute(o.Backend, "f32"); err != nil {
		t.Fatal(err)
	}
	if kind == Attentive {
		o.Epochs, o.LR = 8, 1e-2
	}
	return o
}

func run(t *testing.T, o Options) Result {
	t.Helper()
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryKindTellsBrightnessApart(t *testing.T) {
	folder := t.TempDir()
	for _, kind := range Kinds {
		o := options(t, kind)
		r := run(t, o)
		if r.N != 7 || r.Unreadable != 1 || r.Readable == nil || r.Readable.Top1 != 100 {
			t.Errorf("%s: %d videos, %d unreadable, of the others %+v", kind, r.N, r.Unreadable, r.Readable)
		}
		if r.Videos != 18 || r.Clips != 18 || len(r.Bad) != 1 || r.Bad[0].Name != "bad.mp4" {
			t.Errorf("%s: learnt from %d clips of %d videos, without %v", kind, r.Clips, r.Videos, r.Bad)
		}
		if p := r.Predictions; len(p.Videos) != 7 || len(p.Videos[0].Views) != 2 || len(p.Videos[6].Views) != 0 || p.Views() != "2x1" {
			t.Errorf("%s: predictions %+v", kind, p)
		}
		if chosen := len(r.Tried) > 0; chosen != (kind == Linear) || chosen && r.HeldOut != 3 {
			t.Errorf("%s: tried %v with %d videos held out", kind, r.Tried, r.HeldOut)
		}
		o.Workers, o.Cache = 3, folder
		if again := run(t, o); !reflect.DeepEqual(again, r) {
			t.Errorf("%s: other workers and a cache give %+v, not %+v", kind, again, r)
		}
		if kept := run(t, o); !reflect.DeepEqual(kept, r) {
			t.Errorf("%s: kept features give %+v, not %+v", kind, kept, r)
		}
	}
	cached(t, folder, 4) // two lists, mean and every cube
}

func TestVotesOfSeveralNumbersOfNeighbours(t *testing.T) {
	r := run(t, options(t, Neighbours))
	var ks []int
	for _, v := range r.Votes {
		ks = append(ks, v.K)
		if v.K == 3 && v.Top1 != r.Top1 {
			t.Errorf("top-1 %v with 3 neighbours, and %v in the summary", v.Top1, r.Top1)
		}
	}
	if want := []int{1, 3, 5, 10}; !reflect.DeepEqual(ks, want) { // 20 are more than there are clips
		t.Errorf("votes of %v neighbours, want %v", ks, want)
	}
}

func TestResultIsOneObject(t *testing.T) {
	text, err := json.Marshal(run(t, options(t, Neighbours)))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"top1", "top5", "mean_class", "n", "ci95", "views", "kind", "settings", "knn", "train_unreadable"} {
		if _, there := got[key]; !there {
			t.Errorf("no %s in %s", key, text)
		}
	}
}

// The norm is that of fine-tuning's mean pooling, and every layer can be probed.
func TestNormsAndLayers(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.Norm = "" },
		func(o *Options) { o.Norm = Own },
		func(o *Options) { o.Layer, o.Norm = 1, Plain },
		func(o *Options) { o.TrainViews, o.TrainCrops = 3, 2 },
	} {
		o := options(t, Linear)
		change(&o)
		if r := run(t, o); r.Settings.Norm == "" || r.Clips != 18*max(1, o.TrainViews)*max(1, o.TrainCrops) {
			t.Errorf("%+v of %d clips", r.Settings, r.Clips)
		}
	}
	values := []float32{1, 2, 3, 6, -4, -4, 4, 4}
	layerNorm(values, 4)
	for i, want := range []float64{-1.0690, -0.5345, 0, 1.6036, -1, -1, 1, 1} {
		if d := float64(values[i]) - want; d > 1e-4 || d < -1e-4 {
			t.Errorf("value %d is %v, want %v", i, values[i], want)
		}
	}
}

func TestBadInputIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		kind   Kind
		change func(*Options)
		want   string
	}{
		"kind":         {"svm", func(*Options) {}, `unknown kind "svm"`},
		"layer":        {Linear, func(o *Options) { o.Layer = 3 }, "layer 3 is not one of the encoder's, which are 1 to 2"},
		"norm":         {Linear, func(o *Options) { o.Norm = "batch" }, `unknown norm "batch"`},
		"norm's layer": {Linear, func(o *Options) { o.Layer, o.Norm = 1, Own }, "layer 1 has none"},
		"k":            {Neighbours, func(o *Options) { o.K = 19 }, "no 19 neighbours among 18 training clips"},
		"negative k":   {Neighbours, func(o *Options) { o.K = -1 }, "choose at least 1"},
		"temperature":  {Neighbours, func(o *Options) { o.Temperature = -1 }, "temperature -1"},
		"one class":    {Centroid, func(o *Options) { o.Classes = o.Classes[:1] }, "nothing to tell apart"},
		"rate":         {Linear, func(o *Options) { o.LR = -1 }, "learning rate -1"},
		"memory":       {Attentive, func(o *Options) { o.MostTokens = 1000 }, "allow more memory"},
		"label":        {Linear, func(o *Options) { o.Train = listed(4, 1, 0) }, `the label "3", which is not among the 3 classes`},
		"unreadable class": {Centroid, func(o *Options) {
			o.Train.Items = append(listed(2, 2, 0).Items, dataset.Item{Name: "bad.mp4", Path: "bad.mp4", Label: "2"})
		}, `class "2" has no training video that can be read`},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, c.kind)
			c.change(&o)
			if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestInterruptedProbesEnd(t *testing.T) {
	for _, kind := range Kinds {
		ctx, stop := context.WithCancel(context.Background())
		o := options(t, kind)
		o.VideoProgress = func(string, int, int) { stop() }
		if _, err := Run(ctx, o); err == nil || ctx.Err() == nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
