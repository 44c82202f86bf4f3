package train

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/mae"
	"videomae/masking"
	"videomae/metrics"
	"videomae/report"
	"videomae/video"
)

// Shown is one clip seen by a model.
type Shown struct {
	report.Reconstruction
	Loss      float64            // of the model on the clip's masked cubes
	Baselines map[string]float64 // of the trivial predictors on the same cubes
}

// Reconstruct masks a clip of the model's shape, predicts what is hidden, and draws it in both ways of undoing the normalisation.
func (p *Predictor) Reconstruct(weights []*tensors.Tensor, clip video.Clip, mask masking.Mask) (Shown, error) {
	masks := []masking.Mask{mask}
	batch, err := NewBatch(p.model.Encoder, clip.Pix, masks, nil)
	if err != nil {
		return Shown{}, err
	}
	loss, prediction, err := p.Predict(weights, batch)
	if err != nil {
		return Shown{}, err
	}
	s := Shown{Loss: loss, Reconstruction: report.Reconstruction{Original: clip, Masked: p.model.Hide(clip, mask)}}
	if s.Baselines, err = p.Baselines(batch, masks); err != nil {
		return Shown{}, err
	}
	for _, view := range []struct {
		clip  *video.Clip
		from  mae.Statistics
		paste bool
	}{
		{&s.True, mae.FromTruth, false}, {&s.TruePasted, mae.FromTruth, true},
		{&s.Blind, mae.FromVisible, false}, {&s.BlindPasted, mae.FromVisible, true},
	} {
		if *view.clip, err = p.model.Reconstruct(clip, mask, prediction, view.from, view.paste); err != nil {
			return Shown{}, err
		}
	}
	return s, nil
}

// Viewer draws the same masked clip again and again while a run goes on.
type Viewer struct {
	Name   string // of the clip, for captions
	Clip   video.Clip
	Mask   masking.Mask
	Folder string // where pictures go, as step-NNNNNNNN.png
}

// SheetFrames is how many of a clip's frames a sheet shows.
const SheetFrames = 8

// show draws the clip as the weights see it at a step, into the folder and the sink.
func (v *Viewer) show(p *Predictor, weights []*tensors.Tensor, step int, sink metrics.Sink) error {
	shown, err := p.Reconstruct(weights, v.Clip, v.Mask)
	if err != nil {
		return err
	}
	caption := fmt.Sprintf("%s, step %d: loss %.4f, trivial predictors %s", v.Name, step, shown.Loss, FormatBaselines(shown.Baselines))
	sheet, err := report.Sheet(shown.Panels(), report.Spread(v.Clip.T, SheetFrames), caption)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(v.Folder, 0o777); err != nil {
		return err
	}
	if err := report.WritePNG(filepath.Join(v.Folder, stepName(step)+".png"), sheet); err != nil {
		return err
	}
	return sink.Picture(step, "reconstruction", sheet)
}

// FormatBaselines lists the losses of the trivial predictors in a fixed order.
func FormatBaselines(losses map[string]float64) string {
	text := ""
	for _, name := range []string{ZeroBaseline, SpaceBaseline, TimeBaseline} {
		if loss, ok := losses[name]; ok {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%s %.4f", name, loss)
		}
	}
	return text
}
