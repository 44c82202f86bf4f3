package probe

import (
	"context"
	"fmt"
	"slices"

	"videomae/dataset"
	"videomae/eval"
	"videomae/extract"
	"videomae/frames"
	"videomae/frames/chain"
	"videomae/video"
)

// neighbourCounts are numbers of neighbours whose accuracies are told beside the one asked for.
var neighbourCounts = []int{1, 5, 10, 20}

// Run probes an encoder. Features that are done when it is interrupted are kept in the cache.
func Run(ctx context.Context, o Options) (Result, error) {
	r := Result{Kind: o.Kind}
	if err := o.complete(); err != nil {
		return r, err
	}
	r.Settings = o.settings()
	labels, err := dataset.Labels(o.Train.Items, o.Classes)
	if err != nil {
		return r, fmt.Errorf("data %s: %w", o.Train.Source, err)
	}
	training, val, err := o.features(ctx)
	if err != nil {
		return r, err
	}
	s := training.set(labels)
	r.Clips, r.Bad = len(s.clips), training.bad()
	r.Videos = len(training.Videos) - len(r.Bad)
	if err := s.covers(o.Classes); err != nil {
		return r, fmt.Errorf("data %s: %w", o.Train.Source, err)
	}
	if r.Predictions, err = o.predictions(val); err != nil {
		return r, err
	}
	m, err := o.fit(ctx, s, &r)
	if err != nil {
		return r, err
	}
	if a, ok := m.(attentiveModel); ok {
		defer a.close()
	}
	return r, o.score(m, s, val, &r)
}

// settings are those that the options have, filled in.
func (o Options) settings() Settings {
	s := Settings{Layer: o.Layer, Norm: o.Norm, TrainViews: fmt.Sprintf("%dx%d", o.TrainViews, o.TrainCrops),
		Cubes: o.Encoder.Config.Tokens(), Width: o.Encoder.Config.Dim}
	switch o.Kind {
	case Neighbours:
		s.K, s.Temperature, s.Standardise = o.K, o.Temperature, o.Standardise
	case Centroid:
		s.Temperature, s.Standardise = o.Temperature, o.Standardise
	case Linear:
		s.Epochs, s.Standardise = o.Epochs, true
	case Attentive:
		s.Epochs, s.WeightDecay = o.Epochs, attentiveDecay
		if s.Norm = Plain; ownCubes(o) {
			s.Norm = Own
		}
	}
	return s
}

// features computes those of both lists.
func (o Options) features(ctx context.Context) (training, val Features, err error) {
	wanted := extract.Options{Layer: o.Layer, Norm: o.Norm == Own, Pool: extract.Mean}
	if o.Kind == Attentive {
		wanted.Norm, wanted.Pool = false, extract.None
		if err := o.fits(); err != nil {
			return training, val, err
		}
	}
	x, err := extract.New(o.Backend, o.Encoder, o.How, wanted)
	if err != nil {
		return training, val, err
	}
	defer x.Close()
	if training, err = o.list(ctx, x, "train", o.Train, o.TrainViews, o.TrainCrops); err != nil {
		return training, val, fmt.Errorf("features of %s: %w", o.Train.Source, err)
	}
	if val, err = o.list(ctx, x, "val", o.Val, o.Scheme.Views, o.Crops); err != nil {
		return training, val, fmt.Errorf("features of %s: %w", o.Val.Source, err)
	}
	if o.Kind != Attentive && o.Norm == Plain {
		layerNorm(training.Values, training.Width)
		layerNorm(val.Values, val.Width)
	}
	return training, val, nil
}

// fits refuses features of all cubes that would not fit into memory.
func (o Options) fits() error {
	c := o.Encoder.Config
	clips := len(o.Train.Items)*o.TrainViews*o.TrainCrops + len(o.Val.Items)*o.Scheme.Views*o.Crops
	if bytes := 4 * int64(clips) * int64(c.Tokens()) * int64(c.Dim); bytes > o.MostTokens {
		return fmt.Errorf("attentive probe: the features of all cubes of %d clips take %.1f GiB, more than %.1f: allow more memory, take fewer videos or views, "+
			"or let videomae finetune --pooling attention --freeze %d compute them anew in each epoch", clips, gib(bytes), gib(o.MostTokens), c.Depth+1)
	}
	return nil
}

func gib(bytes int64) float64 { return float64(bytes) / (1 << 30) }

// list computes the features of a list.
func (o Options) list(ctx context.Context, x *extract.Extractor, name string, m dataset.Manifest, temporal, crops int) (Features, error) {
	c, scheme := o.Encoder.Config, o.Scheme
	scheme.Views = temporal
	test := chain.OfficialTest(max(c.Height, c.Width), crops)
	test.Table = frames.ImageNet(c.Channels)
	r := Reader{Encoder: x, Decoder: o.Decoder, Batch: o.Batch, Note: o.Note,
		Views: dataset.ViewOptions{Scheme: scheme, Chain: test, Height: c.Height, Width: c.Width, Channels: c.Channels, Workers: o.Workers}}
	if o.Cache != "" {
		r.Cache = &Cache{Folder: o.Cache, Weights: extract.Fingerprint(o.Encoder), Precision: o.Precision, Options: x.Options}
	}
	if o.VideoProgress != nil {
		r.Progress = func(done, all int) { o.VideoProgress(name, done, all) }
	}
	return r.Read(ctx, m)
}

