package cli

import (
	"context"
	"fmt"
	"time"

	"videomae/finetune"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
)

// forecast is what a run would do and need, measured on a few steps and clips on this machine.
type forecast struct {
	Settings       string   `json:"settings"` // YAML
	Derivation     []string `json:"derivation"`
	Clips          int      `json:"clips"`
	Steps          int      `json:"steps"`
	Parameters     int      `json:"parameters"`
	StepFLOP       float64  `json:"flop_per_step"`      // two for each multiply-accumulate; backward counted as twice forward
	MemoryMiB      float64  `json:"predicted_mem_mib"`  // weights, moments, gradients and stored activations
	ClipsPerSecond float64  `json:"decode_clips_per_s"` // decoding alone
	StepSeconds    float64  `json:"step_s"`             // training alone
	Waits          string   `json:"waits"`              // which of the two waits for the other
	Hours          float64  `json:"predicted_hours"`
}

// measuredSteps is how many steps a forecast times, after one that compiles.
const measuredSteps = 2

// dryRun prints the forecast of a run.
func dryRun(ctx context.Context, s Streams, t train.Options, asJSON bool) error {
	f, err := predict(ctx, s, t)
	if err != nil {
		return err
	}
	return f.print(s, asJSON)
}

func (f forecast) print(s Streams, asJSON bool) error {
	if asJSON {
		return printJSON(s.Out, f)
	}
	fmt.Fprintf(s.Out, "%s\n", f.Settings)
	for _, line := range f.Derivation {
		fmt.Fprintln(s.Out, line)
	}
	fmt.Fprintf(s.Out, "clips              %d\n", f.Clips)
	fmt.Fprintf(s.Out, "parameters         %.2f million\n", float64(f.Parameters)/1e6)
	fmt.Fprintf(s.Out, "work in a step     %.1f GFLOP\n", f.StepFLOP/1e9)
	fmt.Fprintf(s.Out, "memory, predicted  %.0f MiB\n", f.MemoryMiB)
	fmt.Fprintf(s.Out, "decoding           %.1f clips/s\n", f.ClipsPerSecond)
	fmt.Fprintf(s.Out, "a training step    %.2f s\n", f.StepSeconds)
	fmt.Fprintf(s.Out, "who waits          %s\n", f.Waits)
	fmt.Fprintf(s.Out, "time, predicted    %v\n", time.Duration(f.Hours*float64(time.Hour)).Round(time.Second))
	return nil
}

func predict(ctx context.Context, s Streams, t train.Options) (forecast, error) {
	perStep := t.Config.Train.ClipsPerStep()
	schedule, _, err := t.Schedule()
	if err != nil {
		return forecast{}, err
	}
	model, err := train.ModelConfig(t.Config.Model)
	if err != nil {
		return forecast{}, err
	}
	masked, err := masking.Count(t.Config.Mask.Kind, model.Encoder.Grid(), t.Config.Mask.Ratio)
	if err != nil {
		return forecast{}, err
	}
	visible := model.Encoder.Tokens() - masked
	f := forecast{Settings: string(t.Config.YAML()), Derivation: schedule.Derivation, Clips: len(t.Data.Items), Steps: schedule.TotalSteps,
		Parameters: model.Parameters(), StepFLOP: 6 * float64(model.ForwardMACs(visible)) * float64(perStep),
		MemoryMiB: predictMemory(t.Config, model.Parameters(), visible, model.Encoder.Tokens())}
	fmt.Fprintf(s.Err, "timing %d steps and their clips\n", measuredSteps)
	measured, err := train.Measure(ctx, t, measuredSteps)
	if err != nil {
		return forecast{}, err
	}
	f.timed(measured, perStep)
	return f, nil
}

