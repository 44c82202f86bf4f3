package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/mae"
	"videomae/optim"
	"videomae/vit"
)

// Stepper holds a model and its optimiser's state on an engine and makes update steps.
//
// Weights and moments stay on the device: each step donates them to the graph and takes the new ones from it. What
// crosses from the host is the batch and the learning rate, and back come three scalars.
type Stepper struct {
	backend   compute.Backend
	objective Objective
	optim     optim.AdamW
	specs     []vit.Spec
	decay     []bool

	weights, first, second []*tensors.Tensor
	step                   *tensors.Tensor   // scalar: updates made, which leaves out the skipped ones
	sum                    []*tensors.Tensor // gradients and loss gathered so far in a step of several micro-batches; else nil

	update, gather, apply *Exec
}

// StepResult is what one update step tells of itself.
type StepResult struct {
	Loss     float64 // mean over the step's clips
	GradNorm float64 // global L2 norm of the gradients before clipping
	Skipped  bool    // loss or norm was not finite, and the weights were left alone
}

// Objective is what steps make smaller: the loss, a scalar, on a batch (Batch.inputs) with weights in the order of the model's Specs.
type Objective func(weights, batch []*Node) *Node

// Pretraining is the objective of an autoencoder.
func Pretraining(model mae.Config, how vit.Compute) Objective {
	specs := model.Specs()
	return func(weights, batch []*Node) *Node {
		loss, _, _ := mae.Model{Config: model, Params: vit.NewParams(specs, weights), Compute: how}.Loss(graphBatch(model, batch))
		return loss
	}
}

// NewStepper puts the state of a model with these tensors on the engine.
func NewStepper(backend compute.Backend, specs []vit.Spec, objective Objective, optimiser optim.AdamW, state State) (*Stepper, error) {
	s := &Stepper{backend: backend, objective: objective, optim: optimiser, specs: specs}
	for _, spec := range s.specs {
		s.decay = append(s.decay, optim.Decays(spec.Name, spec.Shape))
	}
	if err := s.SetState(state); err != nil {
		return nil, err
	}
	return s, engine.Try(func() error {
		s.update = MustNewExec(backend, s.updateGraph).WithName("update")
		s.gather = MustNewExec(backend, s.gatherGraph).WithName("gather")
		s.apply = MustNewExec(backend, s.applyGraph).WithName("apply")
		return nil
	})
}

// Step makes one update from the mean gradient of micro-batches of equal size, at the given learning rate. Graphs take the state
// over before they run, so that it is lost with an error: go on from SetState.
func (s *Stepper) Step(micro []Batch, rate float64) (StepResult, error) {
	if len(micro) == 0 {
		return StepResult{}, fmt.Errorf("training step: no batches")
	}
	var result StepResult
	err := engine.Try(func() error {
		var scalars []*tensors.Tensor
		var err error
		if len(micro) == 1 {
			inputs := append(s.donateState(), float32(rate))
			scalars, err = s.run(s.update, append(inputs, anyOf(micro[0].inputs())...))
		} else {
			scalars, err = s.stepInParts(micro, rate)
		}
		if err != nil {
			return err
		}
		result.Loss = float64(tensors.ToScalar[float32](scalars[0]))
		result.GradNorm = float64(tensors.ToScalar[float32](scalars[1]))
		result.Skipped = !tensors.ToScalar[bool](scalars[2])
		return nil
	})
	if err != nil {
		return StepResult{}, fmt.Errorf("training step: %w", err)
	}
	return result, nil
}

// stepInParts gathers the gradients of each micro-batch and applies their mean.
func (s *Stepper) stepInParts(micro []Batch, rate float64) ([]*tensors.Tensor, error) {
	if s.sum == nil {
		for _, spec := range s.specs {
			s.sum = append(s.sum, tensors.FromFlatDataAndDimensions(make([]float32, spec.Size()), spec.Shape...))
		}
		s.sum = append(s.sum, tensors.FromScalar(float32(0)))
	}
	for _, batch := range micro {
		inputs := append(s.donate(s.sum), anyOf(s.weights)...)
		inputs = append(inputs, float32(1/float64(len(micro))))
		sum, err := s.gather.Call(append(inputs, anyOf(batch.inputs())...)...)
		if err != nil {
			return nil, err
		}
		s.sum = sum
	}
	inputs := append(s.donateState(), float32(rate))
	outputs, err := s.run(s.apply, append(inputs, s.donate(s.sum)...))
	if err != nil {
		return nil, err
	}
	s.sum = outputs[3:]
	return outputs[:3], nil
}