// fit fits the probe.
func (o Options) fit(ctx context.Context, s set, r *Result) (model, error) {
	classes := len(o.Classes)
	switch o.Kind {
	case Neighbours:
		if o.K > len(s.clips) {
			return nil, fmt.Errorf("probe: there are no %d neighbours among %d training clips: choose a smaller number", o.K, len(s.clips))
		}
		return neighbours{newDirections(s, o.Standardise), classes, o.K, o.Temperature}, nil
	case Centroid:
		return fitCentroid(newDirections(s, o.Standardise), classes, o.Temperature), nil
	case Attentive:
		a := newAttentive(o)
		m, err := o.chooseAndFit(ctx, s, attentiveRates, 3e-4, r, func(ctx context.Context, s set, lr float64) (model, error) { return a.fit(ctx, s, lr) })
		r.Settings.Batch, r.Settings.PeakLR = a.batch, r.Settings.LR
		if err != nil {
			a.close()
		}
		return m, err
	}
	r.Settings.Batch = batchSize(len(s.clips))
	m, err := o.chooseAndFit(ctx, s, linearRates, 0.1, r, func(ctx context.Context, s set, lr float64) (model, error) {
		return fitLinear(ctx, s, classes, o, lr)
	})
	r.Settings.PeakLR = peak(r.Settings.LR, len(s.clips))
	return m, err
}

// chooseAndFit chooses a learning rate, unless one is given, and fits all clips with it.
func (o Options) chooseAndFit(ctx context.Context, s set, rates []float64, usual float64, r *Result, fit fitter) (model, error) {
	chosen := choice{lr: o.LR}
	if o.LR == 0 {
		var err error
		if chosen, err = choose(ctx, s, len(o.Classes), o.Seed, rates, usual, fit); err != nil {
			return nil, err
		}
	}
	r.Settings.LR, r.Tried, r.HeldOut = chosen.lr, chosen.tried, chosen.heldOut
	return fit(ctx, s, chosen.lr)
}

// predictions are those of Val without scores.
func (o Options) predictions(val Features) (eval.Predictions, error) {
	labels, err := eval.NewLabels(o.Classes, o.Val.Items)
	if err != nil {
		return eval.Predictions{}, fmt.Errorf("validation data %s: %w", o.Val.Source, err)
	}
	scheme := video.SampleDense
	if !o.Scheme.HasStride() {
		scheme = video.SampleSegments
	}
	p := eval.Predictions{About: eval.About{Classes: o.Classes, Temporal: o.Scheme.Views, Crops: o.Crops, Scheme: string(scheme), Checkpoint: o.Encoder.Source,
		Model: extract.Fingerprint(o.Encoder), Data: o.Val.Source, DataHash: o.Val.Hash(), Precision: o.Precision, Engine: o.Engine}}
	for i, item := range o.Val.Items {
		v := eval.Video{Index: i, Name: val.Videos[i].Name, Class: item.Label, Label: -1, Error: val.Videos[i].Error}
		if item.Label != "" {
			v.Label = labels.Place(item.Label)
		}
		if v.Label >= 0 {
			v.Class = o.Classes[v.Label]
		}
		if i == 0 {
			p.Split = item.Split
		}
		p.Videos = append(p.Videos, v)
	}
	return p, nil
}

// judge gives the videos that could be read the scores of their views, and counts.
func (o Options) judge(r *Result, val Features, scores [][]float32) error {
	for i := range r.Predictions.Videos {
		v := &r.Predictions.Videos[i]
		v.Views = nil
		if !val.Videos[i].Read {
			continue
		}
		for view := range val.Views {
			v.Views = append(v.Views, eval.View{Temporal: view / o.Crops, Crop: view % o.Crops, Logits: scores[view]})
		}
		scores = scores[val.Views:]
	}
	var err error
	r.Judgement, err = eval.Judge(r.Predictions, eval.Options{Seed: o.Seed})
	r.Summary = r.Judgement.Summary
	return err
}

// score judges the probe.
func (o Options) score(m model, s set, val Features, r *Result) error {
	clips := val.set(make([]int, len(val.Videos))).clips
	if n, ok := m.(neighbours); ok {
		return o.scoreVotes(n, clips, val, r)
	}
	scores, err := m.scores(clips)
	if err != nil {
		return err
	}
	if err := o.judge(r, val, scores); err != nil {
		return err
	}
	r.TrainTop1, _, err = accuracy(m, s)
	return err
}

// scoreVotes judges votes of several numbers of neighbours, the one asked for last.
func (o Options) scoreVotes(n neighbours, clips [][]float32, val Features, r *Result) error {
	ks := append(slices.Clone(neighbourCounts), o.K)
	slices.Sort(ks)
	ks = slices.DeleteFunc(slices.Compact(ks), func(k int) bool { return k > len(n.labels) })
	all := n.votes(clips, ks)
	for i, k := range ks {
		if err := o.judge(r, val, all[i]); err != nil {
			return err
		}
		r.Votes = append(r.Votes, Vote{k, r.Top1, r.Top5})
	}
	return o.judge(r, val, all[slices.Index(ks, o.K)])
}
