// The work that bench step times, one kind for each mode.

package cli

import (
	"encoding/binary"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/mae"
	"videomae/masking"
	"videomae/optim"
	"videomae/recipe"
	"videomae/seed"
	"videomae/train"
	"videomae/vit"
)

// The modes of bench step.
const (
	pretrainMode = "pretrain"
	finetuneMode = "finetune"
	inferMode    = "infer"
)

var benchModes = []string{pretrainMode, finetuneMode, inferMode}

// benchClasses is the number of classes of the classifiers that are timed: that of Kinetics-400.
const benchClasses = 400

// benchWork is what a mode times.
type benchWork struct {
	compile func() error // makes the graph of step
	step    func() error // from bytes on the host to the result on the host
	close   func()
}

// onBatches is work on a batch that is made from bytes each time anew.
func onBatches[Batch any](batch func() (Batch, error), compile, step func(Batch) error, close func()) benchWork {
	with := func(do func(Batch) error) func() error {
		return func() error {
			b, err := batch()
			if err != nil {
				return err
			}
			return do(b)
		}
	}
	return benchWork{with(compile), with(step), close}
}

// openWork puts a model with fresh weights on the engine, and draws a batch of clips for it.
func openWork(backend compute.Backend, mode string, p recipe.Pretrain) (benchWork, error) {
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		return benchWork{}, err
	}
	how, err := train.Compute(backend, p.Train.Precision)
	if err != nil {
		return benchWork{}, err
	}
	how.Checkpoint = p.Train.GradientCheckpointing
	clips := randomClips(model.Encoder, p.Train.Batch, p.Train.Seed)
	classifier := classify.Config{Encoder: model.Encoder, Classes: benchClasses, Pooling: classify.Mean, InitScale: 0.001}
	switch mode {
	case finetuneMode:
		return openFineTuning(backend, classifier, how, p, clips)
	case inferMode:
		return openInference(backend, classifier, how, p, clips)
	default:
		return openPretraining(backend, model, how, p, clips)
	}
}

// openPretraining prepares updates of an autoencoder.
func openPretraining(backend compute.Backend, model mae.Config, how vit.Compute, p recipe.Pretrain, clips []uint8) (benchWork, error) {
	var masks []masking.Mask
	for i := range p.Train.Batch {
		mask, err := masking.Draw(p.Mask.Kind, model.Encoder.Grid(), p.Mask.Ratio, seed.Rand(p.Train.Seed, "bench mask", uint64(i)))
		if err != nil {
			return benchWork{}, err
		}
		masks = append(masks, mask)
	}
	state := train.NewState(train.InitialWeights(model.Specs(), p.Train.Seed))
	stepper, err := train.NewStepper(backend, model.Specs(), train.Pretraining(model, how), benchUpdate(p, model.Specs()), state)
	if err != nil {
		return benchWork{}, err
	}
	batch := func() (train.Batch, error) { return train.NewBatch(model.Encoder, clips, masks, nil) }
	step := func(b train.Batch) error { return checkStep(stepper.Step([]train.Batch{b}, *p.Optim.LR)) }
	return onBatches(batch, stepper.Compile, step, stepper.Close), nil
}

// openFineTuning prepares updates of a classifier on clips that are all of its first class.
func openFineTuning(backend compute.Backend, model classify.Config, how vit.Compute, p recipe.Pretrain, clips []uint8) (benchWork, error) {
	targets := make([]float32, p.Train.Batch*model.Classes)
	for i := range p.Train.Batch {
		targets[i*model.Classes] = 1
	}
	state := train.NewState(train.InitialWeights(model.Specs(), p.Train.Seed))
	tuner, err := train.NewStepper(backend, model.Specs(), train.FineTuning(model, how), benchUpdate(p, model.Specs()), state)
	if err != nil {
		return benchWork{}, err
	}
	batch := func() (train.Batch, error) { return train.NewLabelled(model, clips, targets, nil, nil) }
	step := func(b train.Batch) error { return checkStep(tuner.Step([]train.Batch{b}, *p.Optim.LR)) }
	return onBatches(batch, tuner.Compile, step, tuner.Close), nil
}

// benchUpdate trains all tensors at one rate.
func benchUpdate(p recipe.Pretrain, specs []vit.Spec) train.Update {
	return train.Update{AdamW: train.AdamW(p.Optim), Rules: optim.Rules(specs)}
}

// checkStep takes a step whose update was skipped for an error: it did less work.
func checkStep(result train.StepResult, err error) error {
	if err == nil && result.Skipped {
		return fmt.Errorf("loss %v or gradient norm %v is not finite", result.Loss, result.GradNorm)
	}
	return err
}

// openInference prepares forward passes of a classifier.
func openInference(backend compute.Backend, model classify.Config, how vit.Compute, p recipe.Pretrain, clips []uint8) (benchWork, error) {
	classifier, err := train.NewClassifier(backend, model, how, train.InitialWeights(model.Specs(), p.Train.Seed))
	if err != nil {
		return benchWork{}, err
	}
	batch := func() (*tensors.Tensor, error) { return train.NewClips(model.Encoder, clips) }
	step := func(b *tensors.Tensor) error {
		_, err := classifier.Logits(b)
		return err
	}
	return onBatches(batch, classifier.Compile, step, classifier.Close), nil
}

// randomClips draws the bytes of n clips.
func randomClips(c vit.Config, n int, runSeed uint64) []uint8 {
	rng := seed.Rand(runSeed, "bench clips")
	var clips []uint8
	for range n * c.Frames * c.Height * c.Width * c.Channels / 8 { // cubes of 16 x 16 pixels fill words of 8 bytes
		clips = binary.LittleEndian.AppendUint64(clips, rng.Uint64())
	}
	return clips
}
