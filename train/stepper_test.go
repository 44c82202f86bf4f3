package train

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/mae"
	"videomae/masking"
	"videomae/optim"
	"videomae/seed"
	"videomae/vit"
)

// minute is the smallest model of 4 frames of 32x32 pixels: 2x2x2 cubes of the paper's size.
func minute() mae.Config {
	encoder := vit.Config{Frames: 4, Height: 32, Width: 32, Channels: 3, Tubelet: 2, Patch: 16, Dim: 24, Depth: 2, Heads: 3, MLP: 48}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = 12, 1, 2, 24
	return mae.Config{Encoder: encoder, Decoder: decoder, Target: mae.Normalised, Loss: mae.MSE}
}

// minuteStepper holds minute with the first weights of seed 1.
func minuteStepper(t *testing.T) *Stepper {
	t.Helper()
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	s := stepperOn(t, backend, minute())
	t.Cleanup(s.Close)
	return s
}

// stepperOn holds a model with the first weights of seed 1.
func stepperOn(t *testing.T, backend compute.Backend, model mae.Config) *Stepper {
	t.Helper()
	optimiser := optim.AdamW{Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.05, ClipNorm: 1}
	objective := Pretraining(model, vit.Compute{DType: dtypes.Float32})
	s, err := NewStepper(backend, model.Specs(), objective, Update{AdamW: optimiser, Rules: optim.Rules(model.Specs())}, NewState(InitialWeights(model.Specs(), 1)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// noise draws the pixels of b clips of minute's shape.
func noise(b int, at uint64) []uint8 { return noiseFor(minute().Encoder, b, at) }

func noiseFor(c vit.Config, b int, at uint64) []uint8 {
	rng := seed.Rand(1, "pixels", at)
	pixels := make([]uint8, b*c.Frames*c.Height*c.Width*c.Channels)
	for i := range pixels {
		pixels[i] = uint8(rng.UintN(256))
	}
	return pixels
}

// tubes draws b masks of minute's cubes.
func tubes(t *testing.T, b int, at uint64) []masking.Mask {
	t.Helper()
	return tubesFor(t, minute().Encoder, b, at)
}

func tubesFor(t *testing.T, c vit.Config, b int, at uint64) []masking.Mask {
	t.Helper()
	var masks []masking.Mask
	for i := range b {
		m, err := masking.Draw(masking.Tube, c.Grid(), 0.5, seed.Rand(1, "mask", at, uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		masks = append(masks, m)
	}
	return masks
}

// batchOf joins drawn clips and masks.
func batchOf(t *testing.T, pixels []uint8, masks []masking.Mask) Batch {
	t.Helper()
	batch, err := NewBatch(minute().Encoder, pixels, masks, nil)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// batchAt draws a batch of two clips.
func batchAt(t *testing.T, at uint64) Batch {
	t.Helper()
	return batchOf(t, noise(2, at), tubes(t, 2, at))
}

// step fails the test where no step can be made.
func step(t *testing.T, s *Stepper, batches ...Batch) StepResult {
	t.Helper()
	result, err := s.Step(batches, 1e-2)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func stateOf(t *testing.T, s *Stepper) State {
	t.Helper()
	state, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// equal tells whether two states are the same bit for bit.
func equal(a, b State) bool {
	same := func(a, b [][]float32) bool {
		return slices.EqualFunc(a, b, func(x, y []float32) bool {
			return slices.EqualFunc(x, y, func(v, w float32) bool { return math.Float32bits(v) == math.Float32bits(w) })
		})
	}
	return same(a.Weights, b.Weights) && same(a.First, b.First) && same(a.Second, b.Second) && same(a.Average, b.Average) && a.Updates == b.Updates
}

// relative checks a number within a share of its reference.
func relative(t *testing.T, what string, got, want, limit float64) {
	t.Helper()
	if !(math.Abs(got-want) <= limit*math.Abs(want)) {
		t.Errorf("%s: %.9g, want %.9g", what, got, want)
	}
}

func TestStepsLowerTheLossOfOneBatch(t *testing.T) {
	s := minuteStepper(t)
	c := minute().Encoder
	pixels := noise(2, 0)
	for i := range pixels {
		pixels[i] = uint8(i / c.Channels % c.Width * 8) // a ramp, which can be learnt
	}
	batch := batchOf(t, pixels, tubes(t, 2, 0))
	first := step(t, s, batch)
	last := first
	for range 30 {
		last = step(t, s, batch)
	}
	if !(last.Loss < first.Loss/2) || first.Skipped || last.Skipped {
		t.Errorf("first step %+v, last step %+v", first, last)
	}
	if state := stateOf(t, s); state.Updates != 31 {
		t.Errorf("%d updates counted, want 31", state.Updates)
	}
}

func TestStepsRepeatBitForBit(t *testing.T) {
	a, b := minuteStepper(t), minuteStepper(t)
	for i := range uint64(4) {
		batches := []Batch{batchAt(t, i)}
		again := []Batch{batchAt(t, i)}
		if i%2 == 1 { // every other step in parts
			batches, again = append(batches, batchAt(t, 10+i)), append(again, batchAt(t, 10+i))
		}
		if x, y := step(t, a, batches...), step(t, b, again...); x != y {
			t.Fatalf("step %d: %+v and %+v", i, x, y)
		}
	}
	if !equal(stateOf(t, a), stateOf(t, b)) {
		t.Error("equal steps led to different weights")
	}
}

// Two micro-batches of one clip are one batch of two.
func TestGatheredGradientsAreThoseOfOneBatch(t *testing.T) {
	whole, parts := minuteStepper(t), minuteStepper(t)
	size := len(noise(1, 0))
	for i := range uint64(3) {
		pixels, masks := noise(2, i), tubes(t, 2, i)
		want := step(t, whole, batchOf(t, pixels, masks))
		got := step(t, parts, batchOf(t, pixels[:size], masks[:1]), batchOf(t, pixels[size:], masks[1:]))
		relative(t, fmt.Sprintf("loss at step %d", i), got.Loss, want.Loss, 1e-5)
		relative(t, fmt.Sprintf("norm at step %d", i), got.GradNorm, want.GradNorm, 1e-4)
	}
	got, want := stateOf(t, parts), stateOf(t, whole)
	for i, spec := range minute().Specs() {
		difference, size := 0.0, 0.0
		for j, w := range want.Weights[i] {
			difference += math.Pow(float64(got.Weights[i][j]-w), 2)
			size += math.Pow(float64(w), 2)
		}
		if !(math.Sqrt(difference/size) < 1e-3) {
			t.Errorf("%s: relative error %.2g", spec.Name, math.Sqrt(difference/size))
		}
	}
}

// A run that goes on from a saved state, in another stepper, is the run that was not interrupted; looking does not disturb.
func TestStateCarriesARunOn(t *testing.T) {
	straight, looked := minuteStepper(t), minuteStepper(t)
	for i := range uint64(3) {
		step(t, straight, batchAt(t, i))
		step(t, looked, batchAt(t, i))
		stateOf(t, looked)
	}
	saved := stateOf(t, looked)
	resumed := minuteStepper(t)
	step(t, resumed, batchAt(t, 99)) // what it did before must not matter
	if err := resumed.SetState(saved); err != nil {
		t.Fatal(err)
	}
	if !equal(stateOf(t, resumed), saved) {
		t.Fatal("the state did not survive")
	}
	for i := range uint64(3) {
		want := step(t, straight, batchAt(t, 3+i))
		for name, s := range map[string]*Stepper{"resumed": resumed, "looked at": looked} {
			if got := step(t, s, batchAt(t, 3+i)); got != want {
				t.Errorf("step %d %s: %+v, want %+v", 3+i, name, got, want)
			}
		}
	}
	want := stateOf(t, straight)
	if !equal(stateOf(t, resumed), want) || !equal(stateOf(t, looked), want) {
		t.Error("the runs' weights differ")
	}
}

func TestGivenWeightsStayTheCallers(t *testing.T) {
	s := minuteStepper(t)
	state := stateOf(t, s)
	if err := s.SetState(state); err != nil {
		t.Fatal(err)
	}
	step(t, s, batchAt(t, 0))
	if first := stateOf(t, minuteStepper(t)); !equal(state, first) {
		t.Error("a step changed the values that SetState was given")
	}
}

// broken is a batch with one value that is not a number.
func broken(t *testing.T) Batch {
	t.Helper()
	batch := batchAt(t, 0)
	c := minute().Encoder
	values := make([]float32, len(noise(2, 0)))
	values[7] = float32(math.NaN())
	batch.Clips = tensors.FromFlatDataAndDimensions(values, 2, c.Frames, c.Height, c.Width, c.Channels)
	return batch
}

func TestValuesThatAreNotFiniteSkipTheStep(t *testing.T) {
	s := minuteStepper(t)
	step(t, s, batchAt(t, 0))
	before := stateOf(t, s)
	// The value lies in cube 0 of the first clip: it spoils the features where that is visible, and the target where it is masked.
	if result := step(t, s, broken(t)); !result.Skipped {
		t.Errorf("one batch: %+v", result)
	}
	if result := step(t, s, batchAt(t, 1), broken(t)); !result.Skipped {
		t.Errorf("one of two micro-batches: %+v", result)
	}
	if !equal(stateOf(t, s), before) {
		t.Fatal("a skipped step changed the state")
	}
	if result := step(t, s, batchAt(t, 1), batchAt(t, 2)); result.Skipped || math.IsNaN(result.Loss) {
		t.Errorf("sound step after skipped ones: %+v", result)
	}
}

// Pixels are normalised in the graph as they would be on the host, by ImageNet's numbers.
func TestBytesAreNormalisedLikeFloats(t *testing.T) {
	c := minute().Encoder
	mean, std := []float64{0.485, 0.456, 0.406}, []float64{0.229, 0.224, 0.225}
	bytes, floats := batchAt(t, 0), batchAt(t, 0)
	var values []float32
	for i, v := range noise(2, 0) {
		values = append(values, float32((float64(v)/255-mean[i%3])/std[i%3]))
	}
	floats.Clips = tensors.FromFlatDataAndDimensions(values, 2, c.Frames, c.Height, c.Width, c.Channels)
	got, want := step(t, minuteStepper(t), bytes), step(t, minuteStepper(t), floats)
	relative(t, "loss", got.Loss, want.Loss, 1e-5)
	relative(t, "gradient norm", got.GradNorm, want.GradNorm, 1e-4)
}

// A batch that does not fit the model is an error, after which the stepper goes on from a given state.
func TestBatchesThatDoNotFit(t *testing.T) {
	s := minuteStepper(t)
	step(t, s, batchAt(t, 0))
	before := stateOf(t, s)
	want := step(t, s, batchAt(t, 1), batchAt(t, 2))
	wrong := func() Batch {
		batch := batchAt(t, 0)
		batch.Clips = tensors.FromFlatDataAndDimensions(make([]uint8, 2*2*16*16*3), 2, 2, 16, 16, 3)
		return batch
	}
	for _, c := range []struct {
		name    string
		batches []Batch
	}{{"none", nil}, {"one", []Batch{wrong()}}, {"second of two", []Batch{batchAt(t, 1), wrong()}}} {
		if result, err := s.Step(c.batches, 1e-2); err == nil || !strings.Contains(err.Error(), "training step") {
			t.Errorf("%s: %+v, %v, want an error about the step", c.name, result, err)
		}
		if err := s.SetState(before); err != nil {
			t.Fatal(err)
		}
		if got := step(t, s, batchAt(t, 1), batchAt(t, 2)); got != want {
			t.Errorf("%s: the step after it gave %+v, want %+v", c.name, got, want)
		}
	}
}
