package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"videomae/report"
	"videomae/seed"
	"videomae/video"
)

// sampleOptions are what sample was asked for.
type sampleOptions struct {
	scheme, sampling, views string
	frames, stride, draws   int
	seed                    uint64
	middle                  bool
	decoder                 string
	frameRate               float64
	out                     string
	json                    bool
}

// sampling is what sample tells of a video.
type sampling struct {
	File     string         `json:"file"`
	Frames   int            `json:"frames"` // of the video
	Width    int            `json:"width"`
	Height   int            `json:"height"`
	FPS      float64        `json:"fps"`
	Variable bool           `json:"variable_rate"` // times are those of an even rate
	Scheme   video.Sampling `json:"scheme"`
	Mode     video.Mode     `json:"sampling"`
	ClipSize int            `json:"clip_frames"`
	Stride   int            `json:"stride"` // asked for; 0 where the scheme has none
	Span     int            `json:"span"`   // frames that a video needs for a clip as asked
	Short    bool           `json:"short"`  // the video has fewer
	Crops    int            `json:"crops"`  // of each clip; they show the same frames
	Clips    []sampledClip  `json:"clips"`
	Sheet    string         `json:"sheet,omitempty"`
}

// sampledClip is one clip's frames.
type sampledClip struct {
	Indices    []int     `json:"indices"`
	Seconds    []float64 `json:"seconds,omitempty"`
	Strides    []int     `json:"strides"` // from each frame to the next
	MeanStride float64   `json:"mean_stride"`
	Repeated   int       `json:"repeated"` // frames that show the one before once more
}

