package vit

import (
	"math"
	"strings"
	"testing"
)

// The values are those of spec 1.3, for columns 0, 1, 2, 3, d/2, d-2, d-1.
func TestPositions(t *testing.T) {
	const n = 1568
	for _, c := range []struct {
		d, p int
		want [7]float64
	}{
		{768, 1, [7]float64{.841471, .5403023, .8284308, .5600915, .0099998, .0001024, 1}},
		{768, 196, [7]float64{.9395301, .3424665, .2785965, -.9604082, .9252115, .0200744, .9997985}},
		{768, 1567, [7]float64{.6089484, -.7932099, .0932316, -.9956444, .0379541, .1598157, .9871469}},
		{384, 1, [7]float64{.841471, .5403023, .8152506, .5791083, .0099998, .0001049, 1}},
		{384, 196, [7]float64{.9395301, .3424665, -.994489, -.1048408, .9252115, .0205617, .9997886}},
		{384, 1567, [7]float64{.6089484, -.7932099, -.9753189, -.2208011, .0379541, .1636606, .9865167}},
	} {
		table := Positions(n, c.d)
		if len(table) != n*c.d {
			t.Fatalf("%d values, want %d", len(table), n*c.d)
		}
		for i, j := range []int{0, 1, 2, 3, c.d / 2, c.d - 2, c.d - 1} {
			if got := float64(table[c.p*c.d+j]); math.Abs(got-c.want[i]) > 1.1e-7 {
				t.Errorf("d %d, position %d, column %d: %.7f, want %.7f", c.d, c.p, j, got, c.want[i])
			}
		}
	}
}

func TestPositionsAreAllDifferentAndStartWithZeroAndOne(t *testing.T) {
	const n, d = 64, 24
	table := Positions(n, d)
	for j, v := range table[:d] {
		if v != float32(j%2) {
			t.Errorf("position 0, column %d: %v", j, v)
		}
	}
	for p := range n {
		for q := range p {
			same := true
			for j := range d {
				same = same && table[p*d+j] == table[q*d+j]
			}
			if same {
				t.Errorf("positions %d and %d are alike", q, p)
			}
		}
	}
}

func TestDropPathRates(t *testing.T) {
	for _, c := range []struct {
		depth int
		rate  float64
		want  []float64
	}{
		{5, 0.2, []float64{0, 0.05, 0.1, 0.15, 0.2}},
		{3, 0, []float64{0, 0, 0}},
		{2, 0.1, []float64{0, 0.1}},
		{1, 0.1, []float64{0}}, // as PyTorch's linspace with one point
	} {
		got := Config{Depth: c.depth, DropPath: c.rate}.DropPathRates()
		if len(got) != len(c.want) {
			t.Fatalf("depth %d: %v, want %v", c.depth, got, c.want)
		}
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-15 {
				t.Errorf("depth %d: %v, want %v", c.depth, got, c.want)
			}
		}
	}
}

func TestConfigCounts(t *testing.T) {
	base := Config{Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16}
	if base.Tokens() != 1568 || base.CubeSize() != 1536 {
		t.Errorf("%d tokens of %d values, want 1568 of 1536", base.Tokens(), base.CubeSize())
	}
	if g := tiny.Grid(); g.Slots != 2 || g.Rows != 2 || g.Cols != 3 {
		t.Errorf("grid %v of a 4x4x6 clip, want 2x2x3", g)
	}
}

func TestValidateNamesTheSetting(t *testing.T) {
	if err := tiny.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spoil func(*Config)
		want  string
	}{
		{func(c *Config) { c.Frames = 0 }, "frames is 0"},
		{func(c *Config) { c.Height = -4 }, "height is -4"},
		{func(c *Config) { c.Width = 0 }, "width is 0"},
		{func(c *Config) { c.Channels = 0 }, "channels is 0"},
		{func(c *Config) { c.Tubelet = 0 }, "tubelet is 0"},
		{func(c *Config) { c.Patch = 0 }, "patch is 0"},
		{func(c *Config) { c.Dim = 0 }, "dim is 0"},
		{func(c *Config) { c.Depth = 0 }, "depth is 0"},
		{func(c *Config) { c.Heads = 0 }, "heads is 0"},
		{func(c *Config) { c.MLP = 0 }, "mlp is 0"},
		{func(c *Config) { c.Frames = 5 }, "5 frames cannot be cut into tubelets of 2"},
		{func(c *Config) { c.Height = 5 }, "5x6 pixels cannot be cut into patches of 2"},
		{func(c *Config) { c.Width = 5 }, "4x5 pixels cannot be cut into patches of 2"},
		{func(c *Config) { c.Heads = 7 }, "width 24 cannot be shared by 7 heads"},
		{func(c *Config) { c.DropPath = -0.1 }, "drop path rate -0.1"},
		{func(c *Config) { c.DropPath = 1 }, "drop path rate 1"},
		{func(c *Config) { c.DropPath = math.NaN() }, "drop path rate NaN"},
	} {
		config := tiny
		c.spoil(&config)
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
}
