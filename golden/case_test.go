package golden

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/mae"
	"videomae/masking"
	"videomae/train"
	"videomae/vit"
)

// config is the model of a case.
func (c *Pretrain) config() mae.Config {
	encoder := vit.Config{Frames: c.Frames, Height: c.Image[0], Width: c.Image[1], Channels: 3, Tubelet: 2, Patch: 16,
		Dim: c.Width, Depth: c.Depth, Heads: c.Heads, MLP: 4 * c.Width}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = c.DecoderWidth, c.DecoderDepth, c.DecoderHeads, 4*c.DecoderWidth
	return mae.Config{Encoder: encoder, Decoder: decoder, Target: mae.Normalised, Loss: mae.MSE}
}

// initial makes the case's weights by the folder's formula.
func (c *Pretrain) initial() [][]float32 {
	var out [][]float32
	for _, s := range c.config().Specs() {
		amplitude, offset := float32(math.Sqrt(3/float64(s.Size()/s.Shape[0]))), float32(0)
		switch {
		case strings.HasSuffix(s.Name, "norm.weight"), strings.HasSuffix(s.Name, "norm1.weight"), strings.HasSuffix(s.Name, "norm2.weight"):
			amplitude, offset = 0.1, 1
		case len(s.Shape) == 1, s.Name == "mask_token":
			amplitude = 0.02
		}
		out = append(out, Array(c.Salt+s.Name, s.Size(), amplitude, offset))
	}
	return out
}

// batch makes the case's input; step is "" for the single pass, or the number of a training step.
func (c *Pretrain) batch(t *testing.T, step string) train.Batch {
	t.Helper()
	config := c.config().Encoder
	grid := config.Grid()
	var visible, masked []int32
	for k := range c.Batch {
		v, m := c.mask(grid, fmt.Sprintf("%s%smask%d", c.Salt, step, k)).Split()
		visible, masked = append(visible, v...), append(masked, m...)
	}
	video := Array(c.Salt+"video"+step, c.Batch*3*c.Frames*c.Image[0]*c.Image[1], 2, 0)
	return train.Batch{
		Clips:   tensors.FromFlatDataAndDimensions(channelsLast(video, c.Batch, 3), c.Batch, c.Frames, c.Image[0], c.Image[1], 3),
		Visible: tensors.FromFlatDataAndDimensions(visible, c.Batch, len(visible)/c.Batch),
		Masked:  tensors.FromFlatDataAndDimensions(masked, c.Batch, len(masked)/c.Batch),
	}
}

// mask hides the places of one slot with the smallest values of the named array, in every slot.
func (c *Pretrain) mask(grid masking.Grid, name string) masking.Mask {
	u := Uniform(name, grid.Places())
	order := make([]int, len(u))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return u[order[a]] < u[order[b]] })
	m := make(masking.Mask, grid.Tokens())
	for _, p := range order[:int(c.MaskRatio*float64(grid.Places()))] {
		for s := range grid.Slots {
			m[s*grid.Places()+p] = true
		}
	}
	return m
}

// channelsLast turns B x C x (T H W) values into B x (T H W) x C.
func channelsLast(v []float32, b, channels int) []float32 {
	out := make([]float32, len(v))
	n := len(v) / b / channels
	for i := range b {
		for c := range channels {
			for j, x := range v[(i*channels+c)*n:][:n] {
				out[(i*n+j)*channels+c] = x
			}
		}
	}
	return out
}
