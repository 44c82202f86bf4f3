package train

import (
	"fmt"
	"slices"

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
// Weights and moments stay on the device: each step donates those that it trains to the graph and takes the new ones from it. What
// crosses from the host is the batch and the learning rate, and back come three scalars.
type Stepper struct {
	backend   compute.Backend
	objective Objective
	how       Update
	specs     []vit.Spec
	trained   []int // indices of the tensors that are not frozen

	weights []*tensors.Tensor    // of all specs
	moments [2][]*tensors.Tensor // of the trained ones, as many lists as the optimiser keeps
	average []*tensors.Tensor    // of the trained ones; nil where none is kept
	step    *tensors.Tensor      // scalar: updates made, which leaves out the skipped ones
	sum     []*tensors.Tensor    // gradients and loss gathered so far in a step of several micro-batches; else nil

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
func NewStepper(backend compute.Backend, specs []vit.Spec, objective Objective, how Update, state State) (*Stepper, error) {
	if err := how.validate(specs); err != nil {
		return nil, err
	}
	s := &Stepper{backend: backend, objective: objective, how: how, specs: specs}
	for i, rule := range how.Rules {
		if !rule.Frozen {
			s.trained = append(s.trained, i)
		}
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
			inputs = append(inputs, anyOf(s.frozenWeights())...)
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
		for _, i := range s.trained {
			spec := s.specs[i]
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
	n := len(s.trained)
	for k, i := range s.trained {
		s.weights[i] = outputs[k]
	}
	outputs = outputs[n:]
	for k := range s.how.optimiser().Moments() {
		s.moments[k], outputs = outputs[:n], outputs[n:]
	}
	if s.how.EMADecay > 0 {
		s.average, outputs = outputs[:n], outputs[n:]
	}
	s.step = outputs[0]
	return outputs[1:], nil
}

// updateGraph makes one step from one batch: state, rate, frozen weights, batch -> state, loss, norm, finite.
func (s *Stepper) updateGraph(inputs []*Node) []*Node {
	state, rest := s.stateNodes(inputs)
	rate, frozen, batch := rest[0], rest[1:1+s.frozen()], rest[1+s.frozen():]
	loss, gradients := s.lossAndGradients(s.merge(state.Weights, frozen), batch)
	return s.stepNodes(state, gradients, loss, rate)
}

// gatherGraph adds a share of one micro-batch's loss and gradients to their sums: sums, weights, share, batch -> sums.
func (s *Stepper) gatherGraph(inputs []*Node) []*Node {
	m, n := len(s.trained), len(s.specs)
	sums, weights, share, batch := inputs[:m+1], inputs[m+1:m+1+n], inputs[m+1+n], inputs[m+n+2:]
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

// stateNode is the state of a step in the graph: of the trained tensors, in the order in which graphs take and give it.
type stateNode struct {
	optim.State
	average []*Node // nil where none is kept
}

// stateNodes splits a graph's inputs into the state and the rest.
func (s *Stepper) stateNodes(inputs []*Node) (stateNode, []*Node) {
	take := func(n int) (part []*Node) {
		part, inputs = inputs[:n], inputs[n:]
		return part
	}
	n := len(s.trained)
	state := stateNode{State: optim.State{Weights: take(n), First: take(n)}}
	if s.how.optimiser().Moments() > 1 {
		state.Second = take(n)
	}
	if s.how.EMADecay > 0 {
		state.average = take(n)
	}
	state.Step = take(1)[0]
	return state, inputs
}

// stepNodes updates the state and lists it with the step's scalars.
func (s *Stepper) stepNodes(state stateNode, gradients []*Node, loss, rate *Node) []*Node {
	next, norm, finite := s.how.optimiser().Update(state.State, gradients, loss, rate, s.trainedRules())
	out := slices.Concat(next.Weights, next.First, next.Second)
	if s.how.EMADecay > 0 {
		out = append(out, optim.Average(state.average, next.Weights, finite, s.how.EMADecay)...)
	}
	return append(out, next.Step, loss, norm, finite)
}

// lossAndGradients is the objective on a batch and its gradient by each trained weight tensor. The backward pass ends where nothing
// that is trained lies before it.
func (s *Stepper) lossAndGradients(weights, batch []*Node) (*Node, []*Node) {
	loss := s.objective(weights, batch)
	var trained []*Node
	for _, i := range s.trained {
		trained = append(trained, weights[i])
	}
	return loss, Gradient(loss, trained...)
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
func (s *Stepper) donateState() []any { return s.donate(s.stateTensors()) }

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
