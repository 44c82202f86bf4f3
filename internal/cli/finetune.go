package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/finetune"
	"videomae/recipe"
	"videomae/train"
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
		if err := initOf(c, s); err != nil {
			return err
		}
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
