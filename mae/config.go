// Package mae is VideoMAE (NeurIPS 2022): a masked autoencoder of video, as a GoMLX graph.
//
// Its files follow the paper: Patchify cuts a clip into cubes, Encode sees the visible ones, Decode predicts the masked
// ones, Loss compares them with their normalised pixels, Reconstruct puts predictions back into a picture.
package mae

import (
	"fmt"

	"videomae/vit"
)

// Config is the shape of a VideoMAE model and what it learns to predict.
type Config struct {
	Encoder vit.Config
	Decoder vit.Config // its own Dim, Depth, Heads, MLP; the clip and the cubes are the encoder's
	Target  Target
	Loss    LossKind
}

// Target names what the decoder predicts for a masked cube. Source: spec 3.
type Target string

// The targets.
const (
	// Normalised is the cube's pixels, less their mean and divided by their deviation, for each channel apart.
	Normalised Target = "normalised"
	// Raw is the cube's pixels in [0, 1].
	Raw Target = "raw"
)

// LossKind names the distance between prediction and target, averaged over the values of all masked cubes.
type LossKind string

// The losses. SmoothL1 is d*d/2 below a distance d of 1 and d-1/2 above.
const (
	MSE      LossKind = "mse"
	L1       LossKind = "l1"
	SmoothL1 LossKind = "smooth-l1"
)

// Validate reports the first setting that no model can be built from.
func (c Config) Validate() error {
	if err := c.Encoder.Validate(); err != nil {
		return err
	}
	if err := c.Decoder.Validate(); err != nil {
		return fmt.Errorf("decoder: %w", err)
	}
	if c.Decoder.Grid() != c.Encoder.Grid() || c.Decoder.CubeSize() != c.Encoder.CubeSize() {
		return fmt.Errorf("model: encoder and decoder cut the clip differently")
	}
	switch c.Target {
	case Normalised, Raw:
	default:
		return fmt.Errorf("model: unknown target %q (have %s, %s)", c.Target, Normalised, Raw)
	}
	switch c.Loss {
	case MSE, L1, SmoothL1:
	default:
		return fmt.Errorf("model: unknown loss %q (have %s, %s, %s)", c.Loss, MSE, L1, SmoothL1)
	}
	return nil
}

// Specs lists every weight tensor in the order of the official checkpoints. Source: spec 2.1.
func (c Config) Specs() []vit.Spec {
	e, d := c.Encoder, c.Decoder
	specs := []vit.Spec{{Name: "mask_token", Shape: []int{1, 1, d.Dim}, Init: vit.CutNormal(0.02)}}
	specs = append(specs, vit.EmbeddingSpecs("encoder.", e)...)
	specs = append(specs, vit.BlockSpecs("encoder.", e)...)
	specs = append(specs, vit.NormSpecs("encoder.norm", e.Dim)...)
	specs = append(specs, vit.BlockSpecs("decoder.", d)...)
	specs = append(specs, vit.NormSpecs("decoder.norm", d.Dim)...)
	specs = append(specs, vit.LinearSpecs("decoder.head", e.CubeSize(), d.Dim)...)
	return append(specs, vit.Spec{Name: "encoder_to_decoder.weight", Shape: []int{d.Dim, e.Dim}, Init: vit.FanIn(e.Dim)})
}

// Parameters is the number of weights.
func (c Config) Parameters() int {
	n := 0
	for _, s := range c.Specs() {
		n += s.Size()
	}
	return n
}

// ForwardMACs counts the multiply-accumulates of one clip's forward pass with the given number of visible cubes, as
// the paper counts its "GFLOPs" (norms, soft-max and biases left out). Only visible cubes are embedded here; the numbers of
// spec 1.1 also have the embedding of the masked ones, which the official code computes and drops.
func (c Config) ForwardMACs(visible int) int64 {
	blocks := func(v vit.Config, tokens int) int64 {
		n, d := int64(tokens), int64(v.Dim)
		return int64(v.Depth) * (4*d*d*n + 2*d*int64(v.MLP)*n + 2*n*n*d)
	}
	e, d := c.Encoder, c.Decoder
	n := e.Tokens()
	embed := int64(e.CubeSize()) * int64(e.Dim) * int64(visible)
	project := int64(e.Dim) * int64(d.Dim) * int64(visible)
	head := int64(d.Dim) * int64(e.CubeSize()) * int64(n-visible)
	return embed + blocks(e, visible) + project + blocks(d, n) + head
}
