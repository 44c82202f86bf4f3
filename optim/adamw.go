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

// Moments is 2: the running means of gradients and of their squares.
func (AdamW) Moments() int { return 2 }

// Update is one step (Optimiser). Weight decay is scaled by the tensor's own rate.
func (a AdamW) Update(s State, gradients []*Node, loss, rate *Node, rules []Rule) (next State, norm, finite *Node) {
	next, norm, finite, clip := begin(s, gradients, loss, a.ClipNorm)
	rateCorrection, rootCorrection := correction(a.Beta1, next.Step), Sqrt(correction(a.Beta2, next.Step))
	for i, w := range s.Weights {
		g, own := clipped(gradients[i], clip), rules[i].rate(rate)
		first := Add(MulScalar(s.First[i], a.Beta1), MulScalar(g, 1-a.Beta1))
		second := Add(MulScalar(s.Second[i], a.Beta2), MulScalar(Mul(g, g), 1-a.Beta2))
		updated := w
		if rules[i].Decay && a.WeightDecay != 0 {
			updated = Mul(w, OneMinus(MulScalar(own, a.WeightDecay)))
		}
		denominator := AddScalar(Div(Sqrt(second), rootCorrection), a.Epsilon)
		updated = Sub(updated, Div(Mul(Div(own, rateCorrection), first), denominator))
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
