// Which cubes speak for a class.

package extract

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/engine"
	"videomae/mae"
	"videomae/train"
	"videomae/vit"
)

// Evidence computes how much each cube's features add to a class's logit, on an engine, with weights that stay there.
type Evidence struct {
	model   classify.Config
	weights []*tensors.Tensor
	exec    *Exec
}

// NewEvidence puts a classifier's weights, in the order of its Specs, on an engine. How it is computed must have Checkpoint unset.
func NewEvidence(backend compute.Backend, c classify.Config, how vit.Compute, weights [][]float32) (*Evidence, error) {
	specs := c.Specs()
	e := &Evidence{model: c, weights: train.Tensors(specs, weights)}
	return e, engine.Try(func() error {
		e.exec = MustNewExec(backend, func(inputs []*Node) []*Node { // weights, clips, class -> logits, evidence
			n := len(specs)
			m := classify.Model{Config: c, Params: vit.NewParams(specs, inputs[:n]), Compute: how}
			return evidence(m, inputs[n], inputs[n+1])
		}).WithName("evidence")
		return nil
	})
}

// evidence gives logits [B, C], and for each cube after the last block its features times the gradient of a class's logit, summed: [B, N].
// class is 1 for the class and 0 for the others, [C].
func evidence(m classify.Model, clips, class *Node) []*Node {
	if clips.DType() == dtypes.Uint8 {
		clips = mae.NormalisePixels(clips)
	}
	x := m.Tokens(mae.Patchify(clips, m.Encoder), nil)
	logits := m.Head(m.Pool(x), nil)
	logit := ReduceAllSum(Mul(logits, ExpandLeftToRank(class, 2)))
	return []*Node{logits, ReduceSum(Mul(x, Gradient(logit, x)[0]), -1)}
}

// Run gives the logits, B x C values, and the evidence for a class, B x N values, of clips as Extractor.Run takes them. Evidence is the
// features of a cube after the last block times the gradient of the class's logit by them, summed over the width: what the logit gains with
// the cube, to first order (Grad-CAM of Selvaraju et al. 2017, for each cube and without its rectifier: below 0 a cube speaks against
// the class).
func (e *Evidence) Run(clips *tensors.Tensor, class int) (logits, cubes []float32, err error) {
	if class < 0 || class >= e.model.Classes {
		return nil, nil, fmt.Errorf("evidence: class %d is not one of %d", class, e.model.Classes)
	}
	chosen := make([]float32, e.model.Classes)
	chosen[class] = 1
	err = engine.Try(func() error {
		inputs := make([]any, 0, len(e.weights)+2)
		for _, w := range e.weights {
			inputs = append(inputs, w)
		}
		out, err := e.exec.Call(append(inputs, clips, tensors.FromFlatDataAndDimensions(chosen, len(chosen)))...)
		if err != nil {
			return err
		}
		if logits, err = tensors.CopyFlatData[float32](out[0]); err == nil {
			cubes, err = tensors.CopyFlatData[float32](out[1])
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("evidence: %w", err)
	}
	return logits, cubes, nil
}

// Close frees the compiled graph. The engine stays open.
func (e *Evidence) Close() { e.exec.Finalize() }
