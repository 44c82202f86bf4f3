package cli

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/mae"
	"videomae/masking"
	"videomae/recipe"
	"videomae/seed"
	"videomae/train"
)

// warmUpSteps are made before the clock starts; the first of them compiles the graph.
const warmUpSteps = 2

// benchModes lists what bench step can time.
var benchModes = []string{"pretrain"}

// benchOptions are what bench step was asked for.
type benchOptions struct {
	mode, size, precision, engine string
	batch, steps, frames, image   int
	ratio                         float64
	gradientCheckpointing, json   bool
}

// benchmark is a timed step. Times are seconds for one update, from bytes on the host to the loss on the host.
type benchmark struct {
	Engine         string  `json:"engine"`
	Mode           string  `json:"mode"`
	Size           string  `json:"size"`
	Batch          int     `json:"batch"`
	Precision      string  `json:"precision"`
	Best           float64 `json:"best_s"`
	Median         float64 `json:"median_s"`
	ClipsPerSecond float64 `json:"clips_per_s"`  // of the best step
	PeakMiB        int64   `json:"peak_rss_mib"` // of the whole process, on the host; 0 where the system does not tell
}

func newBench(s Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "bench",
		Short:   "Measure speed and memory",
		Example: example("videomae bench step --size small --batch 1 --json"),
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newBenchStep(s))
	return c
}

func newBenchStep(s Streams) *cobra.Command {
	var o benchOptions
	c := &cobra.Command{
		Use:   "step",
		Short: "Time one update of a model's weights",
		Long: fmt.Sprintf(`Time updates of a model with random weights on random clips: forward, backward, AdamW, and the way of the batch to the engine and
of the loss back. %d steps that do not count come first.`, warmUpSteps),
		Example: example(
			"videomae bench step --size small --batch 1",
			"videomae bench step --size base --batch 4 --precision bf16 --engine xla:cpu --json"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return benchStep(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.mode, "mode", benchModes[0], "what to time: pretrain")
	f.StringVar(&o.size, "size", "small", "tiny, small, base, large or huge")
	f.IntVar(&o.batch, "batch", 1, "clips of a step")
	f.StringVar(&o.precision, "precision", "f32", "f32 or bf16")
	f.StringVar(&o.engine, "engine", "", "compute engine (videomae doctor lists them)")
	f.IntVar(&o.steps, "steps", 5, "steps to time")
	f.Float64Var(&o.ratio, "mask-ratio", 0.9, "share of the cubes that the tube mask hides")
	f.IntVar(&o.frames, "frames", 16, "frames of a clip")
	f.IntVar(&o.image, "image", 224, "side of the picture in pixels")
	f.BoolVar(&o.gradientCheckpointing, "gradient-checkpointing", false, "store less and compute more")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func benchStep(ctx context.Context, s Streams, o benchOptions) error {
	if !slices.Contains(benchModes, o.mode) {
		return fmt.Errorf("--mode: unknown mode %q (have %s) (%w)", o.mode, strings.Join(benchModes, ", "), errUsage)
	}
	if o.steps < 1 {
		return fmt.Errorf("--steps: %d steps cannot be timed, ask for at least 1 (%w)", o.steps, errUsage)
	}
	p, err := o.recipe()
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	times, err := timeSteps(ctx, s, p, o.steps)
	if err != nil {
		return err
	}
	slices.Sort(times)
	best, median := times[0].Seconds(), times[len(times)/2].Seconds()
	b := benchmark{Engine: engine.Name(o.engine), Mode: o.mode, Size: o.size, Batch: o.batch, Precision: o.precision, Best: digits(best), Median: digits(median),
		ClipsPerSecond: digits(float64(o.batch) / best), PeakMiB: peakRSS() >> 20}
	if o.json {
		return printJSON(s.Out, b)
	}
	fmt.Fprintf(s.Out, "%s step of %s on %s, batch %d, %s: best %v s, median %v s, %v clips/s, peak memory %d MiB\n",
		b.Mode, b.Size, b.Engine, b.Batch, b.Precision, b.Best, b.Median, b.ClipsPerSecond, b.PeakMiB)
	return nil
}

// digits rounds to four significant digits, more than a repeated measurement agrees on.
func digits(v float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64) // a number's own text is a number
	return rounded
}

// recipe is the run whose steps are timed.
func (o benchOptions) recipe() (recipe.Pretrain, error) {
	p := recipe.Default()
	p.Model.Size, p.Model.Frames, p.Model.Height, p.Model.Width = o.size, o.frames, o.image, o.image
	p.Mask.Ratio = o.ratio
	p.Train.Batch, p.Train.Precision, p.Train.GradientCheckpointing = o.batch, o.precision, o.gradientCheckpointing
	p.Engine = o.engine
	return p.Resolve()
}

// timeSteps makes warm-up steps and then n steps, and returns how long each of the n took.
func timeSteps(ctx context.Context, s Streams, p recipe.Pretrain, n int) ([]time.Duration, error) {
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		return nil, err
	}
	clips, masks, err := randomBatch(model, p)
	if err != nil {
		return nil, err
	}
	stepper, finish, err := openStepper(model, p)
	if err != nil {
		return nil, err
	}
	defer finish()
	var times []time.Duration
	for i := range warmUpSteps + n {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		began := time.Now()
		batch, err := train.NewBatch(model.Encoder, clips, masks, nil)
		if err != nil {
			return nil, err
		}
		result, err := stepper.Step([]train.Batch{batch}, *p.Optim.LR)
		if err != nil {
			return nil, err
		}
		took := time.Since(began)
		if result.Skipped {
			return nil, fmt.Errorf("step %d: loss %v or gradient norm %v is not finite", i+1, result.Loss, result.GradNorm)
		}
		times = append(times, took)
		fmt.Fprintf(s.Err, "step %d/%d  %.3f s\n", i+1, warmUpSteps+n, took.Seconds())
	}
	return times[warmUpSteps:], nil
}

// openStepper puts a model with fresh weights on the engine; finish frees both.
func openStepper(model mae.Config, p recipe.Pretrain) (stepper *train.Stepper, finish func(), err error) {
	backend, err := engine.Open(p.Engine)
	if err != nil {
		return nil, nil, err
	}
	how, err := train.Compute(backend, p.Train.Precision)
	if err == nil {
		how.Checkpoint = p.Train.GradientCheckpointing
		state := train.NewState(train.InitialWeights(model, p.Train.Seed))
		stepper, err = train.NewStepper(backend, model, how, train.AdamW(p.Optim), state)
	}
	if err != nil {
		backend.Finalize()
		return nil, nil, err
	}
	return stepper, func() { stepper.Close(); backend.Finalize() }, nil
}

// randomBatch draws the bytes of a batch of clips and a mask for each.
func randomBatch(model mae.Config, p recipe.Pretrain) (clips []uint8, masks []masking.Mask, err error) {
	e := model.Encoder
	rng := seed.Rand(p.Train.Seed, "bench clips")
	for range p.Train.Batch * e.Frames * e.Height * e.Width * e.Channels / 8 {
		clips = binary.LittleEndian.AppendUint64(clips, rng.Uint64())
	}
	for i := range p.Train.Batch {
		mask, err := masking.Draw(p.Mask.Kind, e.Grid(), p.Mask.Ratio, seed.Rand(p.Train.Seed, "bench mask", uint64(i)))
		if err != nil {
			return nil, nil, err
		}
		masks = append(masks, mask)
	}
	return clips, masks, nil
}
