package golden

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/mae"
	"videomae/optim"
	"videomae/train"
	"videomae/vit"
)

func (c *Finetune) shared() *Case { return &c.Case }

// config is the model of a case.
func (c *Finetune) config() classify.Config {
	return classify.Config{Encoder: c.encoder(), Classes: c.Classes, Pooling: classify.Mean}
}

func (c *Finetune) specs() []vit.Spec { return c.config().Specs() }

func (c *Finetune) rules() []optim.Rule {
	return optim.LayerRules(c.specs(), c.Depth, c.Trajectory.LayerDecay, 0)
}

func (c *Finetune) objective(how vit.Compute) train.Objective {
	return train.FineTuning(c.config(), how)
}

// autocastDrift is that of Pretrain, for the small reference run of fine-tuning.
func (c *Finetune) autocastDrift() float64 { return 8.2e-3 }

func (c *Finetune) outputs() []output { return []output{{name: "features"}, {name: "logits"}} }

func (c *Finetune) pass(how vit.Compute, weights, batch []*Node) (loss *Node, outputs []*Node) {
	config := c.config()
	model := classify.Model{Config: config, Params: vit.NewParams(config.Specs(), weights), Compute: how}
	features := model.Features(mae.Patchify(batch[0], config.Encoder), nil)
	logits := model.Head(features, nil)
	return classify.CrossEntropy(logits, batch[1]), []*Node{features, logits}
}

func (c *Finetune) batch(t *testing.T, step string) train.Batch {
	t.Helper()
	soft := Uniform(c.Salt+"soft"+step, c.Batch*c.Classes)
	for row := 0; row < len(soft); row += c.Classes {
		sum := 0.0
		for _, u := range soft[row:][:c.Classes] {
			sum += float64(u)
		}
		for i := range c.Classes {
			soft[row+i] /= float32(sum)
		}
	}
	if want, ok := c.array(t, "input.soft"); ok && step == "" {
		compareMax(t, "formula for the soft labels", soft, want, 1e-6)
	}
	return train.Batch{Clips: c.clips(t, step), Targets: tensors.FromFlatDataAndDimensions(soft, c.Batch, c.Classes)}
}
