package golden

import (
	"fmt"
	"sort"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/mae"
	"videomae/masking"
	"videomae/optim"
	"videomae/train"
	"videomae/vit"
)

func (c *Pretrain) shared() *Case { return &c.Case }

// config is the model of a case.
func (c *Pretrain) config() mae.Config {
	encoder := c.encoder()
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = c.DecoderWidth, c.DecoderDepth, c.DecoderHeads, 4*c.DecoderWidth
	return mae.Config{Encoder: encoder, Decoder: decoder, Target: mae.Normalised, Loss: mae.MSE}
}

func (c *Pretrain) specs() []vit.Spec { return c.config().Specs() }

func (c *Pretrain) rules() []optim.Rule { return optim.Rules(c.specs()) }

func (c *Pretrain) objective(how vit.Compute) train.Objective {
	return train.Pretraining(c.config(), how)
}

// autocastDrift is how far PyTorch's bf16 autocast takes the weights of the small reference run away from those of Float32, as a
// share of the way that training moved them: bench/peers/torch_autocast.py, PyTorch 2.15.
func (c *Pretrain) autocastDrift() float64 { return 8.7e-3 }

func (c *Pretrain) outputs() []output {
	return []output{{"encoded", c.EncodedNorm, sliceEncoded}, {"pred", c.PredNorm, slicePred}, {"target", c.TargetNorm, slicePred}}
}

func (c *Pretrain) pass(how vit.Compute, weights, batch []*Node) (loss *Node, outputs []*Node) {
	config := c.config()
	model := mae.Model{Config: config, Params: vit.NewParams(config.Specs(), weights), Compute: how}
	in := mae.Batch{Cubes: mae.Patchify(batch[0], config.Encoder), Visible: batch[1], Masked: batch[2]}
	loss, prediction, target := model.Loss(in)
	return loss, []*Node{model.Encode(in), prediction, target}
}

func (c *Pretrain) batch(t *testing.T, step string) train.Batch {
	t.Helper()
	grid := c.encoder().Grid()
	var visible, masked []int32
	for k := range c.Batch {
		v, m := c.mask(grid, fmt.Sprintf("%s%smask%d", c.Salt, step, k)).Split()
		visible, masked = append(visible, v...), append(masked, m...)
	}
	return train.Batch{
		Clips:   c.clips(t, step),
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
