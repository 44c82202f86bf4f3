// bench step: how long a step takes.

package cli

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/recipe"
)

// benchOptions are what bench step was asked for.
type benchOptions struct {
	mode, size, precision, engine       string
	batch, steps, warmup, frames, image int
	ratio                               float64
	gradientCheckpointing               bool
	json, profile                       bool
}

// benchmark is a timed step. Times are seconds from bytes on the host to the result on the host.
type benchmark struct {
	Engine         string    `json:"engine"`
	Mode           string    `json:"mode"`
	Size           string    `json:"size"`
	Batch          int       `json:"batch"`
	Precision      string    `json:"precision"`
	Workers        int       `json:"workers"`   // processors that this process may use at a time
	Compile        float64   `json:"compile_s"` // building and compiling the graph, once
	Best           float64   `json:"best_s"`
	Median         float64   `json:"median_s"`
	Times          []float64 `json:"times_s"`      // of the timed steps, in their order
	ClipsPerSecond float64   `json:"clips_per_s"`  // of the best step
	PeakMiB        int64     `json:"peak_rss_mib"` // of the whole process, on the host; 0 where the system does not tell
}

func newBenchStep(s Streams) *cobra.Command {
	var o benchOptions
	c := &cobra.Command{
		Use:   "step",
		Short: "Time one step of training or one forward pass",
		Long: fmt.Sprintf(`Time a model with random weights on random clips, and the way of the batch to the engine and of the result back. Modes:

  pretrain  an update of an autoencoder: forward, backward, AdamW
  finetune  an update of a classifier of %d classes that sees all cubes
  infer     the logits of that classifier

Compiling the graph is timed apart.`, benchClasses),
		Example: example(
			"videomae bench step --size small --batch 1",
			"videomae bench step --size base --profile",
			"videomae bench step --mode finetune --size base --batch 4 --precision bf16 --engine xla:cpu --json"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return benchStep(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.mode, "mode", pretrainMode, "what to time: "+strings.Join(benchModes, ", "))
	f.StringVar(&o.size, "size", "small", strings.Join(recipe.SizeNames, ", "))
	f.IntVar(&o.batch, "batch", 1, "clips of a step")
	f.StringVar(&o.precision, "precision", "f32", "f32 or bf16")
	f.StringVar(&o.engine, "engine", "", "compute engine (videomae doctor lists them)")
	f.IntVar(&o.steps, "steps", 5, "steps to time")
	f.IntVar(&o.warmup, "warmup", 2, "steps before them that do not count")
	f.Float64Var(&o.ratio, "mask-ratio", 0.9, "share of the cubes that the tube mask of pretrain hides")
	f.IntVar(&o.frames, "frames", 16, "frames of a clip")
	f.IntVar(&o.image, "image", 224, "side of the picture in pixels")
	f.BoolVar(&o.gradientCheckpointing, "gradient-checkpointing", false, "store less and compute more")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	f.BoolVar(&o.profile, "profile", false, "make as many steps again and list what takes their time (engine simd)")
	return c
}

func benchStep(ctx context.Context, s Streams, o benchOptions) error {
	p, err := o.recipe()
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	backend, err := engine.Open(p.Engine)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	on, ok := backend.(profiler)
	if o.profile && !ok {
		return fmt.Errorf("--profile: engine %s does not tell where its time goes, simd does", engine.Name(o.engine))
	}
	w, err := openWork(backend, o.mode, p)
	if err != nil {
		return err
	}
	defer w.close()
	began := time.Now()
	if err := w.compile(); err != nil {
		return err
	}
	compile := time.Since(began)
	times, err := timeSteps(ctx, s, w, o.warmup, o.steps)
	if err != nil {
		return err
	}
	b := benchmark{Engine: engine.Name(o.engine), Mode: o.mode, Size: o.size, Batch: o.batch, Precision: o.precision,
		Workers: runtime.GOMAXPROCS(0), Compile: digits(compile.Seconds()), PeakMiB: peakRSS() >> 20}
	b.summarise(times)
	if err := b.print(s, o.json); err != nil || !o.profile {
		return err
	}
	return benchProfile(s, on, w, o)
}

// recipe is the run whose steps are timed, after checking the options that recipes do not have.
func (o benchOptions) recipe() (recipe.Pretrain, error) {
	p := recipe.Default()
	switch {
	case !slices.Contains(benchModes, o.mode):
		return p, fmt.Errorf("--mode: unknown mode %q (have %s)", o.mode, strings.Join(benchModes, ", "))
	case o.steps < 1:
		return p, fmt.Errorf("--steps: %d steps cannot be timed, ask for at least 1", o.steps)
	case o.warmup < 0:
		return p, fmt.Errorf("--warmup: %d steps cannot be made, ask for 0 or more", o.warmup)
	case o.json && o.profile:
		return p, fmt.Errorf("--profile prints a table, leave --json away")
	case o.gradientCheckpointing && o.mode == inferMode:
		return p, fmt.Errorf("--gradient-checkpointing: %s has no backward pass to store for", o.mode)
	}
	p.Model.Size, p.Model.Frames, p.Model.Height, p.Model.Width = o.size, o.frames, o.image, o.image
	p.Mask.Ratio = o.ratio
	p.Train.Batch, p.Train.Precision, p.Train.GradientCheckpointing = o.batch, o.precision, o.gradientCheckpointing
	p.Engine = o.engine
	return p.Resolve()
}

// timeSteps makes warm-up steps and then n steps, and returns how long each of the n took.
func timeSteps(ctx context.Context, s Streams, w benchWork, warmup, n int) ([]time.Duration, error) {
	var times []time.Duration
	for i := range warmup + n {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		began := time.Now()
		if err := w.step(); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		times = append(times, time.Since(began))
		fmt.Fprintf(s.Err, "step %d/%d  %.3f s\n", i+1, warmup+n, times[i].Seconds())
	}
	return times[warmup:], nil
}

// summarise fills in what the times of the steps say.
func (b *benchmark) summarise(times []time.Duration) {
	for _, t := range times {
		b.Times = append(b.Times, digits(t.Seconds()))
	}
	sorted := slices.Sorted(slices.Values(times))
	best, n := sorted[0], len(sorted)
	median := (sorted[(n-1)/2] + sorted[n/2]) / 2
	b.Best, b.Median, b.ClipsPerSecond = digits(best.Seconds()), digits(median.Seconds()), digits(float64(b.Batch)/best.Seconds())
}

func (b *benchmark) print(s Streams, asJSON bool) error {
	if asJSON {
		return printJSON(s.Out, b)
	}
	_, err := fmt.Fprintf(s.Out, "%s step of %s on %s, batch %d, %s, %d workers: best %v s, median %v s, %v clips/s, peak memory %d MiB, compiled in %v s\n",
		b.Mode, b.Size, b.Engine, b.Batch, b.Precision, b.Workers, b.Best, b.Median, b.ClipsPerSecond, b.PeakMiB, b.Compile)
	return err
}
