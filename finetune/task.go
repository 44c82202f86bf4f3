package finetune

import (
	"context"
	"time"

	"videomae/dataset"
	"videomae/eval"
	"videomae/frames"
	"videomae/frames/chain"
	"videomae/frames/erase"
	"videomae/frames/mixup"
	"videomae/frames/randaugment"
	"videomae/recipe"
	"videomae/seed"
	"videomae/train"
	"videomae/video"
)

// task is fine-tuning as train.Loop sees it.
type task struct {
	Options
	loader    *dataset.Labelled
	stepper   *train.Stepper
	validator *validator // nil where nothing is validated
	validated *eval.Summary
	perEpoch  int
	last      int // step that ends the run
}

// newTask starts the graphs and the loader.
func newTask(ctx context.Context, o Options, perEpoch int) (*task, error) {
	t := &task{Options: o, perEpoch: perEpoch}
	if err := t.open(ctx); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *task) open(ctx context.Context) error {
	how, err := train.Compute(t.Backend, t.Config.Train.Precision)
	if err != nil {
		return err
	}
	if len(t.Val.Items) > 0 {
		if t.validator, err = newValidator(t.Options, how); err != nil {
			return err
		}
	}
	how.Checkpoint = t.Config.Train.GradientCheckpointing
	t.stepper, err = train.NewStepper(t.Backend, t.Model.Specs(), train.FineTuning(t.Model, how), Update(t.Config, t.Model), t.Start)
	if err != nil {
		return err
	}
	loading, err := LoaderOptions(t.Config, t.Classes)
	if err != nil {
		return err
	}
	loading.Report = t.Bad
	t.loader, err = dataset.NewLabelled(ctx, t.Data, t.Decoder, loading, dataset.Position{Epoch: t.From.Epoch, Step: t.From.InEpoch})
	return err
}

func (t *task) close() {
	if t.loader != nil {
		t.loader.Close()
	}
	if t.stepper != nil {
		t.stepper.Close()
	}
	if t.validator != nil {
		t.validator.classifier.Close()
	}
}

// LoaderOptions ask for the augmented clips of a recipe, all those of an update step at once.
func LoaderOptions(r recipe.Finetune, classes []string) (dataset.LabelledOptions, error) {
	m, d := r.Model, r.Data
	o := dataset.LabelledOptions{
		Seed: r.Train.Seed, Batch: r.Train.ClipsPerStep(), Repeats: d.Repeats, Scheme: scheme(r),
		Height: m.Height, Width: m.Width, Channels: m.Channels,
		Augment: chain.Train{
			Crop:  frames.RandomCrop{Area: [2]float64{r.Augment.CropMin, r.Augment.CropMax}, Ratio: frames.OfficialCrop().Ratio},
			Flip:  r.Augment.Flip,
			Erase: erase.Official(r.Augment.Erase),
			Table: frames.ImageNet(m.Channels),
		},
		MixOver: r.Train.Batch * d.Repeats, Smoothing: r.Mix.Smoothing, Classes: classes,
		MaxBadShare: d.MaxBadShare, Workers: d.Workers,
	}
	if r.Mix.Mixes() {
		o.Mixer = &mixup.Mixer{Mixup: r.Mix.Mixup, Cutmix: r.Mix.Cutmix, Probability: r.Mix.Probability, Switch: r.Mix.Switch}
	}
	var err error
	if r.Augment.RandAugment != "" {
		o.Augment.Augment, err = randaugment.Parse(r.Augment.RandAugment)
	}
	return o, err
}

// scheme is how training and validation choose the frames of a clip.
func scheme(r recipe.Finetune) video.Scheme {
	return video.Scheme{Sampling: video.Sampling(r.Data.Scheme), Mode: r.Data.Sampling, Frames: r.Model.Frames, Stride: r.Data.Stride, Views: 1}
}

// Next gives the next step's batches.
func (t *task) Next(ctx context.Context, at train.Progress) ([]train.Batch, time.Duration, error) {
	data, err := t.loader.Next(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer data.Release()
	clips := t.Config.Train.Batch * t.Config.Data.Repeats // of a micro-batch
	values, classes := len(data.Clips)/len(data.Labels), len(t.Classes)
	var micro []train.Batch
	for first := 0; first < len(data.Labels); first += clips {
		rng := seed.Rand(t.Config.Train.Seed, "drop path", uint64(at.Step), uint64(first))
		keep, headKeep := train.DropFactors(t.Model, clips, rng)
		batch, err := train.NewLabelled(t.Model, data.Clips[first*values:][:clips*values], data.Targets[first*classes:][:clips*classes], keep, headKeep)
		if err != nil {
			return nil, 0, err
		}
		micro = append(micro, batch)
	}
	return micro, data.Wait, nil
}

// After validates at the end of an epoch, keeps the weights if they are the best so far, and ends the run when they have not been for long.
func (t *task) After(ctx context.Context, at *train.Progress) (map[string]float64, bool, error) {
	if t.validator == nil || !t.validationDue(*at) {
		return nil, false, nil
	}
	judged, err := t.validator.judge(ctx, t.stepper)
	if err != nil {
		return nil, false, err
	}
	t.validated = &judged
	v := &at.Validation
	first := v.Epoch == 0
	v.Epoch = at.Epoch
	if first || judged.Top1 > v.BestTop1 {
		v.BestEpoch, v.BestTop1 = at.Epoch, judged.Top1
		if err := t.saveBest(*at); err != nil {
			return nil, false, err
		}
	}
	t.Note(describeValidation(judged, *v))
	patience := t.Config.Train.Patience
	scores := map[string]float64{"val_top1": judged.Top1, "val_top5": judged.Top5, "val_mean_class": judged.MeanClass}
	return scores, patience > 0 && v.Epoch-v.BestEpoch >= patience, nil
}

// validationDue tells whether the step just made ends an epoch that is validated; the last step of the run always does.
func (t *task) validationDue(at train.Progress) bool {
	return at.InEpoch == 0 && at.Epoch%t.Config.Train.ValidateEpochs == 0 || at.Step == t.last
}

// Baselines gives none: what a classifier without eyes reaches is in the data's report.
func (t *task) Baselines() (map[string]float64, error) { return nil, nil }

// Save writes a checkpoint and removes those past their time.
func (t *task) Save(at train.Progress) (string, error) {
	state, err := t.stepper.State()
	if err != nil {
		return "", err
	}
	return t.save(at, state, train.CheckpointFolder(t.Out), t.Config.Train.Keep)
}

// saveBest keeps the weights that were validated, without what only training needs.
func (t *task) saveBest(at train.Progress) error {
	state, err := t.stepper.State()
	if err != nil {
		return err
	}
	best := train.State{Weights: state.Weights, Updates: state.Updates}
	if state.Average != nil {
		best.Weights = state.Average
	}
	_, err = t.save(at, best, train.BestFolder(t.Out), 1)
	return err
}

func (t *task) save(at train.Progress, state train.State, folder string, keep int) (string, error) {
	about, err := about(t.Model, t.Classes)
	if err != nil {
		return "", err
	}
	c := train.Checkpoint[recipe.Finetune]{Progress: at, Config: t.Config, About: train.WithOrigin(about, t.Origin), State: state,
		Provenance: train.NewProvenance(t.Engine, t.Data, t.Config.Train.Init)}
	path, err := c.Save(folder, t.Model.Specs())
	if err != nil {
		return "", err
	}
	return path, train.Prune(folder, keep)
}
