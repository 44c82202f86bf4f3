package optim

import (
	"fmt"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/seed"
)

// shapes and decays are those of a small model's tensors.
var (
	shapes = [][]int{{3, 4}, {5}, {1, 1, 2}, {2, 3, 2}}
	decays = []bool{true, false, false, true}
)

func rules() (list []Rule) {
	for _, decay := range decays {
		list = append(list, Rule{Decay: decay, Scale: 1})
	}
	return list
}

// values is one list of numbers for each tensor.
type values [][]float64

// draw gives values of a deviation for each tensor.
func draw(what string, deviation float64) (list values) {
	for i, shape := range shapes {
		rng, n := seed.Rand(1, what, uint64(i)), 1
		for _, d := range shape {
			n *= d
		}
		one := make([]float64, n)
		for j := range one {
			one[j] = float64(float32(deviation * rng.NormFloat64())) // as the graph will take it
		}
		list = append(list, one)
	}
	return list
}

// zeros is the first state of the moments.
func zeros() values { return draw("zeros", 0) }

// state is an optimiser's state on the host.
type state struct {
	weights, first, second values
	step                   float64
}

// reference is one update in float64. Source: Loshchilov and Hutter 2019, algorithm 2, with the decay scaled by the rate alone
// as in PyTorch, and clipping by the global norm as in PyTorch's clip_grad_norm_.
func (a AdamW) reference(s state, gradients values, rate float64) (state, float64) {
	squares := 0.0
	for _, g := range gradients {
		for _, v := range g {
			squares += v * v
		}
	}
	norm, scale := math.Sqrt(squares), 1.0
	if a.ClipNorm > 0 {
		scale = math.Min(1, a.ClipNorm/(norm+1e-6))
	}
	next := state{zeros(), zeros(), zeros(), s.step + 1}
	for i := range gradients {
		for j, g := range gradients[i] {
			g *= scale
			m := a.Beta1*s.first[i][j] + (1-a.Beta1)*g
			v := a.Beta2*s.second[i][j] + (1-a.Beta2)*g*g
			w := s.weights[i][j]
			if decays[i] {
				w -= rate * a.WeightDecay * s.weights[i][j]
			}
			mHat, vHat := m/(1-math.Pow(a.Beta1, next.step)), v/(1-math.Pow(a.Beta2, next.step))
			next.weights[i][j], next.first[i][j], next.second[i][j] = w-rate*mHat/(math.Sqrt(vHat)+a.Epsilon), m, v
		}
	}
	return next, norm
}

// updater runs Update on an engine.
type updater struct {
	t    *testing.T
	exec *Exec
}

func newUpdater(t *testing.T, a AdamW) updater {
	t.Helper()
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	exec, err := NewExec(backend, func(in []*Node) []*Node {
		n := len(shapes)
		old := State{Weights: in[:n], First: in[n : 2*n], Second: in[2*n : 3*n], Step: in[3*n]}
		next, norm, finite := a.Update(old, in[3*n+1:4*n+1], in[4*n+1], in[4*n+2], rules())
		return slices.Concat(next.Weights, next.First, next.Second, []*Node{next.Step, norm, finite})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return updater{t, exec}
}

// update makes one step; all values cross to the engine and back as Float32.
func (u updater) update(s state, gradients values, loss, rate float64) (next state, norm float64, finite bool) {
	u.t.Helper()
	var inputs []any
	add := func(list values) {
		for i, v := range list {
			narrow := make([]float32, len(v))
			for j := range v {
				narrow[j] = float32(v[j])
			}
			inputs = append(inputs, tensors.FromFlatDataAndDimensions(narrow, shapes[i]...))
		}
	}
	add(s.weights)
	add(s.first)
	add(s.second)
	inputs = append(inputs, float32(s.step))
	add(gradients)
	out, err := u.exec.Call(append(inputs, float32(loss), float32(rate))...)
	if err != nil {
		u.t.Fatal(err)
	}
	read := func() (list values) {
		for _, x := range out[:len(shapes)] {
			var wide []float64
			for _, v := range tensors.MustCopyFlatData[float32](x) {
				wide = append(wide, float64(v))
			}
			list = append(list, wide)
		}
		out = out[len(shapes):]
		return list
	}
	next = state{weights: read(), first: read(), second: read()}
	next.step = float64(tensors.ToScalar[float32](out[0]))
	return next, float64(tensors.ToScalar[float32](out[1])), tensors.ToScalar[bool](out[2])
}

// near checks values within a share of each tensor's largest magnitude.
func near(t *testing.T, what string, got, want values, limit float64) {
	t.Helper()
	for i := range want {
		scale := 0.0
		for _, w := range want[i] {
			scale = math.Max(scale, math.Abs(w))
		}
		for j, w := range want[i] {
			if !(math.Abs(got[i][j]-w) <= limit*scale) {
				t.Fatalf("%s: tensor %d, value %d is %.9g, want %.9g", what, i, j, got[i][j], w)
			}
		}
	}
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

// Sums of millions of squares, one after another in Float32, would lose the third digit.
func TestGlobalNormKeepsItsDigits(t *testing.T) {
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	norm, err := CallOnce(backend, func(x *Node) *Node {
		return GlobalNorm([]*Node{BroadcastToDims(x, 3072, 768), BroadcastToDims(x, 768), x})
	}, float32(0.1))
	if err != nil {
		t.Fatal(err)
	}
	want := 0.1 * math.Sqrt(3072*768+768+1)
	if got := float64(tensors.ToScalar[float32](norm)); math.Abs(got-want) > 1e-5*want {
		t.Errorf("norm %v, want %v", got, want)
	}
}
