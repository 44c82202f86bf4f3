// Package vit holds the Vision Transformer of VideoMAE as a GoMLX graph: cube embedding, position table, blocks.
//
// It builds nodes and owns no state: weights come in as Params, named and shaped as in the official checkpoints.
// Shapes are written with B batch, T frames, H W pixels, C channels, N tokens, D width, P values in a cube.
package vit

import (
	"fmt"

	"videomae/masking"
)

// Config is the shape of one transformer over cubes of video. Source: spec 1.1 and 1.2.
type Config struct {
	Frames, Height, Width, Channels int // of the clip: T, H, W, C
	Tubelet, Patch                  int // a cube is Tubelet frames of Patch x Patch pixels
	Dim, Depth, Heads, MLP          int // width D, number of blocks, attention heads, hidden width of the MLP
	DropPath                        float64
}

// Grid is the number of cubes along time, height and width.
func (c Config) Grid() masking.Grid {
	return masking.Grid{Slots: c.Frames / c.Tubelet, Rows: c.Height / c.Patch, Cols: c.Width / c.Patch}
}

// Tokens is N, the number of cubes of a clip.
func (c Config) Tokens() int { return c.Grid().Tokens() }

// CubeSize is P, the number of values in a cube (1536 for 2x16x16 RGB).
func (c Config) CubeSize() int { return c.Tubelet * c.Patch * c.Patch * c.Channels }

// Validate reports the first setting that no model can be built from.
func (c Config) Validate() error {
	for _, v := range []struct {
		name  string
		value int
	}{
		{"frames", c.Frames}, {"height", c.Height}, {"width", c.Width}, {"channels", c.Channels}, {"tubelet", c.Tubelet},
		{"patch", c.Patch}, {"dim", c.Dim}, {"depth", c.Depth}, {"heads", c.Heads}, {"mlp", c.MLP},
	} {
		if v.value < 1 {
			return fmt.Errorf("model: %s is %d, want at least 1", v.name, v.value)
		}
	}
	switch {
	case c.Frames%c.Tubelet != 0:
		return fmt.Errorf("model: %d frames cannot be cut into tubelets of %d", c.Frames, c.Tubelet)
	case c.Height%c.Patch != 0 || c.Width%c.Patch != 0:
		return fmt.Errorf("model: %dx%d pixels cannot be cut into patches of %d", c.Height, c.Width, c.Patch)
	case c.Dim%c.Heads != 0:
		return fmt.Errorf("model: width %d cannot be shared by %d heads", c.Dim, c.Heads)
	case !(c.DropPath >= 0 && c.DropPath < 1):
		return fmt.Errorf("model: drop path rate %v must lie in [0, 1)", c.DropPath)
	}
	return nil
}

// DropPathRates is the probability of dropping each block's branches, growing linearly from 0 to c.DropPath over the
// depth. Source: spec 1.4.
func (c Config) DropPathRates() []float64 {
	rates := make([]float64, c.Depth)
	for i := range rates {
		if c.Depth > 1 {
			rates[i] = c.DropPath * float64(i) / float64(c.Depth-1)
		}
	}
	return rates
}
