package train

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/seed"
	"videomae/vit"
)

// State is a model's weights and its optimiser's moments on the host, in the order of the model's Specs.
type State struct {
	Weights, First, Second [][]float32
	Updates                int // updates made; steps skipped for values that were not finite do not count
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

// SetState replaces weights and moments; with an error it replaces nothing.
func (s *Stepper) SetState(state State) error {
	var lists [3][]*tensors.Tensor
	for k, part := range []struct {
		name   string
		values [][]float32
	}{{"weight", state.Weights}, {"first moment", state.First}, {"second moment", state.Second}} {
		if len(part.values) != len(s.specs) {
			return fmt.Errorf("%d %s tensors given, the model has %d", len(part.values), part.name, len(s.specs))
		}
		for i, spec := range s.specs {
			if len(part.values[i]) != spec.Size() {
				return fmt.Errorf("%s of %s has %d values, want %v", part.name, spec.Name, len(part.values[i]), spec.Shape)
			}
			tensor, err := s.onDevice(part.values[i], spec.Shape)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", part.name, spec.Name, err)
			}
			lists[k] = append(lists[k], tensor)
		}
	}
	s.weights, s.first, s.second = lists[0], lists[1], lists[2]
	s.step = tensors.FromScalar(float32(state.Updates))
	s.sum = nil
	return nil
}

// State copies weights and moments to the host.
func (s *Stepper) State() (State, error) {
	var state State
	err := engine.Try(func() error {
		for _, part := range []struct {
			from []*tensors.Tensor
			to   *[][]float32
		}{{s.weights, &state.Weights}, {s.first, &state.First}, {s.second, &state.Second}} {
			for _, t := range part.from {
				values, err := tensors.CopyFlatData[float32](t)
				if err != nil {
					return err
				}
				*part.to = append(*part.to, values)
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
