package convert

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"videomae/masking"
	"videomae/seed"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// Verified tells how the outputs of a checkpoint and of what was made of it differ on one fixed clip.
type Verified struct {
	Outputs    int     `json:"outputs"` // number of values compared
	Largest    float64 `json:"largest"` // of their magnitudes
	Difference float64 `json:"difference"`
	Tolerance  float64 `json:"tolerance"`
}

// tolerances are how far outputs may differ, in parts of the largest one, by the type that weights were stored in.
var tolerances = map[weights.DType]float64{weights.F64: 1e-4, weights.F32: 1e-4, weights.F16: 2e-2, weights.BF16: 1e-1}

// Verify opens what was converted and what it was converted to, each anew, runs both on the same clip, and is an error if their outputs
// differ by more than rounding explains. r is the result of Run for o. Each side gets pixels normalised as it wants them.
func Verify(backend compute.Backend, o Options, r Result) (Verified, error) {
	before, err := runFile(backend, o.In, o.Open)
	if err != nil {
		return Verified{}, fmt.Errorf("verify: %w", err)
	}
	m := r.Model
	again := checkpoint.Options{Heads: m.EncoderHeads, DecoderHeads: m.DecoderHeads, Frames: m.Frames, Height: m.Height, Width: m.Width}
	after, err := runFile(backend, o.Out, again)
	if err != nil {
		return Verified{}, fmt.Errorf("verify: %w", err)
	}
	v := Verified{Outputs: len(before), Tolerance: tolerances[weights.F32]}
	if o.DType != "" {
		v.Tolerance = tolerances[o.DType]
	}
	if len(before) != len(after) {
		return v, fmt.Errorf("verify: %d outputs became %d", len(before), len(after))
	}
	for i := range before {
		v.Largest = max(v.Largest, math.Abs(float64(before[i])))
		v.Difference = max(v.Difference, math.Abs(float64(before[i])-float64(after[i])))
	}
	if !(v.Difference <= v.Tolerance*max(1, v.Largest)) {
		return v, fmt.Errorf("verify: outputs differ by %.3g, where the largest is %.3g and %g of that is allowed", v.Difference, v.Largest, v.Tolerance)
	}
	return v, nil
}

// runFile opens a checkpoint and runs it on the fixed clip.
func runFile(backend compute.Backend, path string, o checkpoint.Options) ([]float32, error) {
	c, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	source, err := c.Complete(FirstValues)
	if err != nil {
		return nil, err
	}
	if err := c.Model.CheckRunnable(); err != nil {
		return nil, err
	}
	clip, mask, err := fixedClip(c.Model)
	if err != nil {
		return nil, err
	}
	return Outputs(backend, c.Model, source, clip, mask)
}

// fixedClip is one clip of drawn pixels, normalised for a model, and the mask that hides three quarters of it.
func fixedClip(m checkpoint.Model) ([]float32, masking.Mask, error) {
	mean, std := m.Mean, m.Std
	if mean == nil {
		mean, std = ours(m.Channels)
	}
	rng := seed.Rand(0, "verify")
	clip := make([]float32, m.Frames*m.Height*m.Width*m.Channels)
	for i := range clip {
		c := i % m.Channels
		clip[i] = float32((float64(rng.IntN(256))/255 - mean[c]) / std[c])
	}
	mask, err := masking.Draw(masking.Random, m.Vit().Grid(), 0.75, rng)
	return clip, mask, err
}
