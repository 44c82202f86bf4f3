package probe

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/engine"
	"videomae/optim"
	"videomae/seed"
	"videomae/train"
	"videomae/vit"
)

// The settings of the attentive probe, near those of Bardes et al. 2024, appendix.
const (
	attentiveBatch  = 32
	attentiveWarmup = 2 // epochs
	attentiveDecay  = 0.01
)

// attentiveRates are the learning rates that are tried.
var attentiveRates = []float64{1e-4, 3e-4, 1e-3}

// attentive trains what follows the last frozen block of a classifier with attention pooling, on features of all cubes.
type attentive struct {
	backend compute.Backend
	config  classify.Config
	how     vit.Compute
	specs   []vit.Spec  // norm.*, which is frozen, pool.*, head.*
	first   [][]float32 // weights to begin with
	epochs  int
	seed    uint64

	batch   int
	stepper *train.Stepper
	logits  *Exec
}

// newAttentive prepares a probe of an encoder's layer. Its cubes are normalised by the encoder's own norm where it has one for each cube of
// that layer, as a pre-trained encoder has for the last, else without learnt weights.
func newAttentive(o Options) *attentive {
	a := &attentive{backend: o.Backend, how: o.How, epochs: o.Epochs, seed: o.Seed,
		config: classify.Config{Encoder: o.Encoder.Config, Classes: len(o.Classes), Pooling: classify.Attention, InitScale: 1}}
	for _, s := range a.config.Specs() {
		if !strings.HasPrefix(s.Name, "patch_embed.") && !strings.HasPrefix(s.Name, "blocks.") {
			a.specs = append(a.specs, s)
		}
	}
	a.first = train.InitialWeights(a.specs, o.Seed)
	if !ownCubes(o) {
		return a
	}
	for i, s := range a.specs {
		for k, have := range o.Encoder.Specs {
			if s.Name == have.Name {
				a.first[i] = o.Encoder.Weights[k]
			}
		}
	}
	return a
}

// ownCubes tells whether the encoder has a norm for each cube of the layer.
func ownCubes(o Options) bool {
	return o.Layer == o.Encoder.Config.Depth && o.Encoder.Norm == "norm"
}

// model is the classifier over given weights, whose encoder is never built.
func (a *attentive) model(weights []*Node) classify.Model {
	return classify.Model{Config: a.config, Params: vit.NewParams(a.specs, weights), Compute: a.how}
}

// update is how steps change the weights.
func (a *attentive) update() train.Update {
	u := train.Update{AdamW: optim.AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: attentiveDecay}, Rules: optim.Rules(a.specs)}
	for i, s := range a.specs {
		u.Rules[i].Frozen = strings.HasPrefix(s.Name, "norm.")
	}
	return u
}

// prepare makes the graphs for batches of clips, of which a set of n has at least one.
func (a *attentive) prepare(n int) error {
	if a.stepper != nil && a.batch == min(n, attentiveBatch) {
		return nil
	}
	a.close()
	a.batch = min(n, attentiveBatch)
	objective := func(weights, batch []*Node) *Node { // tokens, targets
		m := a.model(weights)
		return classify.CrossEntropy(m.Head(m.Pool(batch[0]), nil), batch[1])
	}
	u := a.update()
	var err error
	if a.stepper, err = train.NewStepper(a.backend, a.specs, objective, u, u.NewState(a.first)); err != nil {
		return err
	}
	return engine.Try(func() error {
		a.logits = MustNewExec(a.backend, func(inputs []*Node) *Node { // weights, tokens -> logits
			m := a.model(inputs[:len(a.specs)])
			return m.Head(m.Pool(inputs[len(a.specs)]), nil)
		}).WithName("attentive probe")
		return nil
	})
}

// close frees the graphs.
func (a *attentive) close() {
	if a.stepper != nil {
		a.stepper.Close()
	}
	if a.logits != nil {
		a.logits.Finalize()
	}
	a.stepper, a.logits = nil, nil
}

// attentiveModel is a fitted attentive probe.
type attentiveModel struct {
	*attentive
	weights [][]float32
}

// fit trains on a set from the first weights: in each epoch the clips come in another order, in whole batches; the rest waits for the next.
func (a *attentive) fit(ctx context.Context, s set, lr float64) (attentiveModel, error) {
	m := attentiveModel{attentive: a}
	if err := a.prepare(len(s.clips)); err != nil {
		return m, err
	}
	if err := a.stepper.SetState(a.update().NewState(a.first)); err != nil {
		return m, err
	}
	steps := len(s.clips) / a.batch
	rate := optim.Schedule{Peak: lr, WarmupSteps: min(attentiveWarmup, a.epochs/2) * steps, TotalSteps: a.epochs * steps}
	for epoch := range a.epochs {
		order := seed.Rand(a.seed, "probe order", uint64(epoch)).Perm(len(s.clips))
		for step := range steps {
			if err := ctx.Err(); err != nil {
				return m, err
			}
			batch := s.part(order[step*a.batch:][:a.batch])
			result, err := a.stepper.Step([]train.Batch{{Clips: a.tokens(batch.clips), Targets: a.targets(batch.labels)}}, rate.Rate(epoch*steps+step))
			if err != nil {
				return m, err
			}
			if result.Skipped {
				return m, fmt.Errorf("attentive probe: with the learning rate %v loss or gradients are not finite after %d steps: choose a lower one", lr, epoch*steps+step)
			}
		}
	}
	state, err := a.stepper.State()
	m.weights = state.Weights
	return m, err
}

// tokens are the features of at most a batch of clips, [B, N, D], filled up with zeros.
func (a *attentive) tokens(clips [][]float32) *tensors.Tensor {
	n, d := a.config.Encoder.Tokens(), a.config.Encoder.Dim
	values := make([]float32, a.batch*n*d)
	for i, clip := range clips {
		copy(values[i*n*d:], clip)
	}
	return tensors.FromFlatDataAndDimensions(values, a.batch, n, d)
}

// targets puts all weight on a clip's class, [B, C].
func (a *attentive) targets(labels []int) *tensors.Tensor {
	values := make([]float32, a.batch*a.config.Classes)
	for i, label := range labels {
		values[i*a.config.Classes+label] = 1
	}
	return tensors.FromFlatDataAndDimensions(values, a.batch, a.config.Classes)
}

func (m attentiveModel) scores(clips [][]float32) ([][]float32, error) {
	var out [][]float32
	weights := train.Tensors(m.specs, m.weights)
	err := engine.Try(func() error {
		for at := 0; at < len(clips); at += m.batch {
			some := clips[at:min(at+m.batch, len(clips))]
			inputs := make([]any, 0, len(weights)+1)
			for _, w := range weights {
				inputs = append(inputs, w)
			}
			logits, err := m.logits.Call(append(inputs, m.tokens(some))...)
			if err != nil {
				return err
			}
			values, err := tensors.CopyFlatData[float32](logits[0])
			if err != nil {
				return err
			}
			for i := range some {
				out = append(out, values[i*m.config.Classes:][:m.config.Classes])
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("attentive probe: %w", err)
	}
	return out, nil
}
