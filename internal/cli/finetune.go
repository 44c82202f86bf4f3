package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"videomae/dataset"
	"videomae/engine"
	"videomae/finetune"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// finetuneOptions are what finetune was asked for.
type finetuneOptions struct {
	recipe    string
	overrides []string
	out       string
	resume    bool
	dryRun    bool
	overfit   bool
	json      bool
	apply     func(*recipe.Finetune) error // puts the flags into a recipe
}

func newFinetune(s Streams) *cobra.Command {
	var o finetuneOptions
	c := &cobra.Command{
		Use:   "finetune",
		Short: "Make a classifier of a pre-trained model, or train one from scratch",
		Long: `Train a classifier on labelled videos, starting from a pre-trained or fine-tuned checkpoint (--init) or from nothing (--init none).

Classes are those of the data. Model, frames, stride and size are those of --init unless said otherwise. Without --recipe the settings fit the
number of clips; each is printed with its reason. After every epoch the model is validated; the folder "best" keeps the weights with the
highest top-1, "checkpoints" the last ones.`,
		Example: example(
			"videomae finetune --data clips.csv --init pretrained-run --out run",
			"videomae finetune --data clips.csv --init none --model tiny --size 112 --out scratch",
			"videomae finetune --data clips.csv --init pretrained-run --out run --overfit-batch",
			"videomae finetune --data train.csv --init k400 --recipe ssv2-vit-b-2400 --accumulate 8 --out run",
			"videomae evaluate --checkpoint run/best --data clips.csv --split val --views 5x3 --out evaluation"),
		Args: noArgs,
	}
	c.Flags().StringVar(&o.recipe, "recipe", "", "recipe to start from: a YAML file or one of the built-in names (videomae inspect lists them)")
	c.Flags().StringVar(&o.out, "out", "", "folder of the run")
	c.Flags().BoolVar(&o.resume, "resume", false, "go on from the newest checkpoint of --out, or begin if there is none")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "print data, settings, what would be taken from --init, memory, work and predicted time; train nothing")
	c.Flags().BoolVar(&o.overfit, "overfit-batch", false, "only see whether the model can learn one batch by heart, which it must; fails if not")
	c.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
	addSettings(c, &o.overrides, recipe.DefaultFinetune())
	c.RunE = func(c *cobra.Command, _ []string) error {
		o.apply = func(f *recipe.Finetune) error {
			if err := applySettings(c, o.overrides, f); err != nil {
				return fmt.Errorf("%w (%w)", err, errUsage)
			}
			if f.Train.Init == "none" {
				f.Train.Init = ""
			}
			return nil
		}
		return runFinetune(c.Context(), s, o)
	}
	return c
}

func runFinetune(ctx context.Context, s Streams, o finetuneOptions) error {
	if o.out == "" && !o.dryRun && !o.overfit {
		return fmt.Errorf("--out is needed: the folder of the run (%w)", errUsage)
	}
	j, err := o.assemble(s)
	if err != nil {
		return err
	}
	schedule, _, err := j.Schedule()
	if err != nil {
		return err
	}
	j.explain(s, schedule)
	if j.Decoder, err = openForRun(s, j.Config.Decoder, j.Config.Data.Data, o.out); err != nil {
		return err
	}
	defer closeAfterRun(s, j.Decoder)
	if j.Backend, err = engine.Open(j.Engine); err != nil {
		return err
	}
	defer j.Backend.Finalize()
	if o.dryRun {
		f, err := predictFinetune(ctx, s, j.Options, schedule)
		if err != nil {
			return err
		}
		return f.print(s, o.json)
	}
	if o.overfit {
		return o.learnByHeart(ctx, s, j.Options)
	}
	return o.trainAndReport(ctx, s, j.Options, schedule.TotalSteps)
}

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
func (o finetuneOptions) configuration(j *finetuneJob) (from finetune.Origin, err error) {
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
	if from, err = finetune.OriginOf(asked.Train.Init); err != nil {
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

// heartSteps is how many steps learning a batch by heart may take.
const heartSteps = 300

// learnByHeart reports whether one batch can be learned by heart.
func (o finetuneOptions) learnByHeart(ctx context.Context, s Streams, options finetune.Options) error {
	result, err := finetune.OverfitBatch(ctx, options, heartSteps)
	if err != nil {
		return err
	}
	if o.json {
		err = printJSON(s.Out, result)
	} else {
		fmt.Fprintf(s.Out, "one batch of %d clips: accuracy %.1f %% after %d steps, loss %.4f\n", result.Clips, result.Accuracy, result.Steps, result.Loss)
	}
	if result.Accuracy < 100 {
		return errors.Join(err, fmt.Errorf("one batch could not be learned by heart in %d steps: try a higher --lr, and look at labels and clips (videomae check)", heartSteps))
	}
	return err
}

// trainAndReport trains, and draws the curve however the run ended.
func (o finetuneOptions) trainAndReport(ctx context.Context, s Streams, options finetune.Options, steps int) error {
	sink, err := openSinks(s, options.Out, options.From.Step, steps)
	if err != nil {
		return err
	}
	options.Sink = sink
	summary, err := finetune.Run(ctx, options)
	err = errors.Join(err, sink.Close())
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w after step %d; saved %s. Go on with: videomae finetune --out %s --resume", train.ErrInterrupted,
			summary.Progress.Step, summary.Checkpoint, o.out)
	}
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%s: classifier %s on %s", options.Config.Name, options.Config.Model.Size, filepath.Base(options.Data.Source))
	if err := drawCurve(options.Out, title, "cross-entropy"); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, summary)
	}
	if v := summary.Progress.Validation; v.Epoch > 0 {
		fmt.Fprintf(s.Out, "best validation top-1 %.2f after epoch %d: %s\n", v.BestTop1, v.BestEpoch, summary.Best)
	}
	fmt.Fprintf(s.Out, "loss %.4f (mean of the last epoch)\ncheckpoint %s\nloss curve %s\n", summary.Loss, summary.Checkpoint, curveFile(options.Out))
	return nil
}
