package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"videomae/classify"
	"videomae/internal/graphtest"
	"videomae/optim"
	"videomae/seed"
	"videomae/vit"
)

// tunerOf holds a classifier with the first weights of seed 1, updated this way.
func tunerOf(t *testing.T, backend compute.Backend, c classify.Config, how Update) *Stepper {
	t.Helper()
	state := how.NewState(InitialWeights(c.Specs(), 1))
	s, err := NewStepper(backend, c.Specs(), FineTuning(c, vit.Compute{DType: dtypes.Float32}), how, state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// labelled draws a batch of three clips, one of each class.
func labelled(t *testing.T, c classify.Config, at uint64) Batch {
	t.Helper()
	keep, headKeep := DropFactors(c, 3, seed.Rand(1, "drop", at))
	batch, err := NewLabelled(c, noise(3, at), []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, keep, headKeep)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

var adamW = optim.AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.05}

// What is trained beside frozen layers changes as if all were trained: one step of either from one state gives it the same values. What
// is frozen keeps its bits, and has no moments.
func TestFrozenLayersStayAndChangeNothingElse(t *testing.T) {
	c, backend := minuteClassifier(), graphtest.Open(t)
	depth := c.Encoder.Depth
	for frozen := 1; frozen <= depth+1; frozen++ {
		// With this epsilon the step is as smooth as the gradient, whose last bits depend on how the engine cuts the graph.
		smooth := adamW
		smooth.Epsilon = 1e-3
		all := tunerOf(t, backend, c, Update{AdamW: smooth, Rules: optim.LayerRules(c.Specs(), depth, 0.7, 0), EMADecay: 0.5})
		some := tunerOf(t, backend, c, Update{AdamW: smooth, Rules: optim.LayerRules(c.Specs(), depth, 0.7, frozen), EMADecay: 0.5})
		before := stateOf(t, some)
		for _, batches := range [][]Batch{{labelled(t, c, 0)}, {labelled(t, c, 1), labelled(t, c, 2)}} { // whole, and in parts
			if err := all.SetState(stateOf(t, tunerOf(t, backend, c, all.how))); err != nil {
				t.Fatal(err)
			}
			if err := some.SetState(before); err != nil {
				t.Fatal(err)
			}
			want, got := step(t, all, batches...), step(t, some, batches...)
			relative(t, "loss", got.Loss, want.Loss, 1e-6)
			if !(got.GradNorm < want.GradNorm) {
				t.Errorf("%d layers frozen: gradient norm %v, of all layers %v", frozen, got.GradNorm, want.GradNorm)
			}
			compareFrozen(t, some, before, stateOf(t, some), stateOf(t, all))
		}
	}
}

// compareFrozen compares the state after a step with that before it, where frozen, and elsewhere with that of a step on all tensors.
func compareFrozen(t *testing.T, s *Stepper, before, after, all State) {
	t.Helper()
	for i, spec := range s.specs {
		weights, average := all.Weights[i], all.Average[i]
		if s.how.Rules[i].Frozen {
			weights, average = before.Weights[i], before.Weights[i]
			if len(after.First[i]) != 0 || len(after.Second[i]) != 0 {
				t.Errorf("%s is frozen and has moments", spec.Name)
			}
		} else if len(after.First[i]) != spec.Size() || len(after.Second[i]) != spec.Size() {
			t.Errorf("%s is trained and has %d and %d moments", spec.Name, len(after.First[i]), len(after.Second[i]))
		}
		limit := 1e-6
		if s.how.Rules[i].Frozen {
			limit = 0
		}
		graphtest.Near(t, spec.Name, after.Weights[i], graphtest.Doubles(weights), limit)
		graphtest.Near(t, "average of "+spec.Name, after.Average[i], graphtest.Doubles(average), limit)
	}
}

// The average follows by its definition in double precision, and a step that is skipped leaves it alone.
func TestAverageOfWeights(t *testing.T) {
	const decay = 0.9
	c, backend := minuteClassifier(), graphtest.Open(t)
	s := tunerOf(t, backend, c, Update{AdamW: adamW, Rules: optim.Rules(c.Specs()), EMADecay: decay})
	first := stateOf(t, s)
	var want [][]float64
	for i, w := range first.Weights {
		if !slices.Equal(first.Average[i], w) {
			t.Fatal("the average does not start as the weights")
		}
		var wide []float64
		for _, v := range w {
			wide = append(wide, float64(v))
		}
		want = append(want, wide)
	}
	for at := range uint64(6) {
		if at == 3 {
			before := stateOf(t, s)
			spoilt := labelled(t, c, at)
			spoilt.Targets = Tensors([]vit.Spec{{Shape: []int{3, 3}}}, [][]float32{slices.Repeat([]float32{float32(math.Inf(1))}, 9)})[0]
			if result := step(t, s, spoilt); !result.Skipped || !equal(stateOf(t, s), before) {
				t.Fatalf("%+v: the step was not skipped, or changed something", result)
			}
		}
		step(t, s, labelled(t, c, at))
		for i, w := range stateOf(t, s).Weights {
			for j, v := range w {
				want[i][j] = decay*want[i][j] + (1-decay)*float64(v)
			}
		}
	}
	for i, got := range stateOf(t, s).Average {
		for j, v := range got {
			if math.Abs(float64(v)-want[i][j]) > 1e-6*math.Max(1e-2, math.Abs(want[i][j])) {
				t.Fatalf("%s: average %d is %v, want %v", c.Specs()[i].Name, j, v, want[i][j])
			}
		}
	}
}

// A run with an average, frozen layers and any optimiser goes on from its saved state as if it had not stopped.
func TestEveryStateCarriesARunOn(t *testing.T) {
	c, backend := minuteClassifier(), graphtest.Open(t)
	c.Encoder.DropPath, c.HeadDropout = 0.2, 0.5
	rules := optim.LayerRules(c.Specs(), c.Encoder.Depth, 0.75, 2)
	for name, how := range map[string]Update{
		"AdamW": {AdamW: adamW, Rules: rules, EMADecay: 0.9},
		"SGD":   {SGD: &optim.SGD{Momentum: 0.9, WeightDecay: 0.01}, Rules: rules},
	} {
		straight, stopped := tunerOf(t, backend, c, how), tunerOf(t, backend, c, how)
		step(t, straight, labelled(t, c, 0))
		step(t, stopped, labelled(t, c, 0))
		saved := stateOf(t, stopped)
		resumed := tunerOf(t, backend, c, how)
		if err := resumed.SetState(saved); err != nil {
			t.Fatal(err)
		}
		batches := []Batch{labelled(t, c, 1), labelled(t, c, 2)}
		if got, want := step(t, resumed, batches...), step(t, straight, batches...); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if !equal(stateOf(t, resumed), stateOf(t, straight)) {
			t.Errorf("%s: the states differ", name)
		}
	}
}

// The backward pass ends at the frozen layers: the graph of a step on the head alone is far smaller.
func TestFrozenLayersHaveNoBackwardPass(t *testing.T) {
	c, backend := minuteClassifier(), graphtest.Open(t)
	nodes := func(frozen int) int {
		var graph *Graph
		objective := FineTuning(c, vit.Compute{DType: dtypes.Float32})
		watched := func(weights, batch []*Node) *Node {
			graph = weights[0].Graph()
			return objective(weights, batch)
		}
		how := Update{AdamW: adamW, Rules: optim.LayerRules(c.Specs(), c.Encoder.Depth, 1, frozen)}
		s, err := NewStepper(backend, c.Specs(), watched, how, how.NewState(InitialWeights(c.Specs(), 1)))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Compile(labelled(t, c, 0)); err != nil {
			t.Fatal(err)
		}
		return len(graph.Nodes())
	}
	if all, head := nodes(0), nodes(c.Encoder.Depth+1); 3*head > all {
		t.Errorf("%d nodes with a frozen encoder, %d without", head, all)
	}
}

func TestUpdatesThatCannotBe(t *testing.T) {
	c, backend := minuteClassifier(), graphtest.Open(t)
	specs := c.Specs()
	for want, how := range map[string]Update{
		"3 rules given":          {AdamW: adamW, Rules: optim.Rules(specs[:3])},
		"nothing is left":        {AdamW: adamW, Rules: optim.LayerRules(specs, c.Encoder.Depth, 1, c.Encoder.Depth+2)},
		"decay 1 of the running": {AdamW: adamW, Rules: optim.Rules(specs), EMADecay: 1},
	} {
		weights := InitialWeights(specs, 1)
		if _, err := NewStepper(backend, specs, FineTuning(c, vit.Compute{DType: dtypes.Float32}), how, NewState(weights)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	s := tunerOf(t, backend, c, Update{AdamW: adamW, Rules: optim.Rules(specs)})
	frozen := Update{AdamW: adamW, Rules: optim.LayerRules(specs, c.Encoder.Depth, 1, 1)}.NewState(InitialWeights(specs, 1))
	if err := s.SetState(frozen); err == nil || !strings.Contains(err.Error(), "first moment of patch_embed.proj.weight has 0 values") {
		t.Errorf("a state without the moments of a trained tensor: %v", err)
	}
}
