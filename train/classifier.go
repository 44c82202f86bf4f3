// Classifiers on an engine: their batches and objective, and logits of clips.

package train

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/engine"
	"videomae/vit"
)

// Value is what clips are made of: bytes, which graphs normalise, or values normalised already.
type Value interface{ uint8 | float32 }

// NewLabelled joins the values of B clips, one after another in the order T, H, W, C, with a distribution over the classes for each.
// keep holds drop-path factors, 2*depth rows of B, and headKeep factors of the features that the head reads, B rows of D
// (DropFactors); both may be nil.
func NewLabelled[V Value](c classify.Config, clips []V, targets, keep, headKeep []float32) (Batch, error) {
	pixels, err := NewClips(c.Encoder, clips)
	if err != nil {
		return Batch{}, err
	}
	b, rows, d := pixels.Shape().Dim(0), 2*c.Encoder.Depth, c.Encoder.Dim
	switch {
	case len(targets) != b*c.Classes:
		return Batch{}, fmt.Errorf("batch of %d clips: %d target values, want %d for each clip", b, len(targets), c.Classes)
	case keep != nil && len(keep) != rows*b:
		return Batch{}, fmt.Errorf("batch of %d clips: %d drop-path factors, want %d for each clip", b, len(keep), rows)
	case headKeep != nil && len(headKeep) != b*d:
		return Batch{}, fmt.Errorf("batch of %d clips: %d dropout factors, want %d for each clip", b, len(headKeep), d)
	}
	if headKeep != nil && keep == nil {
		keep = slices.Repeat([]float32{1}, rows*b)
	}
	batch := Batch{Clips: pixels, Targets: tensors.FromFlatDataAndDimensions(targets, b, c.Classes)}
	if keep != nil {
		batch.Keep = tensors.FromFlatDataAndDimensions(keep, rows, b)
	}
	if headKeep != nil {
		batch.HeadKeep = tensors.FromFlatDataAndDimensions(headKeep, b, d)
	}
	return batch, nil
}

// NewClips makes the values of one or more clips of a model's shape a tensor, [B, T, H, W, C].
func NewClips[V Value](c vit.Config, clips []V) (*tensors.Tensor, error) {
	size := c.Frames * c.Height * c.Width * c.Channels
	if len(clips) == 0 || len(clips)%size != 0 {
		return nil, fmt.Errorf("batch: %d values are no whole number of clips of %dx%dx%dx%d", len(clips), c.Frames, c.Height, c.Width, c.Channels)
	}
	return tensors.FromFlatDataAndDimensions(clips, len(clips)/size, c.Frames, c.Height, c.Width, c.Channels), nil
}

// DropFactors draws what NewLabelled takes for a step of b clips: which of them skip which branches of the encoder, and which features
// the head does not see. What is never dropped has none.
func DropFactors(c classify.Config, b int, rng *rand.Rand) (keep, headKeep []float32) {
	if c.Encoder.DropPath > 0 {
		for _, rate := range c.Encoder.DropPathRates() {
			keep = append(keep, factors(rate, 2*b, rng)...)
		}
	}
	if c.HeadDropout > 0 {
		headKeep = factors(c.HeadDropout, b*c.Encoder.Dim, rng)
	}
	return keep, headKeep
}

// FineTuning is the objective of a classifier.
func FineTuning(model classify.Config, how vit.Compute) Objective {
	specs := model.Specs()
	return func(weights, batch []*Node) *Node {
		clips, targets, rest := batch[0], batch[1], batch[2:]
		rest = append(rest[:len(rest):len(rest)], nil, nil)
		m := classify.Model{Config: model, Params: vit.NewParams(specs, weights), Compute: how}
		return classify.CrossEntropy(m.Logits(clipCubes(clips, model.Encoder), rest[0], rest[1]), targets)
	}
}

// Classifier runs a classifier forward, with weights that stay on the engine.
type Classifier struct {
	weights []*tensors.Tensor
	logits  *Exec
}

// NewClassifier puts a classifier's weights, in the order of its Specs, on an engine. How it is computed must have Checkpoint unset.
func NewClassifier(backend compute.Backend, model classify.Config, how vit.Compute, weights [][]float32) (*Classifier, error) {
	specs := model.Specs()
	fixed, err := Fixed(backend, specs, how, weights)
	if err != nil {
		return nil, err
	}
	c := &Classifier{weights: fixed}
	return c, engine.Try(func() error {
		c.logits = MustNewExec(backend, func(inputs []*Node) *Node { // weights, clips -> logits
			m := classify.Model{Config: model, Params: vit.NewParams(specs, inputs[:len(specs)]), Compute: how}
			return m.Logits(clipCubes(inputs[len(specs)], model.Encoder), nil, nil)
		}).WithName("classify")
		return nil
	})
}

// Logits gives the scores of the classes, B x classes values, of clips as in Batch.
func (c *Classifier) Logits(clips *tensors.Tensor) (logits []float32, err error) {
	err = engine.Try(func() error {
		out, err := c.logits.Call(append(anyOf(c.weights), clips)...)
		if err != nil {
			return err
		}
		logits, err = tensors.CopyFlatData[float32](out[0])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("classifying: %w", err)
	}
	return logits, nil
}

// Compile makes the graph of Logits for clips of this tensor's shape, which the first call would do otherwise.
func (c *Classifier) Compile(clips *tensors.Tensor) error {
	return compileFor(c.logits, shapesOf(append(c.weights[:len(c.weights):len(c.weights)], clips)...)...)
}

// Close frees the compiled graph. The engine stays open.
func (c *Classifier) Close() { c.logits.Finalize() }
