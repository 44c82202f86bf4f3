// What a fine-tuning run is made of: settings, data, classes, first weights; and what is said of them before it starts.

package cli

import (
	"fmt"
	"slices"

	"videomae/dataset"
	"videomae/engine"
	"videomae/finetune"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// finetuneJob is a run with what is said before it starts.
type finetuneJob struct {
	finetune.Options
	sanity finetune.Sanity
	taken  finetune.Taken
	advice []recipe.Advice
}

// assemble finds settings, data and first weights.
func (o finetuneOptions) assemble(s Streams) (j finetuneJob, err error) {
	j.Out, j.Bad = o.out, s.unreadable
	j.Note = func(text string) { fmt.Fprintln(s.Err, text) }
	if o.out != "" && !o.dryRun && !o.overfit {
		newest, err := newestOf(s, o.out, o.resume)
		if err != nil {
			return j, err
		}
		if newest != "" {
			return j, o.goOn(&j)
		}
	}
	return j, o.begin(&j)
}

// begin assembles a new run.
func (o finetuneOptions) begin(j *finetuneJob) error {
	from, err := o.configuration(j)
	if err != nil {
		return err
	}
	if err := j.examine(nil); err != nil {
		return err
	}
	if j.Model, err = finetune.ModelConfig(j.Config.Model, len(j.Classes), from.Source(j.Config)); err != nil {
		return err
	}
	values, taken, err := finetune.Init(j.Config.Train.Init, j.Model, j.Classes, j.Config.Train.Seed)
	if err != nil {
		return err
	}
	j.taken, j.Start = taken, finetune.Update(j.Config, j.Model).NewState(values)
	j.Origin, err = train.OriginOf(j.Config.Train.Init)
	return err
}

// configuration resolves the settings of a new run: those of the recipe, or such as fit the data and the checkpoint, then flags and overrides.
// It loads the data on the way.
func (o finetuneOptions) configuration(j *finetuneJob) (from finetune.Base, err error) {
	f := recipe.DefaultFinetune()
	if o.recipe != "" {
		if f, err = recipe.LoadFinetune(o.recipe); err != nil {
			return from, err
		}
	}
	asked := f
	if err := o.apply(&asked); err != nil {
		return from, err
	}
	if from, err = finetune.BaseOf(asked.Train.Init); err != nil {
		return from, err
	}
	if err := j.load(asked); err != nil {
		return from, err
	}
	if o.recipe == "" {
		from.Adopt(&f)
		f.Train.Init, f.Train.Batch, f.Data.Repeats = asked.Train.Init, asked.Train.Batch, asked.Data.Repeats
		classes, err := dataset.Classes(j.Data.Items)
		if err != nil {
			return from, fmt.Errorf("data %s: %w", j.Data.Source, err)
		}
		f, j.advice = f.Advise(len(j.Data.Items), classes)
	}
	if err := o.apply(&f); err != nil {
		return from, err
	}
	j.advice = slices.DeleteFunc(j.advice, func(a recipe.Advice) bool { return !a.Holds(f) })
	j.Config, err = f.Resolve()
	j.Engine = engine.Name(j.Config.Engine)
	return from, err
}

// goOn assembles a run that has a checkpoint.
func (o finetuneOptions) goOn(j *finetuneJob) error {
	c, trained, err := finetune.Resume(o.out)
	if err != nil {
		return err
	}
	f := c.Config
	if o.recipe != "" {
		if f, err = recipe.LoadFinetune(o.recipe); err != nil {
			return err
		}
		f.Data.Path, f.Train.Init = c.Config.Data.Path, c.Config.Train.Init
	}
	if err := o.apply(&f); err != nil {
		return err
	}
	if f, err = f.Resolve(); err != nil {
		return err
	}
	if err := sameRun(c.Config, f); err != nil {
		return err
	}
	if err := j.load(f); err != nil {
		return err
	}
	if c.Progress.Manifest != j.Data.Hash() {
		return fmt.Errorf("%s is not the list that %s was trained on: names, labels or splits differ; to train on new data begin a new run with --init %s",
			f.Data.Path, o.out, o.out)
	}
	j.Config, j.Model, j.Engine = f, trained.Model, engine.Name(f.Engine)
	j.Start, j.From, j.Origin = c.State, c.Progress, c.About[weights.OriginKey]
	return j.examine(trained.Classes)
}

// load reads the lists to train and to validate on.
func (j *finetuneJob) load(f recipe.Finetune) (err error) {
	if f.Data.Path == "" {
		return fmt.Errorf("--data is needed: a list or a folder of labelled videos (%w)", errUsage)
	}
	choice := manifestOptions(f.Data.Data, f.Data.Split)
	choice.PerClass, choice.ShuffleLabels, choice.Seed = f.Data.PerClass, f.Data.ShuffleLabels, f.Train.Seed
	if j.Data, err = dataset.Load(f.Data.Path, choice); err != nil {
		return err
	}
	all, err := dataset.Load(f.Data.Path, manifestOptions(f.Data.Data, ""))
	if err != nil {
		return err
	}
	j.Val = dataset.Manifest{Source: all.Source}
	for _, item := range all.Items {
		if item.Split == f.Data.ValSplit {
			j.Val.Items = append(j.Val.Items, item)
		}
	}
	return nil
}

// examine looks at the data, and finds the classes where the run does not have them yet.
func (j *finetuneJob) examine(classes []string) (err error) {
	if j.sanity, err = finetune.Inspect(j.Data, j.Val, classes); err == nil {
		j.Classes = j.sanity.Classes
	}
	return err
}

// explain prints what will be done and why.
func (j *finetuneJob) explain(s Streams, schedule recipe.Schedule) {
	m := j.Config.Model
	fmt.Fprintf(s.Err, "recipe %s: model %s (%d wide, %d blocks), %d frames of %dx%d, stride %d, %s pooling, %s, engine %s\n", j.Config.Name, m.Size,
		m.EncoderWidth, m.EncoderDepth, m.Frames, m.Height, m.Width, j.Config.Data.Stride, m.Pooling, j.Config.Train.Precision, j.Engine)
	fmt.Fprintf(s.Err, "data: %d clips to train on, %d to validate on, of %s\n%s", len(j.Data.Items), len(j.Val.Items), j.Data.Source, j.sanity)
	if j.taken.Source != "" {
		fmt.Fprintf(s.Err, "from %s:\n%s", j.taken.Source, j.taken)
	}
	for _, a := range j.advice {
		fmt.Fprintf(s.Err, "  %s\n", a)
	}
	for _, line := range schedule.Derivation {
		fmt.Fprintln(s.Err, "  "+line)
	}
	if j.From.Step > 0 {
		fmt.Fprintf(s.Err, "resuming after step %d\n", j.From.Step)
	}
}
