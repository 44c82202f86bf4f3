// Package classify is the classifier that fine-tuning makes of a VideoMAE encoder, as a GoMLX graph: every cube of a clip passes
// through the encoder, pooling makes one vector of their features, and a linear layer reads that.
package classify

import (
	"fmt"
	"math"
	"math/rand/v2"

	"videomae/masking"
	"videomae/vit"
)

// Config is the shape of a classifier and how it begins.
type Config struct {
	Encoder     vit.Config
	Classes     int // C
	Pooling     Pooling
	InitScale   float64 // factor of the head's first values; the paper's is 0.001
	HeadDropout float64 // probability of dropping a feature before the head in training
	// Source is the grid of other clips, whose position table is interpolated to this encoder's grid. The zero grid builds the table
	// anew, as the official code does, so that indices stand for other places than in the clips of pre-training.
	Source masking.Grid
}

// Pooling names how the features of a clip's cubes, [B, N, D], become those of the clip, [B, D].
type Pooling string

// The poolings.
const (
	// Mean is the mean over the cubes, then the norm fc_norm; the encoder's own final norm takes no part. The paper's.
	Mean Pooling = "mean"
	// NormMean is the mean over the cubes after the encoder's final norm.
	NormMean Pooling = "norm-mean"
	// Attention is a transformer block in which one learnt query looks at the cubes after the encoder's final norm.
	Attention Pooling = "attention"
)

// Poolings lists the names that Config takes.
var Poolings = []Pooling{Mean, NormMean, Attention}

// linearDeviation is that of the normal distribution that linear layers start from. Source: spec 1.7.
const linearDeviation = 0.02

// Validate reports the first setting that no classifier can be built from.
func (c Config) Validate() error {
	if err := c.Encoder.Validate(); err != nil {
		return err
	}
	switch c.Pooling {
	case Mean, NormMean, Attention:
	default:
		return fmt.Errorf("classifier: unknown pooling %q (have %s, %s, %s)", c.Pooling, Mean, NormMean, Attention)
	}
	switch g := c.Source; {
	case c.Classes < 1:
		return fmt.Errorf("classifier: %d classes, want at least 1", c.Classes)
	case !(c.InitScale >= 0) || math.IsInf(c.InitScale, 0):
		return fmt.Errorf("classifier: init scale %v must be 0 or more", c.InitScale)
	case !(c.HeadDropout >= 0 && c.HeadDropout < 1):
		return fmt.Errorf("classifier: head dropout %v must lie in [0, 1)", c.HeadDropout)
	case g != (masking.Grid{}) && (g.Slots < 1 || g.Rows < 1 || g.Cols < 1):
		return fmt.Errorf("classifier: positions of a grid of %dx%dx%d cubes cannot be interpolated", g.Slots, g.Rows, g.Cols)
	}
	return nil
}

// Specs lists every weight tensor, with mean pooling in the order of the official fine-tuned checkpoints. Source: spec 2.2, and 1.7 for
// first values.
func (c Config) Specs() []vit.Spec {
	d := c.Encoder.Dim
	specs := append(vit.EmbeddingSpecs("", c.Encoder), normalLinears(vit.BlockSpecs("", c.Encoder))...)
	specs = append(specs, c.poolingSpecs()...)
	head := vit.LinearSpecs("head", c.Classes, d)
	head[0].Init = normal(c.InitScale * linearDeviation)
	return append(specs, head...)
}

// poolingSpecs lists the tensors between the last block and the head.
func (c Config) poolingSpecs() []vit.Spec {
	d := c.Encoder.Dim
	if c.Pooling != NormMean && c.Pooling != Attention {
		return vit.NormSpecs("fc_norm", d)
	}
	specs := vit.NormSpecs("norm", d)
	if c.Pooling == Attention {
		specs = append(specs, vit.Spec{Name: "pool.query", Shape: []int{d}, Init: normal(linearDeviation)})
		specs = append(specs, normalLinears(vit.CrossBlockSpecs("pool.", d, c.Encoder.MLP))...)
	}
	return specs
}

// normalLinears lets the matrices of linear layers start from a normal distribution.
func normalLinears(specs []vit.Spec) []vit.Spec {
	for i, s := range specs {
		if len(s.Shape) > 1 {
			specs[i].Init = normal(linearDeviation)
		}
	}
	return specs
}

// normal draws from a normal distribution. The official cut at +-2 lies a hundred deviations out and is left away.
func normal(deviation float64) vit.Init {
	return func(dst []float32, rng *rand.Rand) {
		for i := range dst {
			dst[i] = float32(deviation * rng.NormFloat64())
		}
	}
}
