package optim

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// reference is one update in float64. Source: Loshchilov and Hutter 2019, algorithm 2, with the decay scaled by the rate alone
// as in PyTorch.
func (a AdamW) reference(s state, gradients values, rate float64) (state, float64) {
	norm, scale := clipping(gradients, a.ClipNorm)
	next := state{zeros(), zeros(), zeros(), s.step + 1}
	for i := range gradients {
		for j, g := range gradients[i] {
			g *= scale
			m := a.Beta1*s.first[i][j] + (1-a.Beta1)*g
			v := a.Beta2*s.second[i][j] + (1-a.Beta2)*g*g
			w, rate := s.weights[i][j], rate*rules[i].Scale
			if rules[i].Decay {
				w -= rate * a.WeightDecay * s.weights[i][j]
			}
			mHat, vHat := m/(1-math.Pow(a.Beta1, next.step)), v/(1-math.Pow(a.Beta2, next.step))
			next.weights[i][j], next.first[i][j], next.second[i][j] = w-rate*mHat/(math.Sqrt(vHat)+a.Epsilon), m, v
		}
	}
	return next, norm
}

func TestAdamWIsTheFormula(t *testing.T) {
	for _, a := range []AdamW{
		{Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.05},
		{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		{Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.05, ClipNorm: 1},
		{Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-3, WeightDecay: 0.5, ClipNorm: 1e6},
	} {
		t.Run(fmt.Sprintf("%+v", a), func(t *testing.T) {
			u := newUpdater(t, a)
			got := state{draw("weights", 1), zeros(), zeros(), 0}
			want := got
			for step := range 6 {
				gradients, rate := draw(fmt.Sprint("gradients", step), math.Pow(10, float64(step%3-1))), 0.01*float64(step+1)
				var norm, wantNorm float64
				var finite bool
				got, norm, finite = u.update(got, gradients, 1, rate)
				want, wantNorm = a.reference(want, gradients, rate)
				if !finite || got.step != want.step || math.Abs(norm-wantNorm) > 1e-6*wantNorm {
					t.Fatalf("step %d: finite %v, count %v (want %v), norm %v (want %v)", step, finite, got.step, want.step, norm, wantNorm)
				}
				near(t, fmt.Sprintf("weights after step %d", step), got.weights, want.weights, 2e-6)
				near(t, fmt.Sprintf("first moments after step %d", step), got.first, want.first, 2e-6)
				near(t, fmt.Sprintf("second moments after step %d", step), got.second, want.second, 2e-6)
			}
		})
	}
}

// In Float32 the naive 1 - beta^step has few digits left at the first of many steps and none to lose at a late one.
func TestBiasCorrectionKeepsItsDigits(t *testing.T) {
	a := AdamW{Beta1: 0.9, Beta2: 0.9999, Epsilon: 1e-8}
	u := newUpdater(t, a)
	for _, done := range []float64{0, 1, 10, 1000, 1e6} {
		s := state{draw("weights", 1), draw("first", 0.1), zeros(), done}
		for i := range s.second {
			for j := range s.second[i] {
				s.second[i][j] = float64(float32(1e-4))
			}
		}
		gradients := draw("gradients", 1)
		got, _, _ := u.update(s, gradients, 1, 1)
		want, _ := a.reference(s, gradients, 1)
		near(t, fmt.Sprintf("weights after %v steps", done), got.weights, want.weights, 2e-6)
	}
}

// A step that cannot be trusted leaves everything as it was, bit for bit, and says so.
func TestValuesThatAreNotFiniteChangeNothing(t *testing.T) {
	u := newUpdater(t, AdamW{Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.05, ClipNorm: 1})
	before := state{draw("weights", 1), draw("first", 0.1), draw("weights", 1), 7}
	for i := range before.second {
		for j, v := range before.second[i] {
			before.second[i][j] = math.Abs(v)
		}
	}
	for _, c := range []struct {
		name           string
		gradient, loss float64
	}{
		{"gradient is not a number", math.NaN(), 1},
		{"gradient is infinite", math.Inf(-1), 1},
		{"squared gradient overflows", 1e30, 1},
		{"loss is not a number", 1, math.NaN()},
		{"loss is infinite", 1, math.Inf(1)},
	} {
		gradients := draw("gradients", 1)
		gradients[3][5] = c.gradient
		after, _, finite := u.update(before, gradients, c.loss, 0.1)
		if finite {
			t.Errorf("%s: the step was said to be made", c.name)
		}
		for name, pair := range map[string][2]values{
			"weights": {before.weights, after.weights}, "first moments": {before.first, after.first}, "second moments": {before.second, after.second},
		} {
			if !slices.EqualFunc(pair[0], pair[1], slices.Equal) {
				t.Errorf("%s: %s changed", c.name, name)
			}
		}
		if after.step != before.step {
			t.Errorf("%s: %v updates counted, want %v", c.name, after.step, before.step)
		}
	}
	if after, _, finite := u.update(before, draw("gradients", 1), 1, 0.1); !finite || after.step != 8 {
		t.Errorf("a sound step after those: made %v, count %v", finite, after.step)
	}
}