// predictFinetune is the forecast of a fine-tuning run. Training is counted as if nothing were frozen.
func predictFinetune(ctx context.Context, s Streams, o finetune.Options, schedule recipe.Schedule) (forecast, error) {
	parameters := 0
	for _, spec := range o.Model.Specs() {
		parameters += spec.Size()
	}
	m, perStep := o.Config.Model, o.Config.Train.ClipsPerStep()
	clips := perStep * o.Config.Data.Repeats
	blocks := blockMemory(o.Config.Train.Train, part{o.Model.Encoder.Tokens(), m.EncoderWidth, m.EncoderHeads, m.EncoderDepth})
	pixels := 2 * float64(o.Model.Encoder.Tokens()*o.Model.Encoder.CubeSize()) // the clip, and cut into cubes
	f := forecast{Settings: string(o.Config.YAML()), Derivation: schedule.Derivation, Clips: len(o.Data.Items), Steps: schedule.TotalSteps,
		Parameters: parameters, StepFLOP: 6e9 * encoderGMAC(o.Model.Encoder) * float64(clips),
		MemoryMiB: mib(parameters, float64(o.Config.Train.Batch*o.Config.Data.Repeats)*(blocks+pixels))}
	fmt.Fprintf(s.Err, "timing %d steps and their clips\n", measuredSteps)
	measured, err := finetune.Measure(ctx, o, measuredSteps)
	if err != nil {
		return forecast{}, err
	}
	f.timed(measured, perStep)
	return f, nil
}

// timed adds what was measured: how long steps of so many clips take.
func (f *forecast) timed(measured train.Measured, perStep int) {
	f.ClipsPerSecond, f.StepSeconds = measured.ClipsPerSecond, measured.StepSeconds
	decode := float64(perStep) / f.ClipsPerSecond
	f.Waits = fmt.Sprintf("training waits for video: %.2f s to decode a step's clips, %.2f s to train on them", decode, f.StepSeconds)
	if decode < f.StepSeconds {
		f.Waits = fmt.Sprintf("video waits for training: %.2f s to decode a step's clips, %.2f s to train on them", decode, f.StepSeconds)
	}
	// Engines that compute on the CPU share it with the decoders, so that the two times add up; this is the worse case.
	f.Hours = float64(f.Steps) * (f.StepSeconds + decode) / 3600
}

// predictMemory estimates a pre-training step's memory in MiB.
func predictMemory(p recipe.Pretrain, parameters, visible, tokens int) float64 {
	m := p.Model
	blocks := blockMemory(p.Train.Train, part{visible, m.EncoderWidth, m.EncoderHeads, m.EncoderDepth}, part{tokens, m.DecoderWidth, m.DecoderHeads, m.DecoderDepth})
	cube := m.Tubelet * m.Patch * m.Patch * m.Channels
	pixels := 6 * float64(tokens*cube) // normalised clip, cubes, target and its parts, prediction
	return mib(parameters, float64(p.Train.Batch)*(blocks+pixels))
}

// mib is the memory of four copies of the weights (values, two moments, gradients) and of the activations that the backward pass needs.
func mib(parameters int, activations float64) float64 {
	return 4 * (4*float64(parameters) + activations) / (1 << 20)
}

// part is an encoder or a decoder.
type part struct{ tokens, width, heads, depth int }

// blockMemory counts the values of a clip that blocks keep for the backward pass: with gradient checkpointing those of one block at a time,
// and the inputs of all.
func blockMemory(t recipe.Train, parts ...part) float64 {
	var all, largest, inputs float64
	for _, p := range parts {
		one := stored(p.tokens, p.width, p.heads)
		all += one * float64(p.depth)
		largest = max(largest, one)
		inputs += float64(p.tokens * p.width * p.depth)
	}
	if t.GradientCheckpointing {
		return largest + inputs
	}
	return all
}

// stored counts the values that a block keeps for the backward pass: two norms (4 D), query, key and value (4 D), attention's
// output (2 D), the MLP's hidden values (5 x 4 D) and residual sums (2 D) for each token, and three N x N maps a head.
func stored(tokens, width, heads int) float64 {
	return float64(tokens)*32*float64(width) + 3*float64(heads)*float64(tokens)*float64(tokens)
}
