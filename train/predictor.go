package train

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/mae"
	"videomae/masking"
	"videomae/vit"
)

// Predictor runs a model forward: it predicts masked cubes, and measures what predictors without a model would lose.
type Predictor struct {
	model     mae.Config
	compute   vit.Compute
	specs     []vit.Spec
	predict   *Exec
	baselines *Exec
}

// NewPredictor prepares a model's forward pass on an engine. How it is computed must have Checkpoint unset.
func NewPredictor(backend compute.Backend, model mae.Config, how vit.Compute) (*Predictor, error) {
	p := &Predictor{model: model, compute: how, specs: model.Specs()}
	return p, engine.Try(func() error {
		p.predict = MustNewExec(backend, p.predictGraph).WithName("predict")
		p.baselines = MustNewExec(backend, p.baselineGraph).WithName("baselines")
		return nil
	})
}

// Predict gives the model's loss on a batch and its predictions of the masked cubes, B x Nm x P values in the space of the
// target. Weights are tensors in the order of the model's Specs.
func (p *Predictor) Predict(weights []*tensors.Tensor, batch Batch) (loss float64, prediction []float32, err error) {
	err = engine.Try(func() error {
		out, err := p.predict.Call(append(anyOf(weights), anyOf(batch.inputs())...)...)
		if err != nil {
			return err
		}
		loss = float64(tensors.ToScalar[float32](out[0]))
		prediction, err = tensors.CopyFlatData[float32](out[1])
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("predicting: %w", err)
	}
	return loss, prediction, nil
}

// Tensors gives host weights, in the order of the model's Specs, the form that Predict takes.
func Tensors(specs []vit.Spec, weights [][]float32) []*tensors.Tensor {
	var list []*tensors.Tensor
	for i, spec := range specs {
		list = append(list, tensors.FromFlatDataAndDimensions(weights[i], spec.Shape...))
	}
	return list
}

func (p *Predictor) predictGraph(inputs []*Node) []*Node {
	n := len(p.specs)
	model := mae.Model{Config: p.model, Params: vit.NewParams(p.specs, inputs[:n]), Compute: p.compute}
	loss, prediction, _ := model.Loss(graphBatch(p.model, inputs[n:]))
	return []*Node{loss, prediction}
}

// Names of the trivial predictors, as Baselines and the logs call them.
const (
	ZeroBaseline  = "zero"          // the mean of the target: for normalised pixels, each cube's own mean
	SpaceBaseline = "nearest_space" // the target of the nearest visible cube of the same time slot
	TimeBaseline  = "nearest_time"  // the target of the visible cube at the same place in the nearest time slot
)

// Baselines gives the losses of the trivial predictors on a batch's masked cubes. A predictor that has no cube to copy
// predicts zero there, and is left out when that is so for all cubes, as in time under a tube mask.
func (p *Predictor) Baselines(batch Batch, masks []masking.Mask) (map[string]float64, error) {
	grid := p.model.Encoder.Grid()
	names := []string{ZeroBaseline}
	inputs := batch.inputs()[:3] // drop path has no part in this
	for _, b := range []struct {
		name    string
		nearest func(masking.Mask, masking.Grid) []int32
	}{{SpaceBaseline, masking.Mask.NearestInSpace}, {TimeBaseline, masking.Mask.NearestInTime}} {
		index, some := nearestOf(masks, grid, b.nearest)
		if some {
			names = append(names, b.name)
			inputs = append(inputs, index)
		}
	}
	losses := map[string]float64{}
	err := engine.Try(func() error {
		out, err := p.baselines.Call(anyOf(inputs)...)
		for i := range out {
			losses[names[i]] = float64(tensors.ToScalar[float32](out[i]))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("trivial predictors: %w", err)
	}
	return losses, nil
}

// nearestOf lays the neighbours of all masks out as mae.Config.Baselines takes them, and tells whether there are any.
func nearestOf(masks []masking.Mask, grid masking.Grid, nearest func(masking.Mask, masking.Grid) []int32) (*tensors.Tensor, bool) {
	var flat []int32
	some := false
	for _, m := range masks {
		for _, i := range nearest(m, grid) {
			if i == masking.None {
				i = int32(grid.Tokens())
			} else {
				some = true
			}
			flat = append(flat, i)
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, len(masks), len(flat)/len(masks)), some
}

func (p *Predictor) baselineGraph(inputs []*Node) []*Node {
	return p.model.Baselines(graphBatch(p.model, inputs[:3]), inputs[3:]...)
}

// Close frees the compiled graphs. The engine stays open.
func (p *Predictor) Close() {
	p.predict.Finalize()
	p.baselines.Finalize()
}
