// Classifiers on an engine: their batches and objective, and logits of clips.

package train

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/engine"
	"videomae/vit"
)

// NewLabelled joins the bytes of B clips, one after another in the order T, H, W, C, with a distribution over the classes for each.
func NewLabelled(c classify.Config, bytes []uint8, targets []float32) (Batch, error) {
	clips, err := NewClips(c.Encoder, bytes)
	if err != nil {
		return Batch{}, err
	}
	b := clips.Shape().Dim(0)
	if len(targets) != b*c.Classes {
		return Batch{}, fmt.Errorf("batch of %d clips: %d target values, want %d for each clip", b, len(targets), c.Classes)
	}
	return Batch{Clips: clips, Targets: tensors.FromFlatDataAndDimensions(targets, b, c.Classes)}, nil
}

// NewClips makes the bytes of one or more clips of a model's shape a tensor, [B, T, H, W, C].
func NewClips(c vit.Config, bytes []uint8) (*tensors.Tensor, error) {
	size := c.Frames * c.Height * c.Width * c.Channels
	if len(bytes) == 0 || len(bytes)%size != 0 {
		return nil, fmt.Errorf("batch: %d bytes are no whole number of clips of %dx%dx%dx%d", len(bytes), c.Frames, c.Height, c.Width, c.Channels)
	}
	return tensors.FromFlatDataAndDimensions(bytes, len(bytes)/size, c.Frames, c.Height, c.Width, c.Channels), nil
}

// FineTuning is the objective of a classifier.
func FineTuning(model classify.Config, how vit.Compute) Objective {
	specs := model.Specs()
	return func(weights, batch []*Node) *Node {
		var keep *Node
		if len(batch) > 2 {
			keep = batch[2]
		}
		m := classify.Model{Config: model, Params: vit.NewParams(specs, weights), Compute: how}
		return classify.CrossEntropy(m.Logits(clipCubes(batch[0], model.Encoder), keep), batch[1])
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
	c := &Classifier{weights: Tensors(specs, weights)}
	return c, engine.Try(func() error {
		c.logits = MustNewExec(backend, func(inputs []*Node) *Node { // weights, clips -> logits
			m := classify.Model{Config: model, Params: vit.NewParams(specs, inputs[:len(specs)]), Compute: how}
			return m.Logits(clipCubes(inputs[len(specs)], model.Encoder), nil)
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
