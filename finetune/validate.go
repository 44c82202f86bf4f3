package finetune

import (
	"context"
	"fmt"

	"videomae/dataset"
	"videomae/eval"
	"videomae/frames/chain"
	"videomae/train"
	"videomae/vit"
)

// validator judges a classifier by one clip of each video: of frames chosen as in training, though the same in every epoch, and the centre
// of the picture. Source: spec 5.6.
type validator struct {
	o          Options
	classifier *train.Classifier
	labels     eval.Labels
}

func newValidator(o Options, how vit.Compute) (*validator, error) {
	labels, err := eval.NewLabels(o.Classes, o.Val.Items)
	if err != nil {
		return nil, fmt.Errorf("validation data %s: %w", o.Val.Source, err)
	}
	classifier, err := train.NewClassifier(o.Backend, o.Model, how, o.Start.Weights)
	if err != nil {
		return nil, err
	}
	return &validator{o: o, classifier: classifier, labels: labels}, nil
}

// judge runs the classifier with the stepper's present weights over the validation videos.
func (v *validator) judge(ctx context.Context, s *train.Stepper) (eval.Summary, error) {
	v.classifier.Use(s.Evaluated())
	m, t := v.o.Config.Model, v.o.Config.Train
	views := dataset.Views(ctx, v.o.Val, v.o.Decoder, dataset.ViewOptions{
		Scheme: scheme(v.o.Config), Chain: chain.OfficialTest(max(m.Height, m.Width), 1),
		Height: m.Height, Width: m.Width, Channels: m.Channels, Seed: t.Seed, Workers: v.o.Config.Data.Workers,
	})
	videos, err := eval.Collect(ctx, v.classifier, views, eval.ScoreOptions{
		Classes: v.o.Classes, Labels: v.labels, Frames: m.Frames, Height: m.Height, Width: m.Width, Channels: m.Channels, Batch: t.Batch,
	})
	if err != nil {
		return eval.Summary{}, fmt.Errorf("validation: %w", err)
	}
	p := eval.Predictions{About: eval.About{Classes: v.o.Classes, Temporal: 1, Crops: 1, Data: v.o.Val.Source}, Videos: videos}
	judged, err := eval.Judge(p, eval.Options{Seed: t.Seed})
	return judged.Summary, err
}

// describeValidation puts a validation into a line.
func describeValidation(s eval.Summary, v train.Validation) string {
	line := fmt.Sprintf("epoch %d: validation top-1 %.2f (%.1f..%.1f), top-%d %.2f, mean class %.2f, of %d videos", v.Epoch, s.Top1, s.CI95[0], s.CI95[1], s.TopK, s.Top5, s.MeanClass, s.N)
	if s.Unreadable > 0 {
		line += fmt.Sprintf(" (%d unreadable, counted as wrong)", s.Unreadable)
	}
	if v.BestEpoch == v.Epoch {
		return line + "; the best so far"
	}
	return fmt.Sprintf("%s; best %.2f after epoch %d", line, v.BestTop1, v.BestEpoch)
}
