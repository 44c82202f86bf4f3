package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
)

// reconstructOptions are what reconstruct was asked for.
type reconstructOptions struct {
	checkpoint, video, out string
	engine, decoder        string
	mask                   string  // empty: as in training
	ratio                  float64 // 0: as in training
	seed                   uint64
	json                   bool
}

// reconstructed is what reconstruct tells of its work.
type reconstructed struct {
	Loss      float64            `json:"loss"`
	Baselines map[string]float64 `json:"baselines"`
	Frames    []int              `json:"frames"` // of the video
	pictures
}

func newReconstruct(s Streams) *cobra.Command {
	o := reconstructOptions{}
	c := &cobra.Command{
		Use:   "reconstruct",
		Short: "Show what a model predicts for the masked part of a video",
		Long: `Mask the middle of a video, let a pre-trained model predict what is hidden, and write it as a PNG sheet, a GIF and an MP4.

A model of normalised pixels predicts each cube's pattern but not its mean and contrast. Both ways of adding them are shown:
those of the masked cube itself (as the official tool does, which leaks), and those of the nearest visible cube.`,
		Example: example(
			"videomae reconstruct --checkpoint run --video clip.mp4 --out pictures",
			"videomae reconstruct --checkpoint run/checkpoints/step-00000800 --video clip.mp4 --mask-ratio 0.75 --seed 3 --out pictures --json"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return reconstruct(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.checkpoint, "checkpoint", "", sourceHelp)
	f.StringVar(&o.video, "video", "", "video file, or folder of pictures")
	f.StringVar(&o.out, "out", "", "folder to write to")
	f.StringVar(&o.engine, "engine", "", "compute engine (videomae doctor lists them)")
	f.StringVar(&o.decoder, "decoder", autoDecoder, decoderHelp)
	f.StringVar(&o.mask, "mask", "", "tube, random or frame (default: as in training)")
	f.Float64Var(&o.ratio, "mask-ratio", 0, "share of the cubes to mask (default: as in training)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the mask")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func reconstruct(ctx context.Context, s Streams, o reconstructOptions) error {
	if o.checkpoint == "" || o.video == "" || o.out == "" {
		return fmt.Errorf("--checkpoint, --video and --out are needed (%w)", errUsage)
	}
	folder, err := checkpointOf(ctx, s, o.checkpoint)
	if err != nil {
		return err
	}
	config, model, weights, err := train.LoadModel(folder)
	if err != nil {
		return err
	}
	if o.mask != "" {
		config.Mask.Kind = masking.Kind(o.mask)
	}
	if o.ratio != 0 {
		config.Mask.Ratio = o.ratio
	}
	mask, err := drawMask(config, o.seed)
	if err != nil {
		return err
	}
	decoder, err := openDecoder(o.decoder, config.Data.FrameRate)
	if err != nil {
		return err
	}
	defer decoder.Close()
	clip, taken, err := middleClip(ctx, decoder, o.video, modelShape(config))
	if err != nil {
		return err
	}
	backend, err := engine.Open(o.engine)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	how, err := train.Compute(backend, config.Train.Precision)
	if err != nil {
		return err
	}
	predictor, err := train.NewPredictor(backend, model, how)
	if err != nil {
		return err
	}
	defer predictor.Close()
	shown, err := predictor.Reconstruct(train.Tensors(model.Specs(), weights), clip, mask)
	if err != nil {
		return err
	}
	return o.write(ctx, s, config, taken, shown)
}

// write draws the sheet and the films, and reports.
func (o reconstructOptions) write(ctx context.Context, s Streams, p recipe.Pretrain, taken source, shown train.Shown) error {
	name := filepath.Base(filepath.Clean(o.video))
	r := reconstructed{Loss: shown.Loss, Baselines: shown.Baselines, Frames: taken.frames}
	caption := fmt.Sprintf("%s, %s mask %.3g: loss %.4f, trivial predictors %s", name, p.Mask.Kind, p.Mask.Ratio, r.Loss, train.FormatBaselines(r.Baselines))
	var err error
	if r.pictures, err = draw(ctx, filepath.Join(o.out, stem(o.video)), shown.Panels(), 2, caption, taken.fps/float64(p.Data.Stride)); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	fmt.Fprintf(s.Out, "loss %.4f, trivial predictors: %s\n%s\n%s\n%s\n", r.Loss, train.FormatBaselines(r.Baselines), r.Sheet, r.GIF, r.MP4)
	return nil
}
