package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"videomae/classify"
	"videomae/engine"
	"videomae/optim"
	"videomae/vit"
)

func minuteClassifier() classify.Config {
	return classify.Config{Encoder: minute().Encoder, Classes: 3, Pooling: classify.Mean, InitScale: 0.001}
}

func TestFineTuningFitsABatch(t *testing.T) {
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	c, how := minuteClassifier(), vit.Compute{DType: dtypes.Float32}
	optimiser := optim.AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.05}
	tuner, err := NewStepper(backend, c.Specs(), FineTuning(c, how), Update{AdamW: optimiser, Rules: optim.Rules(c.Specs())}, NewState(InitialWeights(c.Specs(), 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer tuner.Close()
	pixels := noise(3, 0)
	batch, err := NewLabelled(c, pixels, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tuner.Compile(batch); err != nil {
		t.Fatal(err)
	}
	var first, last StepResult
	for i := range 40 {
		if last, err = tuner.Step([]Batch{batch}, 3e-3); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = last
		}
	}
	relative(t, "first loss", first.Loss, math.Log(3), 1e-3) // the head starts near zero
	if !(last.Loss < 0.1) || last.Skipped {
		t.Errorf("first step %+v, last step %+v", first, last)
	}
	state, err := tuner.State()
	if err != nil {
		t.Fatal(err)
	}
	classifier, err := NewClassifier(backend, c, how, state.Weights)
	if err != nil {
		t.Fatal(err)
	}
	defer classifier.Close()
	logits, err := classifier.Logits(batch.Clips)
	if err != nil {
		t.Fatal(err)
	}
	for clip := range 3 {
		if row := logits[3*clip:][:3]; slices.Index(row, slices.Max(row)) != clip {
			t.Errorf("clip %d has logits %v after learning that its class is %d", clip, row, clip)
		}
	}
}

func TestClipsAndTargetsThatDoNotFit(t *testing.T) {
	c := minuteClassifier()
	for want, given := range map[string]struct {
		bytes   []uint8
		targets []float32
	}{
		"no whole number": {noise(1, 0)[1:], []float32{1, 0, 0}},
		"0 values":        {nil, nil},
		"5 target values": {noise(2, 0), make([]float32, 5)},
	} {
		if _, err := NewLabelled(c, given.bytes, given.targets, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// A graph compiled ahead is the one that a step uses.
func TestCompiledAheadOrNotStepsAreTheSame(t *testing.T) {
	plain, ahead := minuteStepper(t), minuteStepper(t)
	if err := ahead.Compile(batchAt(t, 0)); err != nil {
		t.Fatal(err)
	}
	ahead.update.SetMaxCache(1)
	if got, want := step(t, ahead, batchAt(t, 0)), step(t, plain, batchAt(t, 0)); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
