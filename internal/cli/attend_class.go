package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"videomae/extract"
	"videomae/finetune"
	"videomae/train"
	"videomae/video"
)

// classMap computes which cubes speak for a class.
func (o attendOptions) classMap(m machine, clip video.Clip) (mapsOfClip, error) {
	trained, err := finetune.Load(o.checkpoint)
	if err != nil {
		return mapsOfClip{}, err
	}
	class, err := classNumber(trained.Classes, o.class)
	if err != nil {
		return mapsOfClip{}, err
	}
	evidence, err := extract.NewEvidence(m.backend, trained.Model, m.how, trained.Weights)
	if err != nil {
		return mapsOfClip{}, err
	}
	defer evidence.Close()
	clips, err := train.NewClips(trained.Model.Encoder, clip.Pix)
	if err != nil {
		return mapsOfClip{}, err
	}
	logits, cubes, err := evidence.Run(clips, class)
	if err != nil {
		return mapsOfClip{}, err
	}
	values := make([]float64, len(cubes))
	for i, v := range cubes {
		values[i] = math.Max(0, float64(v))
	}
	return mapsOfClip{
		about: fmt.Sprintf("evidence for %q: probability %.3g, logit %.3g", o.class, probabilities(logits)[class], logits[class]),
		short: "class-" + fileName(o.class), unit: "of the logit", layer: trained.Model.Encoder.Depth, grid: trained.Model.Encoder.Grid(),
		query: -1, names: []string{"evidence"}, maps: [][]float64{values},
	}, nil
}

// classNumber finds a class by its name.
func classNumber(classes []string, name string) (int, error) {
	if i := slices.Index(classes, name); i >= 0 {
		return i, nil
	}
	const most = 20
	list := strings.Join(classes[:min(most, len(classes))], ", ")
	if len(classes) > most {
		list += fmt.Sprintf(" and %d more", len(classes)-most)
	}
	return 0, fmt.Errorf("the model has no class %q (it has %s)", name, list)
}

// probabilities is the soft-max of logits.
func probabilities(logits []float32) []float64 {
	highest := float64(slices.Max(logits))
	out := make([]float64, len(logits))
	sum := 0.0
	for i, v := range logits {
		out[i] = math.Exp(float64(v) - highest)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// fileName makes a name of a class fit for a file's.
func fileName(class string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) || r < ' ' {
			return '_'
		}
		return r
	}, class)
}