// run calls a graph that returns the new state first; it keeps that and returns the rest.
func (s *Stepper) run(graph *Exec, inputs []any) ([]*tensors.Tensor, error) {
	outputs, err := graph.Call(inputs...)
	if err != nil {
		return nil, err
	}
	n := len(s.specs)
	s.weights, s.first, s.second, s.step = outputs[:n], outputs[n:2*n], outputs[2*n:3*n], outputs[3*n]
	return outputs[3*n+1:], nil
}

// updateGraph makes one step from one batch: state, rate, batch -> state, loss, norm, finite.
func (s *Stepper) updateGraph(inputs []*Node) []*Node {
	state, rest := s.stateNodes(inputs)
	loss, gradients := s.lossAndGradients(state.Weights, rest[1:])
	return s.stepNodes(state, gradients, loss, rest[0])
}

// gatherGraph adds a share of one micro-batch's loss and gradients to their sums: sums, weights, share, batch -> sums.
func (s *Stepper) gatherGraph(inputs []*Node) []*Node {
	n := len(s.specs)
	sums, weights, share, batch := inputs[:n+1], inputs[n+1:2*n+1], inputs[2*n+1], inputs[2*n+2:]
	loss, gradients := s.lossAndGradients(weights, batch)
	var out []*Node
	for i, v := range append(gradients, loss) {
		out = append(out, Add(sums[i], Mul(v, share)))
	}
	return out
}

// applyGraph makes one step from gathered sums and clears them: state, rate, sums -> state, loss, norm, finite, sums.
func (s *Stepper) applyGraph(inputs []*Node) []*Node {
	state, rest := s.stateNodes(inputs)
	gradients, loss := rest[1:len(rest)-1], rest[len(rest)-1]
	out := s.stepNodes(state, gradients, loss, rest[0])
	for _, sum := range rest[1:] {
		out = append(out, ZerosLike(sum))
	}
	return out
}

// stateNodes splits a graph's inputs into the optimiser's state and the rest.
func (s *Stepper) stateNodes(inputs []*Node) (optim.State, []*Node) {
	n := len(s.specs)
	return optim.State{Weights: inputs[:n], First: inputs[n : 2*n], Second: inputs[2*n : 3*n], Step: inputs[3*n]}, inputs[3*n+1:]
}

// stepNodes updates the state and lists it with the step's scalars.
func (s *Stepper) stepNodes(state optim.State, gradients []*Node, loss, rate *Node) []*Node {
	next, norm, finite := s.optim.Update(state, gradients, loss, rate, s.decay)
	out := append(append(append([]*Node{}, next.Weights...), next.First...), next.Second...)
	return append(out, next.Step, loss, norm, finite)
}

// lossAndGradients is the objective on a batch and its gradient by each weight tensor.
func (s *Stepper) lossAndGradients(weights, batch []*Node) (*Node, []*Node) {
	loss := s.objective(weights, batch)
	return loss, Gradient(loss, weights...)
}

// graphBatch makes the model's input from the nodes of Batch.inputs.
func graphBatch(c mae.Config, nodes []*Node) mae.Batch {
	batch := mae.Batch{Cubes: clipCubes(nodes[0], c.Encoder), Visible: nodes[1], Masked: nodes[2]}
	if len(nodes) > 3 {
		batch.Keep = nodes[3]
	}
	return batch
}

// clipCubes cuts clips [B, T, H, W, C], bytes or normalised values, into cubes of normalised pixels [B, N, P].
func clipCubes(clips *Node, c vit.Config) *Node {
	if clips.DType() == dtypes.Uint8 {
		clips = mae.NormalisePixels(clips)
	}
	return mae.Patchify(clips, c)
}

// donateState hands the state's buffers over to the next graph, in the order in which graphs take them.
func (s *Stepper) donateState() []any {
	var all []*tensors.Tensor
	all = append(append(append(append(all, s.weights...), s.first...), s.second...), s.step)
	return s.donate(all)
}

// donate hands the tensors' device buffers over to the next graph.
func (s *Stepper) donate(list []*tensors.Tensor) []any {
	inputs := make([]any, len(list))
	for i, t := range list {
		buffer, err := DonateTensorBuffer(t, s.backend, 0)
		if err != nil {
			panic(err) // as graph code does; Step returns it
		}
		inputs[i] = buffer
	}
	return inputs
}

func anyOf(list []*tensors.Tensor) []any {
	out := make([]any, len(list))
	for i, t := range list {
		out[i] = t
	}
	return out
}

// Close frees the compiled graphs. The engine stays open.
func (s *Stepper) Close() {
	for _, e := range []*Exec{s.update, s.gather, s.apply} {
		e.Finalize()
	}
}
