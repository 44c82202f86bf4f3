package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"videomae/classify"
	"videomae/engine"
	"videomae/internal/graphtest"
	"videomae/optim"
	"videomae/seed"
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
		bytes                   []uint8
		targets, keep, headKeep []float32
	}{
		"no whole number":     {bytes: noise(1, 0)[1:], targets: make([]float32, 3)},
		"0 values":            {},
		"5 target values":     {bytes: noise(2, 0), targets: make([]float32, 5)},
		"6 drop-path factors": {bytes: noise(2, 0), targets: make([]float32, 6), keep: make([]float32, 6)},
		"9 dropout factors":   {bytes: noise(2, 0), targets: make([]float32, 6), headKeep: make([]float32, 9)},
	} {
		if _, err := NewLabelled(c, given.bytes, given.targets, given.keep, given.headKeep); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// The objective takes clips of either kind, and the factors find their way: what they multiply by zero has no part in the loss.
func TestLabelledBatches(t *testing.T) {
	c, backend := minuteClassifier(), graphtest.Open(t)
	c.InitScale = 1
	s := tunerOf(t, backend, c, Update{AdamW: adamW, Rules: optim.Rules(c.Specs())})
	start := stateOf(t, s)
	loss := func(batch Batch, err error) float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetState(start); err != nil {
			t.Fatal(err)
		}
		return step(t, s, batch).Loss
	}
	pixels, targets := noise(3, 0), []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}
	values := normalisedValues(pixels)
	plain := loss(NewLabelled(c, pixels, targets, nil, nil))
	relative(t, "loss of normalised values", loss(NewLabelled(c, values, targets, nil, nil)), plain, 1e-5)
	ones := func(n int) []float32 { return slices.Repeat([]float32{1}, n) }
	rows, d := 2*c.Encoder.Depth, c.Encoder.Dim
	relative(t, "loss with factors of 1", loss(NewLabelled(c, pixels, targets, ones(3*rows), ones(3*d))), plain, 1e-6)
	relative(t, "loss without features", loss(NewLabelled(c, pixels, targets, nil, make([]float32, 3*d))), math.Log(3), 1e-6)
	if got := loss(NewLabelled(c, pixels, targets, make([]float32, 3*rows), nil)); math.Abs(got-plain) < 1e-5 {
		t.Errorf("loss without any branch %v, with all of them %v", got, plain)
	}
}

func TestDropFactorsOfClassifiers(t *testing.T) {
	const b = 50
	c := minuteClassifier()
	if keep, headKeep := DropFactors(c, b, seed.Rand(1, "drop")); keep != nil || headKeep != nil {
		t.Error("rates of 0 gave factors")
	}
	c.Encoder.DropPath, c.HeadDropout = 0.5, 0.75
	keep, headKeep := DropFactors(c, b, seed.Rand(1, "drop"))
	if len(keep) != 2*c.Encoder.Depth*b || len(headKeep) != b*c.Encoder.Dim {
		t.Fatalf("%d and %d factors", len(keep), len(headKeep))
	}
	checkFactors(t, keep[:2*b], 0) // the first block's rate
	checkFactors(t, keep[2*b:], 0.5)
	checkFactors(t, headKeep, 0.75)
}

// checkFactors checks that factors drop at a rate, within four deviations, and that the rest makes up for it.
func checkFactors(t *testing.T, list []float32, rate float64) {
	t.Helper()
	dropped, n := 0.0, float64(len(list))
	for _, v := range list {
		if v == 0 {
			dropped++
		} else if v != float32(1/(1-rate)) {
			t.Errorf("rate %v: factor %v", rate, v)
		}
	}
	if math.Abs(dropped/n-rate) > 4*math.Sqrt(rate*(1-rate)/n) {
		t.Errorf("rate %v: %v of %v dropped", rate, dropped, n)
	}
}

// Clips as bytes and as normalised values, in batches of any size, have the same logits.
func TestLogitsOfValues(t *testing.T) {
	c := minuteClassifier()
	c.InitScale = 1
	classifier, err := NewClassifier(graphtest.Open(t), c, vit.Compute{DType: dtypes.Float32}, InitialWeights(c.Specs(), 1))
	if err != nil {
		t.Fatal(err)
	}
	defer classifier.Close()
	pixels := noise(3, 0)
	values := normalisedValues(pixels)
	want := logitsOf(t, classifier, c, pixels)
	graphtest.Near(t, "logits of values", logitsOf(t, classifier, c, values), graphtest.Doubles(want), 1e-5)
	graphtest.Near(t, "logits of one clip", logitsOf(t, classifier, c, values[:len(values)/3]), graphtest.Doubles(want[:3]), 1e-5)
}

// normalisedValues are pixels as graphs normalise them.
func normalisedValues(pixels []uint8) []float32 {
	mean, std := []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	values := make([]float32, len(pixels))
	for i, v := range pixels {
		values[i] = (float32(v)/255 - mean[i%3]) / std[i%3]
	}
	return values
}

func logitsOf[V Value](t *testing.T, classifier *Classifier, c classify.Config, values []V) []float32 {
	t.Helper()
	clips, err := NewClips(c.Encoder, values)
	if err != nil {
		t.Fatal(err)
	}
	logits, err := classifier.Logits(clips)
	if err != nil {
		t.Fatal(err)
	}
	return logits
}

// A classifier's fixed weights are rounded once; rounding them in the graph gives the same bits.
func TestFixedWeightsGiveTheSameLogits(t *testing.T) {
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	c, how := minuteClassifier(), vit.Compute{DType: dtypes.BFloat16}
	c.InitScale = 1
	weights := InitialWeights(c.Specs(), 5)
	classifier, err := NewClassifier(backend, c, how, weights)
	if err != nil {
		t.Fatal(err)
	}
	defer classifier.Close()
	clips, err := NewClips(c.Encoder, noise(2, 7))
	if err != nil {
		t.Fatal(err)
	}
	got, err := classifier.Logits(clips)
	if err != nil {
		t.Fatal(err)
	}
	rounded := 0
	for i, s := range c.Specs() {
		dtype := classifier.weights[i].DType()
		if dtype == dtypes.BFloat16 {
			rounded++
		}
		if (dtype == dtypes.BFloat16) != s.Linear() {
			t.Errorf("%s is %v", s.Name, dtype)
		}
	}
	if want := 2 + 4*c.Encoder.Depth; rounded != want { // cube embedding, head, four in each block
		t.Errorf("%d weights are rounded, want %d", rounded, want)
	}
	inputs := append(anyOf(Tensors(c.Specs(), weights)), clips)
	out, err := CallOnce(backend, func(in []*Node) *Node {
		n := len(in) - 1
		return classify.Model{Config: c, Params: vit.NewParams(c.Specs(), in[:n]), Compute: how}.Logits(clipCubes(in[n], c.Encoder), nil, nil)
	}, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range graphtest.Flat(t, out) {
		if math.Float32bits(got[i]) != math.Float32bits(want) {
			t.Errorf("logit %d is %v, rounded in the graph %v", i, got[i], want)
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
