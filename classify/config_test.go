package classify

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"videomae/masking"
	"videomae/vit"
)

// sized is a classifier of the paper's clip and cube.
func sized(dim, depth, heads, classes int) Config {
	return Config{Classes: classes, Pooling: Mean, InitScale: 0.001, Encoder: vit.Config{Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16,
		Dim: dim, Depth: depth, Heads: heads, MLP: 4 * dim}}
}

// The counts are those of spec 1.1 and 2.2.
func TestParameterCounts(t *testing.T) {
	for _, c := range []struct {
		config  Config
		tensors int
		values  int
	}{
		{sized(384, 12, 6, 174), 162, 21_946_926},
		{sized(768, 12, 12, 400), 162, 86_534_800},
		{sized(1024, 24, 16, 101), 318, 303_964_261},
		{sized(1280, 32, 16, 51), 422, 631_672_371},
	} {
		specs, values := c.config.Specs(), 0
		for _, s := range specs {
			values += s.Size()
		}
		if len(specs) != c.tensors || values != c.values {
			t.Errorf("width %d: %d tensors with %d values, want %d with %d", c.config.Encoder.Dim, len(specs), values, c.tensors, c.values)
		}
	}
}

func TestFirstValuesFollowTheRules(t *testing.T) {
	for _, s := range sized(192, 1, 3, 400).Specs() {
		values := make([]float32, s.Size())
		s.Init(values, rand.New(rand.NewPCG(1, 2)))
		mean, deviation := moments(values)
		wantMean, want := 0.0, 0.0
		switch {
		case strings.HasPrefix(s.Name, "patch_embed"):
			want = 1 / math.Sqrt(3*1536) // uniform in +-1/sqrt(1536)
		case s.Name == "head.weight":
			want = 2e-5
		case len(s.Shape) == 2:
			want = 0.02
		case strings.Contains(s.Name, "norm") && strings.HasSuffix(s.Name, ".weight"):
			wantMean = 1
		}
		// Four standard errors of the mean, five of the deviation.
		n := float64(len(values))
		if math.Abs(mean-wantMean) > 4*want/math.Sqrt(n) || math.Abs(deviation-want) > 5*want/math.Sqrt(2*n) {
			t.Errorf("%s: mean %.3g, deviation %.3g, want %.3g and %.3g", s.Name, mean, deviation, wantMean, want)
		}
	}
}

func moments(values []float32) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += float64(v)
	}
	mean /= n
	for _, v := range values {
		deviation += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(deviation / n)
}

// The head's first values are the linear layers' times the scale, and zero is a scale.
func TestHeadStartsScaled(t *testing.T) {
	head := func(scale float64) []float32 {
		c := sized(192, 1, 3, 40)
		c.InitScale = scale
		specs := c.Specs()
		s := specs[len(specs)-2]
		values := make([]float32, s.Size())
		s.Init(values, rand.New(rand.NewPCG(1, 2)))
		return values
	}
	for _, scale := range []float64{1, 0.1, 0} {
		if _, deviation := moments(head(scale)); math.Abs(deviation-0.02*scale) > 0.1*0.02*scale {
			t.Errorf("scale %v: deviation %v", scale, deviation)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, pooling := range Poolings {
		c := sized(192, 1, 3, 1)
		c.Pooling = pooling
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
	for want, spoil := range map[string]func(*Config){
		"0 classes":                  func(c *Config) { c.Classes = 0 },
		"cannot be shared":           func(c *Config) { c.Encoder.Heads = 5 },
		"unknown pooling \"max\"":    func(c *Config) { c.Pooling = "max" },
		"unknown pooling \"\"":       func(c *Config) { c.Pooling = "" },
		"init scale -1":              func(c *Config) { c.InitScale = -1 },
		"init scale NaN":             func(c *Config) { c.InitScale = math.NaN() },
		"init scale +Inf":            func(c *Config) { c.InitScale = math.Inf(1) },
		"head dropout 1":             func(c *Config) { c.HeadDropout = 1 },
		"head dropout -0.1":          func(c *Config) { c.HeadDropout = -0.1 },
		"positions of a grid of 8x0": func(c *Config) { c.Source = masking.Grid{Slots: 8, Cols: 14} },
	} {
		c := sized(192, 1, 3, 2)
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
