package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"videomae/mae"
	"videomae/vit"
)

// initial lists a model's first weights by name.
func initial(c mae.Config, seed uint64) map[string][]float32 {
	weights := map[string][]float32{}
	for i, values := range InitialWeights(c.Specs(), seed) {
		weights[c.Specs()[i].Name] = values
	}
	return weights
}

// uniformBound is the bound that spec 1.7 gives to a tensor's uniform values, or 0 where they are not uniform.
func uniformBound(c mae.Config, s vit.Spec) float64 {
	d := float64(c.Encoder.Dim)
	if strings.HasPrefix(s.Name, "decoder.") {
		d = float64(c.Decoder.Dim)
	}
	switch {
	case strings.Contains(s.Name, "patch_embed"):
		return 1 / math.Sqrt(1536)
	case s.Name == "encoder_to_decoder.weight":
		return 1 / math.Sqrt(d)
	case strings.HasSuffix(s.Name, "qkv.weight"):
		return math.Sqrt(6 / (4 * d))
	case strings.HasSuffix(s.Name, "attn.proj.weight"):
		return math.Sqrt(6 / (2 * d))
	case strings.HasSuffix(s.Name, "head.weight"):
		return math.Sqrt(6 / (1536 + d))
	case strings.Contains(s.Name, "mlp.fc") && len(s.Shape) == 2:
		return math.Sqrt(6 / float64(s.Shape[0]+s.Shape[1]))
	}
	return 0
}

func TestInitialWeightsFollowTheRules(t *testing.T) {
	c := minute()
	for i, values := range InitialWeights(c.Specs(), 1) {
		s := c.Specs()[i]
		switch bound := uniformBound(c, s); {
		case bound > 0:
			checkUniform(t, s.Name, values, bound)
		case s.Name == "mask_token":
			checkCutNormal(t, c)
		case strings.Contains(s.Name, "norm") && strings.HasSuffix(s.Name, ".weight"):
			checkConstant(t, s.Name, values, 1)
		default:
			checkConstant(t, s.Name, values, 0)
		}
	}
}

func checkConstant(t *testing.T, name string, values []float32, want float32) {
	t.Helper()
	if slices.ContainsFunc(values, func(v float32) bool { return v != want }) {
		t.Errorf("%s starts with %v..., want %v", name, values[0], want)
	}
}

// checkUniform checks bounds, mean and variance of values that should be uniform in +-bound, to five deviations.
func checkUniform(t *testing.T, name string, values []float32, bound float64) {
	t.Helper()
	n, largest, mean, variance := float64(len(values)), 0.0, 0.0, 0.0
	for _, v := range values {
		largest = math.Max(largest, math.Abs(float64(v)))
		mean += float64(v) / n
		variance += float64(v) * float64(v) / n
	}
	if largest > bound*(1+1e-6) || largest < bound*(1-20/n) {
		t.Errorf("%s: largest magnitude %g of %v values, bound %g", name, largest, n, bound)
	}
	if math.Abs(mean) > 5*bound/math.Sqrt(3*n) {
		t.Errorf("%s: mean %g", name, mean)
	}
	if want := bound * bound / 3; math.Abs(variance-want) > 5*want*math.Sqrt(0.8/n) {
		t.Errorf("%s: variance %g, want %g", name, variance, want)
	}
}

// checkCutNormal checks the mask tokens of many seeds: a normal deviation of 0.02, cut at one deviation, has one of 0.5396 * 0.02.
func checkCutNormal(t *testing.T, c mae.Config) {
	t.Helper()
	c.Encoder.Depth, c.Encoder.Dim, c.Encoder.MLP, c.Decoder.Dim, c.Decoder.MLP = 1, 3, 1, 200, 1 // few other values to draw
	n, largest, mean, variance := 0.0, 0.0, 0.0, 0.0
	for seed := range uint64(20) {
		for _, v := range initial(c, seed)["mask_token"] {
			n++
			largest = math.Max(largest, math.Abs(float64(v)))
			mean += float64(v)
			variance += float64(v) * float64(v)
		}
	}
	if largest > 0.02 || largest < 0.0195 {
		t.Errorf("mask tokens reach %g, want a cut at 0.02", largest)
	}
	if mean /= n; math.Abs(mean) > 5*0.0108/math.Sqrt(n) {
		t.Errorf("mask tokens have a mean of %g", mean)
	}
	if deviation := math.Sqrt(variance / n); math.Abs(deviation/(0.5396*0.02)-1) > 0.05 {
		t.Errorf("mask tokens have a deviation of %g, want %g", deviation, 0.5396*0.02)
	}
}

func TestInitialWeightsDependOnSeedAndNameAlone(t *testing.T) {
	c := minute()
	first, again, other := initial(c, 1), initial(c, 1), initial(c, 2)
	deeper := c
	deeper.Encoder.Depth, deeper.Decoder.Depth = 4, 3
	deep := initial(deeper, 1)
	for name, values := range first {
		if !slices.Equal(values, again[name]) {
			t.Errorf("%s differs between two draws of one seed", name)
		}
		if !slices.Equal(values, deep[name]) {
			t.Errorf("%s depends on the depth of the model", name)
		}
		constant := !slices.ContainsFunc(values, func(v float32) bool { return v != values[0] })
		if !constant && slices.Equal(values, other[name]) {
			t.Errorf("%s is the same for two seeds", name)
		}
	}
	if slices.Equal(first["encoder.blocks.0.attn.qkv.weight"], first["encoder.blocks.1.attn.qkv.weight"]) {
		t.Error("two blocks start alike")
	}
}

func TestStatesThatDoNotFit(t *testing.T) {
	s := minuteStepper(t)
	before := stateOf(t, s)
	for _, c := range []struct {
		name  string
		spoil func(*State)
		want  string
	}{
		{"too few weights", func(s *State) { s.Weights = s.Weights[1:] }, "weight tensors given"},
		{"too few moments", func(s *State) { s.Second = nil }, "0 second moment tensors given"},
		{"short tensor", func(s *State) { s.First[0] = s.First[0][1:] }, "first moment of mask_token has 11 values"},
	} {
		state := stateOf(t, s)
		for i := range state.Weights {
			clear(state.Weights[i])
		}
		c.spoil(&state)
		if err := s.SetState(state); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
		if !equal(stateOf(t, s), before) {
			t.Errorf("%s: the refused state was taken in part", c.name)
		}
	}
}
