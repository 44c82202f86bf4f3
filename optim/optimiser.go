package optim

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Optimiser turns gradients into an update of weights.
type Optimiser interface {
	// Moments is how many of State's First and Second the optimiser keeps.
	Moments() int
	// Update applies one step of gradients at a learning rate (a scalar) by a rule for each tensor, none of which is frozen. It returns the
	// new state, the gradients' global L2 norm before clipping, and whether the update was made: with a norm or loss that is not finite
	// the new state is the old one.
	Update(s State, gradients []*Node, loss, rate *Node, rules []Rule) (next State, norm, finite *Node)
}

// State is what an optimiser carries from step to step: lists of one node for each weight tensor, all Float32.
type State struct {
	Weights, First, Second []*Node // weights and the running means of their gradients and, for AdamW, of their squares
	Step                   *Node   // scalar: updates made so far
}

// begin counts a step if it can be trusted, and gives the factor that clips gradients: nil where clipNorm is 0.
func begin(s State, gradients []*Node, loss *Node, clipNorm float64) (next State, norm, finite, clip *Node) {
	norm = GlobalNorm(gradients)
	finite = And(IsFinite(norm), IsFinite(loss))
	next.Step = Where(finite, AddScalar(s.Step, 1), s.Step)
	if clipNorm > 0 {
		clip = Min(OnesLike(norm), Div(ConstAs(norm, clipNorm), AddScalar(norm, 1e-6)))
	}
	return next, norm, finite, clip
}

// clipped is a gradient times the factor of clipping, if there is one.
func clipped(gradient, clip *Node) *Node {
	if clip == nil {
		return gradient
	}
	return Mul(gradient, clip)
}

// GlobalNorm is the L2 norm of all values of the tensors together. It adds axis by axis, last first, to keep digits.
func GlobalNorm(tensors []*Node) *Node {
	var total *Node
	for _, t := range tensors {
		sum := sumOfSquares(t)
		if total == nil {
			total = sum
		} else {
			total = Add(total, sum)
		}
	}
	return Sqrt(total)
}

func sumOfSquares(t *Node) *Node {
	sum := Mul(t, t)
	for sum.Rank() > 0 {
		sum = ReduceSum(sum, -1)
	}
	return sum
}

// Average moves running means of the weights towards the weights after a step: average + (1 - decay) * (weight - average). Where the
// step was not made they stay.
func Average(average, weights []*Node, finite *Node, decay float64) []*Node {
	var next []*Node
	for i, a := range average {
		next = append(next, Where(finite, Add(a, MulScalar(Sub(weights[i], a), 1-decay)), a))
	}
	return next
}
