package train

import "github.com/gomlx/gomlx/core/tensors"

// Evaluated lists the weights that a model is judged by, in the order of its Specs: their running mean where one is kept. They are valid
// until the next step.
func (s *Stepper) Evaluated() []*tensors.Tensor {
	if s.average == nil {
		return s.weights
	}
	all := append([]*tensors.Tensor(nil), s.weights...)
	for k, i := range s.trained {
		all[i] = s.average[k]
	}
	return all
}

// Use makes a classifier compute with other weights, in the order of its Specs.
func (c *Classifier) Use(weights []*tensors.Tensor) { c.weights = weights }
