package optim

import (
	"fmt"
	"math"
	"testing"
)

// reference is one update in float64. Sources: PyTorch's SGD without dampening; You et al. 2017 for the trust ratio.
func (o SGD) reference(s state, gradients values, rate float64) (state, float64) {
	norm, scale := clipping(gradients, o.ClipNorm)
	next := state{zeros(), zeros(), s.second, s.step + 1}
	for i := range gradients {
		var g []float64
		for j, v := range gradients[i] {
			v *= scale
			if rules[i].Decay {
				v += o.WeightDecay * s.weights[i][j]
			}
			g = append(g, v)
		}
		trust := 1.0
		if o.Trust > 0 && rules[i].Decay && l2(s.weights[i]) > 0 && l2(g) > 0 {
			trust = o.Trust * l2(s.weights[i]) / l2(g)
		}
		for j, v := range g {
			m := o.Momentum*s.first[i][j] + trust*v
			next.first[i][j], next.weights[i][j] = m, s.weights[i][j]-rate*rules[i].Scale*m
		}
	}
	return next, norm
}

func TestSGDIsTheFormula(t *testing.T) {
	for _, o := range []SGD{
		{Momentum: 0.9},
		{},
		{Momentum: 0.9, WeightDecay: 0.1, ClipNorm: 1},
		{Momentum: 0.9, WeightDecay: 0.1, Trust: 0.001},
		{Momentum: 0.9, Trust: 0.001},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			u := newUpdater(t, o)
			got := state{draw("weights", 1), zeros(), zeros(), 0}
			clear(got.weights[3]) // a tensor that starts at zero has no norm to trust
			want := got
			for step := range 5 {
				gradients, rate := draw(fmt.Sprint("gradients", step), 1), 0.1/float64(step+1)
				if step == 2 {
					clear(gradients[0])
				}
				var norm, wantNorm float64
				got, norm, _ = u.update(got, gradients, 1, rate)
				want, wantNorm = o.reference(want, gradients, rate)
				if got.step != want.step || math.Abs(norm-wantNorm) > 1e-6*wantNorm {
					t.Fatalf("step %d: count %v, norm %v, want %v and %v", step, got.step, norm, want.step, wantNorm)
				}
				near(t, fmt.Sprintf("weights after step %d", step), got.weights, want.weights, 2e-6)
				near(t, fmt.Sprintf("momentum after step %d", step), got.first, want.first, 2e-6)
			}
		})
	}
}

func TestSGDLeavesStepsThatAreNotFiniteOut(t *testing.T) {
	u := newUpdater(t, SGD{Momentum: 0.9, WeightDecay: 0.1, Trust: 0.001})
	before := state{draw("weights", 1), draw("first", 0.1), zeros(), 7}
	gradients := draw("gradients", 1)
	gradients[1][2] = math.NaN()
	after, _, finite := u.update(before, gradients, 1, 0.1)
	if finite || after.step != 7 {
		t.Errorf("the step was made: %v, count %v", finite, after.step)
	}
	near(t, "weights", after.weights, before.weights, 0)
	near(t, "momentum", after.first, before.first, 0)
}
