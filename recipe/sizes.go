// The sizes of the model, and the completion of a recipe from them.

package recipe

import (
	"fmt"
	"math"
	"strings"
)

// Dimensions are the numbers behind the name of a size. Source: spec 1.1.
type Dimensions struct {
	Width, Depth, Heads                      int     // encoder: D, L, attention heads
	DecoderWidth, DecoderDepth, DecoderHeads int     // decoder: Dd, and the depth of the released models
	LR                                       float64 // peak rate of pre-training where a recipe states none: ours, for small batches
	FinetuneLR                               float64 // peak rate of fine-tuning with 8 clips a step where a recipe states none: ours
}

// SizeNames lists the sizes from the smallest up.
var SizeNames = []string{"tiny", "small", "base", "large", "huge"}

// Size returns the numbers of a named size, tiny being ours and the others the paper's.
func Size(name string) (Dimensions, error) {
	switch name {
	case "tiny":
		return Dimensions{192, 12, 3, 96, 4, 3, 5e-4, 5e-4}, nil
	case "small":
		return Dimensions{384, 12, 6, 192, 4, 3, 5e-4, 5e-4}, nil
	case "base":
		return Dimensions{768, 12, 12, 384, 4, 6, 6e-4, 2.5e-4}, nil
	case "large":
		return Dimensions{1024, 24, 16, 512, 12, 8, 3e-4, 1e-4}, nil
	case "huge":
		return Dimensions{1280, 32, 16, 640, 12, 8, 3e-4, 1e-4}, nil
	}
	return Dimensions{}, fmt.Errorf("%q is not a size (have %s)", name, strings.Join(SizeNames, ", "))
}

// Resolve returns the recipe with nothing left open: the size's numbers where the model states none, and one of each pair of alternatives
// of the optimiser. It reports every setting that is out of range, each by its key.
func (p Pretrain) Resolve() (Pretrain, error) {
	size, err := p.Model.complete()
	if err != nil {
		return p, err
	}
	m := &p.Model
	fill(&m.DecoderWidth, size.DecoderWidth)
	fill(&m.DecoderDepth, size.DecoderDepth)
	fill(&m.DecoderHeads, size.DecoderHeads)
	p.Optim = p.Optim.complete(size.LR)
	return p, p.check()
}

// Resolve returns the recipe with nothing left open, as Pretrain's does. A rate that was left open is that of the size for 8 clips a step,
// growing with the root of their number up to the paper's 1e-3: noise of the gradient, which Adam's rate should follow, falls so.
func (f Finetune) Resolve() (Finetune, error) {
	size, err := f.Model.complete()
	if err != nil {
		return f, err
	}
	f.Optim.Optim = f.Optim.complete(min(1e-3, size.FinetuneLR*math.Sqrt(float64(f.Train.ClipsPerStep())/8)))
	return f, f.check()
}

// Validate reports every setting that is out of range, each by its key.
func (p Pretrain) Validate() error {
	_, err := p.Resolve()
	return err
}

// Validate reports every setting that is out of range, each by its key.
func (f Finetune) Validate() error {
	_, err := f.Resolve()
	return err
}

// complete sets the encoder's numbers where they are 0, and returns those of the size.
func (m *Model) complete() (Dimensions, error) {
	size, err := Size(m.Size)
	if err != nil {
		return size, fmt.Errorf("recipe: model.size: %w", err)
	}
	fill(&m.EncoderWidth, size.Width)
	fill(&m.EncoderDepth, size.Depth)
	fill(&m.EncoderHeads, size.Heads)
	return size, nil
}

// fill sets a number that is 0.
func fill(number *int, value int) {
	if *number == 0 {
		*number = value
	}
}

// complete sets one of each pair of alternatives where neither is. The least rate follows the way in which the peak is stated.
func (o Optim) complete(lr float64) Optim {
	if o.LR == nil && o.BaseLR == nil {
		o.LR = &lr
	}
	if o.MinLR == nil && o.BaseMinLR == nil {
		if o.LR != nil {
			o.MinLR = new(*o.LR / 100)
		} else {
			o.BaseMinLR = new(*o.BaseLR / 100)
		}
	}
	if o.WarmupEpochs == nil && o.WarmupShare == nil {
		o.WarmupShare = new(0.1)
	}
	return o
}
