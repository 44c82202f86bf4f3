package finetune

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/dataset"
	"videomae/recipe"
	"videomae/train"
)

// Overfit is how learning one batch by heart went. A model, its data and its optimiser that cannot do that cannot do more.
type Overfit struct {
	Steps    int     `json:"steps"`
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"` // on the batch itself, in percent
	Clips    int     `json:"clips"`
}

// OverfitBatch trains a copy of the start on the first batch, as it is: not augmented, not mixed, nothing dropped, at a steady rate. It ends
// when every clip is told right or after the given number of steps.
func OverfitBatch(ctx context.Context, o Options, steps int) (Overfit, error) {
	o.Config = plain(o.Config)
	o.Model.Encoder.DropPath, o.Model.HeadDropout = 0, 0
	o.Val = dataset.Manifest{}
	schedule, perEpoch, err := o.Schedule()
	if err != nil {
		return Overfit{}, err
	}
	t, err := newTask(ctx, o, perEpoch)
	if err != nil {
		return Overfit{}, err
	}
	defer t.close()
	micro, _, err := t.Next(ctx, o.From)
	if err != nil {
		return Overfit{}, err
	}
	micro = micro[:1]
	how, err := train.Compute(o.Backend, o.Config.Train.Precision)
	if err != nil {
		return Overfit{}, err
	}
	classifier, err := train.NewClassifier(o.Backend, o.Model, how, o.Start.Weights)
	if err != nil {
		return Overfit{}, err
	}
	defer classifier.Close()
	var result Overfit
	for result.Steps < steps && ctx.Err() == nil {
		r, err := t.stepper.Step(micro, schedule.Peak)
		if err != nil {
			return result, err
		}
		result.Steps, result.Loss = result.Steps+1, r.Loss
		if math.IsNaN(r.Loss) {
			return result, fmt.Errorf("learning a batch by heart: the loss is not a number after %d steps", result.Steps)
		}
		if result.Steps%5 != 0 && result.Steps != steps {
			continue
		}
		classifier.Use(t.stepper.Evaluated())
		if result.Clips, result.Accuracy, err = accuracy(classifier, micro[0], len(o.Classes)); err != nil || result.Accuracy == 100 {
			return result, err
		}
	}
	return result, ctx.Err()
}

// plain takes out of a recipe what makes one clip differ from step to step.
func plain(r recipe.Finetune) recipe.Finetune {
	r.Augment = recipe.Augment{CropMin: 1, CropMax: 1}
	r.Mix = recipe.Mix{}
	r.Data.Repeats = 1
	r.Train.EMADecay, r.Train.Accumulate = 0, 1
	r.Model.DropPath, r.Model.HeadDropout = 0, 0
	return r
}

// accuracy is the share of a batch's clips whose highest logit is that of their target.
func accuracy(c *train.Classifier, batch train.Batch, classes int) (clips int, percent float64, err error) {
	logits, err := c.Logits(batch.Clips)
	if err != nil {
		return 0, 0, err
	}
	targets, err := tensors.CopyFlatData[float32](batch.Targets)
	if err != nil {
		return 0, 0, err
	}
	right := 0
	for at := 0; at < len(targets); at += classes {
		if highest(logits[at:][:classes]) == highest(targets[at:][:classes]) {
			right++
		}
	}
	clips = len(targets) / classes
	return clips, 100 * float64(right) / float64(clips), nil
}

func highest(values []float32) int { return slices.Index(values, slices.Max(values)) }
