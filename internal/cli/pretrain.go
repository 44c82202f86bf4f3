package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"videomae/dataset"
	"videomae/engine"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// pretrainOptions are what pretrain was asked for.
type pretrainOptions struct {
	recipe    string
	overrides []string
	out       string
	resume    bool
	dryRun    bool
	json      bool
	apply     func(*recipe.Pretrain) error // puts the flags into a recipe
}

func newPretrain(s Streams) *cobra.Command {
	var o pretrainOptions
	c := &cobra.Command{
		Use:   "pretrain",
		Short: "Pre-train a VideoMAE model on videos",
		Long: `Pre-train a VideoMAE model on videos: hide most of each clip and learn to predict it.

Without --recipe the settings fit a laptop and a small data set; what was chosen is printed with its derivation. The folder of --out
receives checkpoints, metrics.jsonl, TensorBoard events, reconstructions and the loss curve.`,
		Example: example(
			"videomae pretrain --data clips.csv --model tiny --out run",
			"videomae pretrain --data clips.csv --out run --resume",
			"videomae pretrain --recipe k400-vit-b-1600 --data train.csv --set train.batch=32 --accumulate 64 --out run",
			"videomae pretrain --data new-clips --init old-run --out new-run",
			"videomae pretrain --recipe demo --data clips --out run --dry-run"),
		Args: noArgs,
	}
	c.Flags().StringVar(&o.recipe, "recipe", "", "recipe to start from: a YAML file or one of the built-in names (videomae inspect lists them)")
	c.Flags().StringVar(&o.out, "out", "", "folder of the run")
	c.Flags().BoolVar(&o.resume, "resume", false, "go on from the newest checkpoint of --out, or begin if there is none")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "print settings, memory, work and predicted time; train nothing")
	c.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
	addSettings(c, &o.overrides, recipe.Default())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := initOf(c, s); err != nil {
			return err
		}
		o.apply = func(p *recipe.Pretrain) error { return applySettings(c, o.overrides, p) }
		return pretrain(c.Context(), s, o)
	}
	return c
}

func pretrain(ctx context.Context, s Streams, o pretrainOptions) error {
	if o.out == "" && !o.dryRun {
		return fmt.Errorf("--out is needed: the folder of the run (%w)", errUsage)
	}
	checkpoint, err := startingPoint(s, o)
	if err != nil {
		return err
	}
	t, err := assemble(s, o, checkpoint)
	if err != nil {
		return err
	}
	defer t.Backend.Finalize()
	defer closeAfterRun(s, t.Decoder)
	if o.dryRun {
		return dryRun(ctx, s, t, o.json)
	}
	schedule, _, err := t.Schedule()
	if err != nil {
		return err
	}
	explain(s, t, schedule)
	return runAndReport(ctx, s, o, t, schedule.TotalSteps)
}

