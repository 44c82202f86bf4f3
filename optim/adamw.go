package optim

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// AdamW holds the settings of Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
type AdamW struct {
	Beta1, Beta2, Epsilon, WeightDecay float64
	// ClipNorm scales gradients down to this global L2 norm where theirs is larger; 0 leaves them.
	ClipNorm float64
}

// State is what AdamW carries from step to step: lists of one node for each weight tensor, all Float32.
type State struct {
	Weights, First, Second []*Node // weights and the running means of their gradients and squared gradients
	Step                   *Node   // scalar: updates made so far
}

// Update applies one step of gradients at a learning rate (a scalar). decay tells which tensors decay. It returns the
// new state, the gradients' global L2 norm before clipping, and whether the update was made: with a norm or loss that
// is not finite the new state is the old one.
func (a AdamW) Update(s State, gradients []*Node, loss, rate *Node, decay []bool) (next State, norm, finite *Node) {
	norm = GlobalNorm(gradients)
	finite = And(IsFinite(norm), IsFinite(loss))
	next.Step = Where(finite, AddScalar(s.Step, 1), s.Step)

	scale := OnesLike(norm)
	if a.ClipNorm > 0 {
		scale = Min(scale, Div(ConstAs(norm, a.ClipNorm), AddScalar(norm, 1e-6)))
	}
	stepSize := Div(rate, correction(a.Beta1, next.Step))
	rootCorrection := Sqrt(correction(a.Beta2, next.Step))
	for i, w := range s.Weights {
		g := gradients[i]
		if a.ClipNorm > 0 {
			g = Mul(g, scale)
		}
		first := Add(MulScalar(s.First[i], a.Beta1), MulScalar(g, 1-a.Beta1))
		second := Add(MulScalar(s.Second[i], a.Beta2), MulScalar(Mul(g, g), 1-a.Beta2))
		updated := w
		if decay[i] && a.WeightDecay != 0 {
			updated = Mul(w, OneMinus(MulScalar(rate, a.WeightDecay)))
		}
		denominator := AddScalar(Div(Sqrt(second), rootCorrection), a.Epsilon)
		updated = Sub(updated, Div(Mul(stepSize, first), denominator))
		next.Weights = append(next.Weights, Where(finite, updated, w))
		next.First = append(next.First, Where(finite, first, s.First[i]))
		next.Second = append(next.Second, Where(finite, second, s.Second[i]))
	}
	return next, norm, finite
}

// correction is 1 - beta^step, which undoes the running means' start at zero. Written with expm1 it keeps its digits
// in Float32 for beta near 1 and small steps.
func correction(beta float64, step *Node) *Node {
	return Neg(Expm1(MulScalar(step, math.Log(beta))))
}

// GlobalNorm is the L2 norm of all values of the tensors together. It adds axis by axis, last first, to keep digits.
func GlobalNorm(tensors []*Node) *Node {
	var total *Node
	for _, t := range tensors {
		sum := Mul(t, t)
		for sum.Rank() > 0 {
			sum = ReduceSum(sum, -1)
		}
		if total == nil {
			total = sum
		} else {
			total = Add(total, sum)
		}
	}
	return Sqrt(total)
}
