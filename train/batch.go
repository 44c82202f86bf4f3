// Package train runs the optimisation of a VideoMAE model: steps, logs, checkpoints, resuming.
package train

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/mae"
	"videomae/masking"
	"videomae/vit"
)

// Batch is what one forward and backward pass works on: B clips with their masks, on the host.
type Batch struct {
	// Clips is [B, T, H, W, C]: uint8 pixels, which the graph normalises, or Float32 values normalised already.
	Clips *tensors.Tensor
	// Visible [B, Nv] and Masked [B, Nm] are the indices of the cubes, int32, ascending; of pre-training.
	Visible, Masked *tensors.Tensor
	// Targets is a distribution over the classes for each clip, Float32 [B, classes]; of fine-tuning.
	Targets *tensors.Tensor
	// Keep holds drop-path factors (vit.Blocks), Float32 [2*(encoder depth + decoder depth), B]; nil drops nothing.
	Keep *tensors.Tensor
	// HeadKeep holds factors of the features that a classifier's head reads, Float32 [B, D]; nil drops nothing. It comes with Keep.
	HeadKeep *tensors.Tensor
}

// NewBatch joins the bytes of B clips, one after another in the order T, H, W, C, with one mask for each. keep may be nil.
func NewBatch(c vit.Config, bytes []uint8, masks []masking.Mask, keep []float32) (Batch, error) {
	b := len(masks)
	if b == 0 {
		return Batch{}, fmt.Errorf("batch: no clips")
	}
	if want := b * c.Frames * c.Height * c.Width * c.Channels; len(bytes) != want {
		return Batch{}, fmt.Errorf("batch of %d clips of %dx%dx%dx%d: %d bytes, want %d",
			b, c.Frames, c.Height, c.Width, c.Channels, len(bytes), want)
	}
	if len(keep)%b != 0 {
		return Batch{}, fmt.Errorf("batch of %d clips: %d drop-path factors cannot be shared among them", b, len(keep))
	}
	visible, masked, err := indices(masks, c.Tokens())
	if err != nil {
		return Batch{}, err
	}
	batch := Batch{
		Clips:   tensors.FromFlatDataAndDimensions(bytes, b, c.Frames, c.Height, c.Width, c.Channels),
		Visible: visible,
		Masked:  masked,
	}
	if keep != nil {
		batch.Keep = tensors.FromFlatDataAndDimensions(keep, len(keep)/b, b)
	}
	return batch, nil
}

// indices lays the visible and masked indices of all clips out as two matrices.
func indices(masks []masking.Mask, tokens int) (visible, masked *tensors.Tensor, err error) {
	var flatVisible, flatMasked []int32
	for i, m := range masks {
		v, h := m.Split()
		flatVisible, flatMasked = append(flatVisible, v...), append(flatMasked, h...)
		switch {
		case len(m) != tokens:
			return nil, nil, fmt.Errorf("batch: mask %d is for %d cubes, the model has %d", i, len(m), tokens)
		case len(v) == 0 || len(h) == 0:
			return nil, nil, fmt.Errorf("batch: mask %d hides %d of %d cubes; some must be masked and some visible", i, len(h), tokens)
		case len(flatMasked) != (i+1)*len(h):
			return nil, nil, fmt.Errorf("batch: mask %d hides %d of %d cubes, unlike the masks before it", i, len(h), tokens)
		}
	}
	b := len(masks)
	return tensors.FromFlatDataAndDimensions(flatVisible, b, len(flatVisible)/b),
		tensors.FromFlatDataAndDimensions(flatMasked, b, len(flatMasked)/b), nil
}

// DropPathFactors draws which of b samples skip which branches: two rows of b factors for every block of the encoder, then
// of the decoder. A skipped branch has factor 0, a kept one 1/(1-rate), so that its mean stays. Nil if no rate is above 0.
func DropPathFactors(c mae.Config, b int, rng *rand.Rand) []float32 {
	if c.Encoder.DropPath == 0 && c.Decoder.DropPath == 0 {
		return nil
	}
	var all []float32
	for _, rate := range append(c.Encoder.DropPathRates(), c.Decoder.DropPathRates()...) {
		all = append(all, factors(rate, 2*b, rng)...)
	}
	return all
}

// factors draws n factors that are 0 at a rate and 1/(1-rate) otherwise.
func factors(rate float64, n int, rng *rand.Rand) []float32 {
	list := make([]float32, n)
	for i := range list {
		if rng.Float64() >= rate {
			list[i] = float32(1 / (1 - rate))
		}
	}
	return list
}

// inputs lists the batch's tensors, those that it has, as the graphs take them.
func (b Batch) inputs() []*tensors.Tensor {
	all := []*tensors.Tensor{b.Clips, b.Visible, b.Masked, b.Targets, b.Keep, b.HeadKeep}
	return slices.DeleteFunc(all, func(t *tensors.Tensor) bool { return t == nil })
}
