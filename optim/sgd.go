package optim

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// SGD holds the settings of stochastic gradient descent with momentum, as linear probes use it: m = Momentum*m + g, w -= rate*m, where
// WeightDecay*w is part of g. Source: spec 6.3.
type SGD struct {
	Momentum, WeightDecay float64
	// ClipNorm scales gradients down to this global L2 norm where theirs is larger; 0 leaves them.
	ClipNorm float64
	// Trust makes it LARS (You et al. 2017): g of tensors that decay is scaled to Trust times the L2 norm of their weights before it
	// joins m. 0.001 is usual; 0 leaves g.
	Trust float64
}

// Moments is 1: the running sum of gradients.
func (SGD) Moments() int { return 1 }

// Update is one step (Optimiser).
func (o SGD) Update(s State, gradients []*Node, loss, rate *Node, rules []Rule) (next State, norm, finite *Node) {
	next, norm, finite, clip := begin(s, gradients, loss, o.ClipNorm)
	for i, w := range s.Weights {
		g := clipped(gradients[i], clip)
		if rules[i].Decay && o.WeightDecay != 0 {
			g = Add(g, MulScalar(w, o.WeightDecay))
		}
		if rules[i].Decay && o.Trust > 0 {
			g = Mul(g, trustRatio(w, g, o.Trust))
		}
		first := Add(MulScalar(s.First[i], o.Momentum), g)
		next.Weights = append(next.Weights, Where(finite, Sub(w, Mul(rules[i].rate(rate), first)), w))
		next.First = append(next.First, Where(finite, first, s.First[i]))
	}
	return next, norm, finite
}

// trustRatio is trust * |w| / |g|, or 1 where either is zero.
func trustRatio(w, g *Node, trust float64) *Node {
	weight, gradient := sumOfSquares(w), sumOfSquares(g)
	one := OnesLike(weight)
	some := And(GreaterThan(weight, ZerosLike(weight)), GreaterThan(gradient, ZerosLike(gradient)))
	return Where(some, MulScalar(Sqrt(Div(weight, Where(some, gradient, one))), trust), one)
}
