package train

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/seed"
	"videomae/vit"
)

// State is a model's weights and its optimiser's moments on the host, in the order of the model's Specs.
type State struct {
	Weights [][]float32
	// First and Second are the optimiser's moments. Those that a tensor does not have are empty: both of a frozen one, the second under SGD.
	First, Second [][]float32
	Average       [][]float32 // the running mean of all weights, frozen ones included; nil where none is kept
	Updates       int         // updates made; steps skipped for values that were not finite do not count
}

// NewState is the state of a training that begins with the given weights: moments of zero, no updates made.
func NewState(weights [][]float32) State {
	s := State{Weights: weights}
	for _, w := range weights {
		s.First = append(s.First, make([]float32, len(w)))
		s.Second = append(s.Second, make([]float32, len(w)))
	}
	return s
}

// InitialWeights draws the first weights of a model with these tensors from a seed. Each tensor's values depend on the seed and its name alone.
func InitialWeights(specs []vit.Spec, runSeed uint64) [][]float32 {
	var weights [][]float32
	for _, spec := range specs {
		values := make([]float32, spec.Size())
		spec.Init(values, tensorRand(runSeed, spec))
		weights = append(weights, values)
	}
	return weights
}

func tensorRand(runSeed uint64, spec vit.Spec) *rand.Rand {
	return seed.Rand(runSeed, "init "+spec.Name)
}

// onDevice copies values right to the engine: for large models a copy on the way would be most of the memory that a run ever takes.
func (s *Stepper) onDevice(values []float32, shape []int) (*tensors.Tensor, error) {
	buffer, err := s.backend.BufferFromFlatData(0, values, shapes.Make(dtypes.Float32, shape...))
	if err != nil {
		return nil, err
	}
	return tensors.FromBuffer(buffer)
}

// SetState replaces weights, moments and average; with an error it replaces nothing. Moments and an average that steps
// have no use for are passed over; an average that is kept but not given starts as the weights.
func (s *Stepper) SetState(state State) error {
	all := make([]int, len(s.specs))
	for i := range all {
		all[i] = i
	}
	next := Stepper{backend: s.backend, specs: s.specs}
	var err error
	if next.weights, err = next.put("weight", state.Weights, all); err != nil {
		return err
	}
	for k, name := range []string{"first moment", "second moment"}[:s.how.optimiser().Moments()] {
		if next.moments[k], err = next.put(name, [][][]float32{state.First, state.Second}[k], s.trained); err != nil {
			return err
		}
	}
	if s.how.EMADecay > 0 {
		average := state.Average
		if average == nil {
			average = state.Weights
		}
		if next.average, err = next.put("average", average, s.trained); err != nil {
			return err
		}
	}
	s.weights, s.moments, s.average = next.weights, next.moments, next.average
	s.step = tensors.FromScalar(float32(state.Updates))
	s.sum = nil
	return nil
}

// put copies the tensors with these indices to the engine.
func (s *Stepper) put(what string, values [][]float32, which []int) ([]*tensors.Tensor, error) {
	if len(values) != len(s.specs) {
		return nil, fmt.Errorf("%d %s tensors given, the model has %d", len(values), what, len(s.specs))
	}
	var list []*tensors.Tensor
	for _, i := range which {
		spec := s.specs[i]
		if len(values[i]) != spec.Size() {
			return nil, fmt.Errorf("%s of %s has %d values, want %v", what, spec.Name, len(values[i]), spec.Shape)
		}
		tensor, err := s.onDevice(values[i], spec.Shape)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", what, spec.Name, err)
		}
		list = append(list, tensor)
	}
	return list, nil
}

// State copies weights, moments and average to the host.
func (s *Stepper) State() (State, error) {
	state := State{First: make([][]float32, len(s.specs)), Second: make([][]float32, len(s.specs))}
	err := engine.Try(func() (err error) {
		if state.Weights, err = hostCopies(s.weights); err != nil {
			return err
		}
		for k, to := range [][][]float32{state.First, state.Second} {
			if err := s.scatter(to, s.moments[k]); err != nil {
				return err
			}
		}
		if s.average != nil {
			state.Average = slices.Clone(state.Weights)
			if err := s.scatter(state.Average, s.average); err != nil {
				return err
			}
		}
		state.Updates = int(tensors.ToScalar[float32](s.step))
		return nil
	})
	if err != nil {
		return State{}, fmt.Errorf("reading weights from the engine: %w", err)
	}
	return state, nil
}

// scatter copies tensors of the trained weights to the host, each to its weight's place.
func (s *Stepper) scatter(to [][]float32, from []*tensors.Tensor) error {
	values, err := hostCopies(from)
	for k, v := range values {
		to[s.trained[k]] = v
	}
	return err
}

func hostCopies(list []*tensors.Tensor) ([][]float32, error) {
	var all [][]float32
	for _, t := range list {
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, err
		}
		all = append(all, values)
	}
	return all, nil
}
