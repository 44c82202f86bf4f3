package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"videomae/extract"
	"videomae/finetune"
	"videomae/video"
)

// featuresOptions are what features was asked for.
type featuresOptions struct {
	encoderOptions
	out, format   string
	every, window time.Duration
	stride        int // 0: as in training
	layer         int
	norm          bool
	normGiven     bool
	pool          string
	batch         int
	json          bool
}

// featuresReport is what features tells of its work.
type featuresReport struct {
	Done       int            `json:"done"`
	Skipped    int            `json:"skipped"` // were there already
	Unreadable int            `json:"unreadable"`
	Files      []featuresFile `json:"files"`
}

// featuresFile is what became of one video.
type featuresFile struct {
	Video   string  `json:"video"`
	Out     string  `json:"out,omitempty"`
	Shape   []int   `json:"shape,omitempty"`
	Skipped bool    `json:"skipped,omitempty"`
	Seconds float64 `json:"seconds,omitempty"` // that it took
	Error   string  `json:"error,omitempty"`
}

func newFeatures(s Streams) *cobra.Command {
	o := featuresOptions{}
	c := &cobra.Command{
		Use:   "features VIDEO...",
		Short: "Write what an encoder makes of videos",
		Long: `Run the encoder of a checkpoint, pre-trained or fine-tuned, over videos and write its features as float32: one row for the middle of
each video, or with --every a row for each moment, for as long as the video lasts. Memory does not grow with its length.

Window k is centred at k x every seconds; near the ends it is moved inside the video. It has the model's number of frames, the stride of its
training apart, or spread over --window seconds. Frames are cut as in the official validation: shorter side resized, middle cut.

Layer l is what block l puts out. The last one is followed by the encoder's norm (--norm=false leaves it away): of each cube in a
pre-trained model, of the mean of all cubes in a classifier.

  --pool mean     [n, D]        the mean over all cubes of a window
  --pool tokens   [n, T/2, D]   the mean over the cubes of each time slot
  --pool none     [n, N, D]     every cube, by time slot, row and column

X.npy has X.times.npy beside it (centre of each window, in seconds, float64), X.spans.npy (times of its first and last frame) and X.json (how
the features were made); X.safetensors holds all of it. Called again, the command goes on with the videos that are missing. A video that
cannot be read is named, the others are done, and the exit status is 1.`,
		Example: example(
			"videomae features clip.mp4 --checkpoint run --out clip.npy",
			"videomae features thumos/*.mp4 --checkpoint run --every 1s --out features",
			"videomae features film.mkv --checkpoint run --every 500ms --window 2s --pool tokens --layer 9 --out film.safetensors"),
		Args: someVideos,
		RunE: func(c *cobra.Command, args []string) error {
			o.normGiven = c.Flags().Changed("norm")
			return features(c.Context(), s, args, o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "file (.npy or .safetensors) of one video, or folder")
	f.StringVar(&o.format, "format", "npy", "of files in a folder: npy or safetensors")
	f.DurationVar(&o.every, "every", 0, "time from one window to the next, such as 1s (default: one window in the middle)")
	f.DurationVar(&o.window, "window", 0, "time that a window covers (default: the stride decides)")
	f.IntVar(&o.stride, "stride", 0, "frames from one frame of a window to the next (default: as in training)")
	f.IntVar(&o.layer, "layer", 0, "block whose output to take, from 1 (default: the last)")
	f.BoolVar(&o.norm, "norm", true, "apply the encoder's norm, which only the last layer has")
	f.StringVar(&o.pool, "pool", string(extract.Mean), "mean, tokens or none")
	f.IntVar(&o.batch, "batch", 4, "windows that pass through the encoder at once")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

// someVideos refuses a call without arguments.
func someVideos(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s takes video files or folders of pictures (%w)", c.CommandPath(), errUsage)
	}
	return nil
}

func features(ctx context.Context, s Streams, videos []string, o featuresOptions) error {
	outputs, err := o.check(videos)
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	if o.checkpoint, err = checkpointOf(ctx, s, o.checkpoint); err != nil {
		return err
	}
	encoder, err := finetune.LoadEncoder(o.checkpoint)
	if err != nil {
		return err
	}
	fingerprint := extract.Fingerprint(encoder)
	wanted := extract.Options{Layer: o.layer, Norm: o.norm, Pool: extract.Pool(o.pool)}
	if !o.normGiven && o.layer != 0 && o.layer != encoder.Config.Depth {
		wanted.Norm = false
	}
	m, err := o.start()
	if err != nil {
		return err
	}
	defer m.close()
	extractor, err := extract.New(m.backend, encoder, m.how, wanted)
	if err != nil {
		return err
	}
	defer extractor.Close()
	work := featuresWork{featuresOptions: o, streams: s, decoder: m.decoder, extractor: extractor, fingerprint: fingerprint}
	report := featuresReport{Files: []featuresFile{}}
	for i, path := range videos {
		file, err := work.one(ctx, path, outputs[i])
		if err != nil {
			return interrupted(ctx, err)
		}
		report.add(file)
	}
	if err := report.print(s, o.json); err != nil {
		return err
	}
	return unreadable(report.Unreadable, len(videos))
}

// interrupted says how to go on after Ctrl-C.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted; the same command goes on: %w", err)
	}
	return err
}