// startingPoint is the checkpoint to go on from, or nil for a new run.
func startingPoint(s Streams, o pretrainOptions) (*train.Checkpoint[recipe.Pretrain], error) {
	if o.out == "" || o.dryRun && !o.resume {
		return nil, nil
	}
	newest, err := newestOf(s, o.out, o.resume)
	if err != nil || newest == "" {
		return nil, err
	}
	c, err := train.LoadCheckpoint(newest)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// assemble opens everything a run needs.
func assemble(s Streams, o pretrainOptions, from *train.Checkpoint[recipe.Pretrain]) (train.Options, error) {
	t := train.Options{Out: o.out}
	var err error
	if t.Config, err = configuration(o, from); err != nil {
		return t, err
	}
	if t.Config.Data.Path == "" {
		return t, fmt.Errorf("--data is needed: a list or a folder of videos (%w)", errUsage)
	}
	t.Data, err = dataset.Load(t.Config.Data.Path, manifestOptions(t.Config.Data, t.Config.Data.Split))
	if err != nil {
		return t, err
	}
	if from != nil && from.Progress.Manifest != t.Data.Hash() {
		return t, fmt.Errorf("%s is not the list that %s was trained on: names, labels or splits differ; to train on new data begin a new run with --init %s",
			t.Config.Data.Path, o.out, o.out)
	}
	if t.Decoder, err = openForRun(s, t.Config.Decoder, t.Config.Data, o.out); err != nil {
		return t, err
	}
	if t.Start, t.From, err = startState(t.Config, from); err != nil {
		return t, err
	}
	if from != nil {
		t.Origin = from.About[weights.OriginKey]
	} else if t.Origin, err = train.OriginOf(t.Config.Train.Init); err != nil {
		return t, err
	}
	t.Bad = s.unreadable
	t.Note = func(text string) { fmt.Fprintln(s.Err, text) }
	t.Engine = engine.Name(t.Config.Engine)
	t.Backend, err = engine.Open(t.Engine)
	return t, err
}

// configuration resolves the settings: those of the recipe, the checkpoint or the defaults, then flags and overrides.
func configuration(o pretrainOptions, from *train.Checkpoint[recipe.Pretrain]) (recipe.Pretrain, error) {
	p := recipe.Default()
	if from != nil {
		p = from.Config
	}
	if o.recipe != "" {
		var err error
		if p, err = recipe.Load(o.recipe); err != nil {
			return p, err
		}
		if from != nil {
			p.Data.Path = from.Config.Data.Path
		}
	}
	if err := o.apply(&p); err != nil {
		return p, fmt.Errorf("%w (%w)", err, errUsage)
	}
	p, err := p.Resolve()
	if err != nil || from == nil {
		return p, err
	}
	return p, sameRun(from.Config, p)
}

// freeOnResume are the settings that do not change what a run computes.
var freeOnResume = map[string]bool{
	"name": true, "about": true, "engine": true, "decoder": true, "data.path": true, "data.root": true, "data.workers": true, "data.max_bad_share": true,
	"data.decode_seconds": true, "data.quarantine": true,
	"train.checkpoint_steps": true, "train.checkpoint_minutes": true, "train.keep": true, "train.reconstruct_steps": true, "train.log_steps": true,
}

// sameRun refuses to resume a run with settings that would make it another one.
func sameRun[R recipe.Recipe](was, is R) error {
	for _, d := range recipe.Differences(was, is) {
		if !freeOnResume[d.Key] {
			return fmt.Errorf("%s was %s when this run began and cannot become %s: begin a new run with --init", d.Key, d.Was, d.Is)
		}
	}
	return nil
}

// startState is what training begins with: the checkpoint's state, other weights, or fresh ones.
func startState(p recipe.Pretrain, from *train.Checkpoint[recipe.Pretrain]) (train.State, train.Progress, error) {
	if from != nil {
		return from.State, from.Progress, nil
	}
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		return train.State{}, train.Progress{}, err
	}
	if p.Train.Init == "" {
		return train.NewState(train.InitialWeights(model.Specs(), p.Train.Seed)), train.Progress{}, nil
	}
	weights, err := train.InitWeights(p.Train.Init, model)
	return train.NewState(weights), train.Progress{}, err
}

// explain prints what will be done and why.
func explain(s Streams, t train.Options, schedule recipe.Schedule) {
	m, p := t.Config.Model, t.Config.Train
	fmt.Fprintf(s.Err, "recipe %s: model %s, %d frames of %dx%d, %s mask %v, %s target, %s, engine %s\n",
		t.Config.Name, m.Size, m.Frames, m.Height, m.Width, t.Config.Mask.Kind, t.Config.Mask.Ratio, m.Target, p.Precision, t.Engine)
	fmt.Fprintf(s.Err, "data: %d clips of %s\n", len(t.Data.Items), t.Data.Source)
	for _, line := range schedule.Derivation {
		fmt.Fprintln(s.Err, "  "+line)
	}
	if t.From.Step > 0 {
		fmt.Fprintf(s.Err, "resuming after step %d\n", t.From.Step)
	}
}

// runAndReport trains, and draws the curve however the run ended.
func runAndReport(ctx context.Context, s Streams, o pretrainOptions, t train.Options, steps int) error {
	sink, err := openSinks(s, t.Out, t.From.Step, steps)
	if err != nil {
		return err
	}
	t.Sink = sink
	if t.Viewer, err = newViewer(ctx, t); err != nil {
		return errors.Join(err, sink.Close())
	}
	summary, err := train.Run(ctx, t)
	err = errors.Join(err, sink.Close())
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w after step %d; saved %s. Go on with: videomae pretrain --out %s --resume", train.ErrInterrupted,
			summary.Progress.Step, summary.Checkpoint, o.out)
	}
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%s: VideoMAE %s on %s", t.Config.Name, t.Config.Model.Size, filepath.Base(t.Data.Source))
	if err := drawCurve(t.Out, title, fmt.Sprintf("%s, %s target", t.Config.Model.Loss, t.Config.Model.Target)); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, summary)
	}
	fmt.Fprintf(s.Out, "loss %.4f (mean of the last epoch), trivial predictors: %s\n", summary.Loss, train.FormatBaselines(summary.Baselines))
	fmt.Fprintf(s.Out, "checkpoint %s\nloss curve %s\n", summary.Checkpoint, curveFile(t.Out))
	return nil
}