func newSample(s Streams) *cobra.Command {
	o := sampleOptions{}
	c := &cobra.Command{
		Use:   "sample VIDEO",
		Short: "Show which frames of a video become clips",
		Long: `Print the frames that a model is given of a video, their times and the strides between them, and with --out draw them: where in the
video they lie, and what they show.

Schemes: pretrain (random start), dense (fine-tuning and validation on Kinetics, UCF101 and HMDB51: random stretch), ssv2 (fine-tuning on
Something-Something: a random frame of each of equal parts), test-dense (views spread over the video, 5x3 for Kinetics) and test-ssv2
(views that span the video, 2x3). --sampling official takes exactly the frames of the official code, whose dense clips have a
stride of 4.27 where 4 was asked for; exact keeps to what was asked. A video that is too short is padded, and this command says how.`,
		Example: example(
			"videomae sample clip.mp4",
			"videomae sample clip.mp4 --scheme test-dense --views 5x3 --out pictures",
			"videomae sample clip.mp4 --scheme dense --sampling exact --draws 4 --seed 7 --json"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one video file or folder of pictures (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return sample(c.Context(), s, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.scheme, "scheme", string(video.SamplePretrain), "pretrain, dense, ssv2, test-dense or test-ssv2")
	f.StringVar(&o.sampling, "sampling", string(video.Official), "official or exact")
	f.StringVar(&o.views, "views", "", "clips in time and crops of a test, as in 5x3 (default: 5x3 for test-dense, 2x3 for test-ssv2)")
	f.IntVar(&o.frames, "frames", 16, "frames of a clip")
	f.IntVar(&o.stride, "stride", 4, "frames from one frame of a clip to the next")
	f.IntVar(&o.draws, "draws", 1, "clips to draw, of a random scheme")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the draws")
	f.BoolVar(&o.middle, "middle", false, "take the clip in the middle instead of drawing one")
	f.StringVar(&o.decoder, "decoder", autoDecoder, decoderHelp)
	f.Float64Var(&o.frameRate, "frame-rate", 12, "frames a second of folders of pictures")
	f.StringVar(&o.out, "out", "", "folder to write the picture to")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func sample(ctx context.Context, s Streams, path string, o sampleOptions) error {
	scheme, crops, err := o.parse()
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	decoder, err := openDecoder(o.decoder, o.frameRate)
	if err != nil {
		return err
	}
	defer decoder.Close()
	defer decoder.Close()
	info, err := decoder.Probe(ctx, path)
	if err != nil {
		return err
	}
	r, err := o.take(info, scheme, crops)
	if err != nil {
		return fmt.Errorf("video %s: %w", path, err)
	}
	if o.out != "" {
		if err := r.draw(ctx, decoder, info, o.out); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	r.print(s.Out)
	return nil
}

// parse makes a scheme of the flags.
func (o sampleOptions) parse() (video.Scheme, int, error) {
	scheme, err := video.NewScheme(o.scheme, o.frames, o.stride, o.sampling, o.views)
	if err != nil {
		return scheme, 0, err
	}
	if o.draws < 1 || o.draws > 1000 {
		return scheme, 0, fmt.Errorf("--draws %d must be from 1 to 1000", o.draws)
	}
	test := scheme.Bounds(1) == nil
	switch {
	case !test && o.views != "":
		return scheme, 0, fmt.Errorf("--views are of tests, and scheme %s is none", scheme.Sampling)
	case test && (o.draws > 1 || o.middle):
		return scheme, 0, fmt.Errorf("scheme %s draws nothing: --draws and --middle are not for it", scheme.Sampling)
	case o.middle && o.draws > 1:
		return scheme, 0, fmt.Errorf("there is one clip in the middle: --middle or --draws")
	case !test:
		return scheme, 1, nil
	case o.views == "":
		return scheme, 3, nil
	}
	_, crops, err := video.ParseViews(o.views)
	return scheme, crops, err
}

// take chooses the clips' frames.
func (o sampleOptions) take(info video.Info, scheme video.Scheme, crops int) (sampling, error) {
	r := sampling{File: info.Path, Frames: info.Frames, Width: info.Width, Height: info.Height, FPS: info.FPS, Variable: info.Variable,
		Scheme: scheme.Sampling, Mode: scheme.Mode, ClipSize: scheme.Frames, Stride: scheme.Stride, Span: scheme.Span(), Crops: crops}
	if !scheme.HasStride() {
		r.Stride = 0
	}
	for i := range max(scheme.Views, o.draws) {
		view, rng := i, (*rand.Rand)(nil)
		if scheme.Views == 1 {
			view = 0
		}
		if !o.middle {
			rng = seed.Rand(o.seed, "frames", uint64(i))
		}
		taken, err := scheme.Sample(info.Frames, view, rng)
		if err != nil {
			return r, err
		}
		r.Short = taken.Short
		r.Clips = append(r.Clips, describe(taken, info.FPS))
	}
	return r, nil
}

// describe measures a clip.
func describe(taken video.Taken, fps float64) sampledClip {
	c := sampledClip{Indices: taken.Indices, Strides: []int{}, Repeated: taken.Repeated}
	for i, n := range taken.Indices {
		if fps > 0 {
			c.Seconds = append(c.Seconds, float64(n)/fps)
		}
		if i > 0 {
			c.Strides = append(c.Strides, n-taken.Indices[i-1])
		}
	}
	if last := len(taken.Indices) - 1; last > 0 {
		c.MeanStride = float64(taken.Indices[last]-taken.Indices[0]) / float64(last)
	}
	return c
}

// draw decodes the frames of all clips once and writes the picture.
func (r *sampling) draw(ctx context.Context, d video.Decoder, info video.Info, out string) error {
	const side = 96 // pixels of a picture's shorter side
	var wanted []int
	for _, c := range r.Clips {
		wanted = append(wanted, c.Indices...)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	pictures, err := d.Frames(ctx, info, wanted, video.Output{Channels: 3, ShortSide: side})
	if err != nil {
		return err
	}
	var choices []report.Choice
	for i, c := range r.Clips {
		choices = append(choices, report.Choice{Title: r.title(i), Frames: c.Indices})
	}
	sheet, err := report.Choices(report.Filmed{Frames: r.Frames, FPS: r.FPS, Pictures: pictures, Numbers: wanted}, choices, r.caption())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	name := filepath.Base(filepath.Clean(r.File))
	r.Sheet = filepath.Join(out, fmt.Sprintf("%s-%s.png", strings.TrimSuffix(name, filepath.Ext(name)), r.Scheme))
	return report.WritePNG(r.Sheet, sheet)
}