// unreadable is the error of a command that could not read some videos.
func unreadable(bad, all int) error {
	if bad == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d videos could not be read", bad, all)
}

// check finds what is wrong with a call, and names the outputs.
func (o featuresOptions) check(videos []string) ([]string, error) {
	switch {
	case o.checkpoint == "" || o.out == "":
		return nil, errors.New("--checkpoint and --out are needed")
	case o.every < 0 || o.window < 0:
		return nil, errors.New("--every and --window must not be negative")
	case o.stride < 0:
		return nil, fmt.Errorf("--stride %d must be at least 1", o.stride)
	case o.stride > 0 && o.window > 0:
		return nil, errors.New("--stride and --window decide the same thing: give one of them")
	case o.batch < 1:
		return nil, fmt.Errorf("--batch %d must be at least 1", o.batch)
	case o.format != "npy" && o.format != "safetensors":
		return nil, fmt.Errorf("unknown format %q (have npy, safetensors)", o.format)
	}
	if ext := filepath.Ext(o.out); ext == extract.NPY || ext == extract.Safetensors {
		if len(videos) > 1 {
			return nil, fmt.Errorf("--out %s is one file, for %d videos: give a folder", o.out, len(videos))
		}
		return []string{o.out}, nil
	}
	return outputNames(videos, o.out, "."+o.format)
}

// outputNames gives each video a file in a folder, of its name.
func outputNames(videos []string, folder, extension string) ([]string, error) {
	from := map[string]string{}
	var names []string
	for _, path := range videos {
		name := stem(path)
		if other, taken := from[name]; taken {
			return nil, fmt.Errorf("%s and %s would both be written as %s: give them in two calls with other folders", other, path, name+extension)
		}
		from[name] = path
		names = append(names, filepath.Join(folder, name+extension))
	}
	return names, nil
}

// stem is a video's name without folder and extension.
func stem(path string) string {
	name := filepath.Base(filepath.Clean(path))
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// featuresWork is what all videos of a call share.
type featuresWork struct {
	featuresOptions
	streams     Streams
	decoder     video.Decoder
	extractor   *extract.Extractor
	fingerprint string
}

// one does one video. An error is one that others would meet too.
func (w featuresWork) one(ctx context.Context, path, out string) (featuresFile, error) {
	began := time.Now()
	file := featuresFile{Video: path}
	bad := func(err error) (featuresFile, error) {
		if ctx.Err() != nil || errors.Is(err, video.ErrUnavailable) {
			return file, err
		}
		file.Error = err.Error()
		fmt.Fprintf(w.streams.Err, "unreadable: %v\n", err)
		return file, nil
	}
	info, err := w.decoder.Probe(ctx, path)
	if err != nil {
		return bad(err)
	}
	windows, err := w.sliding().Plan(info)
	if err != nil {
		return bad(err)
	}
	file.Out = out
	about := w.about(info, windows)
	file.Shape = about.Shape
	if file.Skipped, err = extract.Saved(out, about); err != nil || file.Skipped {
		return file, err
	}
	w.remark(info, windows)
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return file, err
	}
	var broken error // the video's own failure, apart from those of writing
	err = extract.Save(out, about, windows, func(emit func([]float32) error) error {
		broken = w.rows(ctx, info, windows, emit)
		return broken
	})
	if errors.Is(broken, extract.ErrVideo) {
		file.Out, file.Shape = "", nil
		return bad(broken)
	}
	file.Seconds = time.Since(began).Seconds()
	return file, err
}
