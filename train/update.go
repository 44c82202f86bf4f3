// How a step changes weights, and which of them.

package train

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/optim"
	"videomae/vit"
)

// Update says how steps change weights.
type Update struct {
	AdamW optim.AdamW
	SGD   *optim.SGD   // takes the place of AdamW where it is given
	Rules []optim.Rule // one for each tensor; frozen ones have no gradient, no moments and stay bit for bit as they are
	// EMADecay keeps a running mean of the weights that moves to them by 1-EMADecay with each update, State.Average; 0 keeps none.
	EMADecay float64
}

// NewState is the state of a training that begins with the given weights: moments of zero, no updates made.
func (u Update) NewState(weights [][]float32) State {
	state := State{Weights: weights, First: make([][]float32, len(weights)), Second: make([][]float32, len(weights))}
	for i, rule := range u.Rules {
		if rule.Frozen {
			continue
		}
		state.First[i] = make([]float32, len(weights[i]))
		if u.optimiser().Moments() > 1 {
			state.Second[i] = make([]float32, len(weights[i]))
		}
	}
	if u.EMADecay > 0 {
		state.Average = weights
	}
	return state
}

func (u Update) optimiser() optim.Optimiser {
	if u.SGD != nil {
		return *u.SGD
	}
	return u.AdamW
}

// validate reports why steps cannot be made this way on a model with these tensors.
func (u Update) validate(specs []vit.Spec) error {
	if len(u.Rules) != len(specs) {
		return fmt.Errorf("training: %d rules given for the %d tensors of the model", len(u.Rules), len(specs))
	}
	if !(u.EMADecay >= 0 && u.EMADecay < 1) {
		return fmt.Errorf("training: decay %v of the running mean of the weights must lie in [0, 1)", u.EMADecay)
	}
	for _, rule := range u.Rules {
		if !rule.Frozen {
			return nil
		}
	}
	return fmt.Errorf("training: all tensors are frozen, nothing is left to train")
}

// frozen is the number of tensors that stay as they are.
func (s *Stepper) frozen() int { return len(s.specs) - len(s.trained) }

// trainedRules are the rules of the trained tensors.
func (s *Stepper) trainedRules() []optim.Rule {
	var rules []optim.Rule
	for _, i := range s.trained {
		rules = append(rules, s.how.Rules[i])
	}
	return rules
}

// trainedWeights are the weights that steps change, frozenWeights the others, both in the order of the model's Specs.
func (s *Stepper) trainedWeights() []*tensors.Tensor {
	var list []*tensors.Tensor
	for _, i := range s.trained {
		list = append(list, s.weights[i])
	}
	return list
}

func (s *Stepper) frozenWeights() []*tensors.Tensor {
	var list []*tensors.Tensor
	for i, rule := range s.how.Rules {
		if rule.Frozen {
			list = append(list, s.weights[i])
		}
	}
	return list
}

// merge puts trained and frozen weights back into the order of the model's Specs.
func (s *Stepper) merge(trained, frozen []*Node) []*Node {
	var all []*Node
	for _, rule := range s.how.Rules {
		from := &trained
		if rule.Frozen {
			from = &frozen
		}
		all = append(all, (*from)[0])
		*from = (*from)[1:]
	}
	return all
}

// stateTensors lists what a step changes, in the order in which graphs take it: weights, moments, average, updates made.
func (s *Stepper) stateTensors() []*tensors.Tensor {
	all := s.trainedWeights()
	for _, part := range [][]*tensors.Tensor{s.moments[0], s.moments[1], s.average, {s.step}} {
		all = append(all, part...)
	}
	return all
}
