package cli

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"

	"videomae/dataset"
	"videomae/dataset/lists"
	"videomae/engine"
	"videomae/eval"
	"videomae/finetune"
	"videomae/frames"
	"videomae/frames/chain"
	"videomae/internal/sha"
	"videomae/train"
	"videomae/video"
)

// evaluation is all that scoring takes but for the engine and the decoder.
type evaluation struct {
	evaluateOptions
	trained  finetune.Trained
	manifest dataset.Manifest
	labels   eval.Labels
	sampled  video.Scheme
	crops    int
}

// score runs the model over the videos that --out does not have yet.
func (o evaluateOptions) score(ctx context.Context, s Streams) (eval.Predictions, error) {
	var err error
	if o.checkpoint, err = checkpointOf(ctx, s, o.checkpoint); err != nil {
		return eval.Predictions{}, err
	}
	e, err := o.prepare(s)
	if err != nil {
		return eval.Predictions{}, err
	}
	if o.out == "" {
		p := eval.Predictions{About: e.about()}
		err := e.run(ctx, s, nil, func(v eval.Video) error {
			p.Videos = append(p.Videos, v)
			return nil
		})
		if ctx.Err() != nil {
			return p, fmt.Errorf("%w after %d of %d videos; without --out nothing is kept", train.ErrInterrupted, len(p.Videos), len(e.manifest.Items))
		}
		return p, err
	}
	store, err := eval.OpenStore(o.out, e.about())
	if err != nil {
		return eval.Predictions{}, err
	}
	defer store.Close()
	return e.runInto(ctx, s, store)
}

// runInto scores into a folder.
func (e evaluation) runInto(ctx context.Context, s Streams, store *eval.Store) (eval.Predictions, error) {
	total := len(e.manifest.Items)
	if store.Dropped > 0 {
		fmt.Fprintf(s.Err, "%s: dropped %d bytes of a video that was half written\n", e.out, store.Dropped)
	}
	switch {
	case store.Complete():
		fmt.Fprintf(s.Err, "%s has the scores of all %d videos: judging those\n", e.out, store.Kept)
		return store.Finish(total)
	case store.Kept > 0:
		fmt.Fprintf(s.Err, "going on after %d of %d videos in %s\n", store.Kept, total, e.out)
	}
	if store.Kept < total {
		done := store.Kept
		err := e.run(ctx, s, store.Done, func(v eval.Video) error {
			done++
			return store.Add(v)
		})
		if ctx.Err() != nil {
			return eval.Predictions{}, fmt.Errorf("%w after %d of %d videos, whose scores are in %s. Go on with the same command", train.ErrInterrupted, done, total, e.out)
		}
		if err != nil {
			return eval.Predictions{}, err
		}
	}
	return store.Finish(total)
}

// prepare reads the checkpoint and the list, and settles the views.
func (o evaluateOptions) prepare(s Streams) (evaluation, error) {
	e := evaluation{evaluateOptions: o}
	var err error
	if e.trained, err = finetune.Load(o.checkpoint); err != nil {
		return e, err
	}
	if err := e.settleViews(); err != nil {
		return e, fmt.Errorf("%w (%w)", err, errUsage)
	}
	if e.valShare < 0 {
		e.valShare = e.trained.Recipe.Data.ValShare
	}
	e.manifest, err = dataset.Load(o.data, dataset.Options{Split: o.split, ValShare: e.valShare, List: lists.Options{Root: o.root}})
	if err != nil {
		return e, err
	}
	if e.labels, err = eval.NewLabels(e.trained.Classes, e.manifest.Items); err != nil {
		return e, err
	}
	if e.labels.Numbers {
		fmt.Fprintf(s.Err, "labels of %s are numbers: they are places in the order of the model's %d classes\n", o.data, len(e.trained.Classes))
	}
	fmt.Fprintf(s.Err, "%s: %d classes; %d videos of %s, %dx%d views, %s\n", e.trained.Folder, len(e.trained.Classes), len(e.manifest.Items), o.data,
		e.sampled.Views, e.crops, e.scheme)
	return e, nil
}

// settleViews chooses scheme and views, where they are not given by those of training.
func (e *evaluation) settleViews() error {
	data := e.trained.Recipe.Data
	if e.scheme == "" {
		e.scheme = data.Scheme
	}
	test, usual := video.SampleTestDense, "5x3"
	switch e.scheme {
	case string(video.SampleDense):
	case string(video.SampleSegments):
		test, usual = video.SampleTestSSV2, "2x3"
	default:
		return fmt.Errorf("unknown scheme %q (have %s, %s)", e.scheme, video.SampleDense, video.SampleSegments)
	}
	if e.views == "" {
		e.views = usual
	}
	var err error
	if _, e.crops, err = video.ParseViews(e.views); err != nil {
		return err
	}
	e.sampled, err = video.NewScheme(string(test), e.trained.Model.Encoder.Frames, data.Stride, string(data.Sampling), e.views)
	return err
}

// about says what the predictions are of.
func (e evaluation) about() eval.About {
	return eval.About{Classes: e.trained.Classes, Temporal: e.sampled.Views, Crops: e.crops, Scheme: e.scheme, Checkpoint: e.trained.Folder,
		Model: fingerprint(e.trained), Data: e.data, Split: e.split, DataHash: e.manifest.Hash(), Precision: e.precision, Engine: engine.Name(e.engine)}
}

// fingerprint identifies a classifier: its weights, and what clips it takes.
func fingerprint(t finetune.Trained) string {
	h := sha.New()
	fmt.Fprintf(h, "%+v, stride %d, %s\n", t.Model, t.Recipe.Data.Stride, t.Recipe.Data.Sampling)
	for _, w := range t.Weights {
		_ = binary.Write(h, binary.LittleEndian, w) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))
}

// run scores the videos that are not done.
func (e evaluation) run(ctx context.Context, s Streams, done func(int) bool, keep func(eval.Video) error) error {
	m, err := e.start()
	if err != nil {
		return err
	}
	defer m.close()
	classifier, err := train.NewClassifier(m.backend, e.trained.Model, m.how, e.trained.Weights)
	if err != nil {
		return err
	}
	defer classifier.Close()
	c := e.trained.Model.Encoder
	left := 0
	for i := range e.manifest.Items {
		if done == nil || !done(i) {
			left++
		}
	}
	show := newEvaluateProgress(s, left)
	defer show.close()
	return eval.Score(ctx, classifier, e.readViews(ctx, m.decoder, done), eval.ScoreOptions{
		Classes: e.trained.Classes, Labels: e.labels, Frames: c.Frames, Height: c.Height, Width: c.Width, Channels: c.Channels,
		Batch: min(e.batch, left*e.sampled.Views*e.crops),
	}, func(v eval.Video, p eval.Progress) error {
		show.video(v, p)
		return keep(v)
	})
}

// readViews reads the views of the videos that are not done.
func (e evaluation) readViews(ctx context.Context, d video.Decoder, done func(int) bool) iter.Seq2[*dataset.VideoViews, error] {
	c := e.trained.Model.Encoder
	crop := chain.OfficialTest(max(c.Height, c.Width), e.crops)
	crop.Table = frames.ImageNet(c.Channels)
	return dataset.Views(ctx, e.manifest, d, dataset.ViewOptions{Scheme: e.sampled, Chain: crop, Height: c.Height, Width: c.Width, Channels: c.Channels,
		Workers: e.workers, Skip: done})
}
