package mae

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"videomae/vit"
)

// paperModel is a model of the paper, of 16 frames of 224x224 pixels. Source: spec 1.1.
func paperModel(dim, depth, heads, decoderDim, decoderDepth, decoderHeads int) Config {
	encoder := vit.Config{Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16, Dim: dim, Depth: depth, Heads: heads, MLP: 4 * dim}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = decoderDim, decoderDepth, decoderHeads, 4*decoderDim
	return Config{Encoder: encoder, Decoder: decoder, Target: Normalised, Loss: MSE}
}

// officialGMAC is the forward pass with the embedding of every cube, masked ones too, as the official code computes it.
func officialGMAC(c Config, visible int) float64 {
	e := c.Encoder
	return float64(c.ForwardMACs(visible)+int64(e.Tokens()-visible)*int64(e.CubeSize()*e.Dim)) / 1e9
}

// The totals, and the multiply-accumulates with 160 of 1568 cubes visible, are those of spec 1.1.
func TestSizesOfThePaper(t *testing.T) {
	for _, c := range []struct {
		name       string
		config     Config
		parameters int
		gmac       float64
	}{
		{"small", paperModel(384, 12, 6, 192, 4, 3), 24029376, 11.5},
		{"base", paperModel(768, 12, 12, 384, 4, 6), 94210944, 35.4},
		{"large", paperModel(1024, 24, 16, 512, 12, 8), 342996992, 142.6},
		{"large with decoder depth 4", paperModel(1024, 24, 16, 512, 4, 8), 317782016, 0},
		{"huge", paperModel(1280, 32, 16, 640, 12, 8), 692487296, 237.6},
		{"huge with decoder depth 4", paperModel(1280, 32, 16, 640, 4, 8), 653104256, 0},
	} {
		if err := c.config.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := c.config.Parameters(); got != c.parameters {
			t.Errorf("%s: %d parameters, want %d", c.name, got, c.parameters)
		}
		if got := officialGMAC(c.config, 160); c.gmac != 0 && math.Abs(got-c.gmac) > 0.05 {
			t.Errorf("%s: %.2f GMAC, want %.1f", c.name, got, c.gmac)
		}
	}
	if got := officialGMAC(paperModel(768, 12, 12, 384, 4, 6), 392); math.Abs(got-57.4) > 0.05 {
		t.Errorf("base with 392 cubes visible: %.2f GMAC, want 57.4", got)
	}
}

// The names, shapes and order are those of spec 2.1.
func TestSpecsOfBase(t *testing.T) {
	var want []string
	add := func(name string, shape ...int) { want = append(want, fmt.Sprint(name, shape)) }
	blocks := func(prefix string, depth, d int) {
		for i := range depth {
			b := fmt.Sprintf("%s.blocks.%d.", prefix, i)
			add(b+"norm1.weight", d)
			add(b+"norm1.bias", d)
			add(b+"attn.q_bias", d)
			add(b+"attn.v_bias", d)
			add(b+"attn.qkv.weight", 3*d, d)
			add(b+"attn.proj.weight", d, d)
			add(b+"attn.proj.bias", d)
			add(b+"norm2.weight", d)
			add(b+"norm2.bias", d)
			add(b+"mlp.fc1.weight", 4*d, d)
			add(b+"mlp.fc1.bias", 4*d)
			add(b+"mlp.fc2.weight", d, 4*d)
			add(b+"mlp.fc2.bias", d)
		}
		add(prefix+".norm.weight", d)
		add(prefix+".norm.bias", d)
	}
	add("mask_token", 1, 1, 384)
	add("encoder.patch_embed.proj.weight", 768, 3, 2, 16, 16)
	add("encoder.patch_embed.proj.bias", 768)
	blocks("encoder", 12, 768)
	blocks("decoder", 4, 384)
	add("decoder.head.weight", 1536, 384)
	add("decoder.head.bias", 1536)
	add("encoder_to_decoder.weight", 384, 768)

	var got []string
	for _, s := range paperModel(768, 12, 12, 384, 4, 6).Specs() {
		got = append(got, fmt.Sprint(s.Name, s.Shape))
	}
	if len(want) != 218 || !slices.Equal(got, want) {
		t.Errorf("%d tensors, want %d (218):\n%s\nwant\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestValidateNamesTheSetting(t *testing.T) {
	if err := minute().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spoil func(*Config)
		want  string
	}{
		{func(c *Config) { c.Encoder.Depth = 0 }, "depth is 0"},
		{func(c *Config) { c.Decoder.Heads = 5 }, "decoder: model: width 12 cannot be shared by 5 heads"},
		{func(c *Config) { c.Decoder.Frames = 8 }, "cut the clip differently"},
		{func(c *Config) { c.Decoder.Channels = 1 }, "cut the clip differently"},
		{func(c *Config) { c.Target = "edges" }, `unknown target "edges" (have normalised, raw)`},
		{func(c *Config) { c.Target = "" }, `unknown target ""`},
		{func(c *Config) { c.Loss = "l3" }, `unknown loss "l3" (have mse, l1, smooth-l1)`},
	} {
		config := minute()
		c.spoil(&config)
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
}
