package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"videomae/dataset"
	"videomae/dataset/lists"
	"videomae/masking"
	"videomae/recipe"
	"videomae/seed"
	"videomae/train"
)

// modelShape is the shape of a recipe's clips.
func modelShape(p recipe.Pretrain) shape {
	return shape{p.Model.Frames, p.Data.Stride, p.Model.Height, p.Model.Width, p.Model.Channels}
}

// drawMask draws the mask of a picture from a seed.
func drawMask(p recipe.Pretrain, runSeed uint64) (masking.Mask, error) {
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		return nil, err
	}
	return masking.Draw(p.Mask.Kind, model.Encoder.Grid(), p.Mask.Ratio, seed.Rand(runSeed, "shown mask"))
}

// newViewer prepares the reconstructions that a run draws of the first readable clip it is not trained on, or of a
// training clip where the data has no other split. It is nil when none are wanted.
func newViewer(ctx context.Context, t train.Options) (*train.Viewer, error) {
	if t.Config.Train.ReconstructSteps == 0 {
		return nil, nil
	}
	items, err := heldOut(t)
	if err != nil {
		return nil, err
	}
	mask, err := drawMask(t.Config, t.Config.Train.Seed)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		clip, _, err := middleClip(ctx, t.Decoder, item.Path, modelShape(t.Config))
		if err != nil {
			t.Note(fmt.Sprintf("not shown: %v", err))
			continue
		}
		return &train.Viewer{Name: item.Split + " clip " + item.Name, Clip: clip, Mask: mask,
			Folder: filepath.Join(t.Out, "reconstructions")}, nil
	}
	return nil, fmt.Errorf("none of the %d clips to show can be read; --reconstruct-steps 0 goes without pictures", len(items))
}

// manifestOptions choose a split of a recipe's data; "" is all of it.
func manifestOptions(d recipe.Data, split string) dataset.Options {
	return dataset.Options{Split: split, ValShare: d.ValShare, List: lists.Options{Root: d.Root}}
}

// showTries is how many clips are tried before a run gives up on pictures.
const showTries = 5

// heldOut lists the first clips outside the training split, or else those of the split.
func heldOut(t train.Options) ([]dataset.Item, error) {
	all, err := dataset.Load(t.Config.Data.Path, manifestOptions(t.Config.Data, ""))
	if err != nil {
		return nil, err
	}
	var items []dataset.Item
	for _, item := range all.Items {
		if item.Split != t.Config.Data.Split {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		items = t.Data.Items
	}
	return items[:min(len(items), showTries)], nil
}
