// Package classify is the classifier that fine-tuning makes of a VideoMAE encoder, as a GoMLX graph: every cube of a clip passes
// through the encoder, and a linear layer reads the mean of their features.
package classify

import (
	"fmt"
	"math/rand/v2"

	"videomae/vit"
)

// Config is the shape of a classifier.
type Config struct {
	Encoder vit.Config
	Classes int // C
}

// Deviations of the normal distributions that linear layers start from. The head's is a thousandth of the others', so that the first
// logits are near zero. Source: spec 1.7.
const (
	linearDeviation = 0.02
	headDeviation   = 0.001 * linearDeviation
)

// Validate reports the first setting that no classifier can be built from.
func (c Config) Validate() error {
	if c.Classes < 1 {
		return fmt.Errorf("classifier: %d classes, want at least 1", c.Classes)
	}
	return c.Encoder.Validate()
}

// Specs lists every weight tensor in the order of the official fine-tuned checkpoints. Source: spec 2.2, and 1.7 for first values.
func (c Config) Specs() []vit.Spec {
	d := c.Encoder.Dim
	blocks := vit.BlockSpecs("", c.Encoder)
	for i, s := range blocks {
		if len(s.Shape) > 1 {
			blocks[i].Init = normal(linearDeviation)
		}
	}
	head := vit.LinearSpecs("head", c.Classes, d)
	head[0].Init = normal(headDeviation)
	specs := append(vit.EmbeddingSpecs("", c.Encoder), blocks...)
	return append(append(specs, vit.NormSpecs("fc_norm", d)...), head...)
}

// normal draws from a normal distribution. The official cut at +-2 lies a hundred deviations out and is left away.
func normal(deviation float64) vit.Init {
	return func(dst []float32, rng *rand.Rand) {
		for i := range dst {
			dst[i] = float32(deviation * rng.NormFloat64())
		}
	}
}
