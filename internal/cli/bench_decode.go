// bench decode: how many clips a second a decoder gives.

package cli

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"videomae/dataset/pack"
	"videomae/seed"
	"videomae/video"
)

// benchDecodeOptions are what bench decode was asked for.
type benchDecodeOptions struct {
	decoder, pack                                  string
	frames, stride, size, shortSide, clips, repeat int
	threads                                        int
	seed                                           uint64
	starts                                         []int
	json                                           bool
}

// decodeBenchmark is the speed of a decoder. Each clip opens its file anew: description, count of frames, pixels ready for a model.
type decodeBenchmark struct {
	Decoder   string        `json:"decoder"`
	Frames    int           `json:"frames"`
	Stride    int           `json:"stride"`
	Size      int           `json:"size"`
	ShortSide int           `json:"short_side"`
	Threads   int           `json:"threads"`
	Clips     int           `json:"clips"` // of each file, each decoded Repeat times
	Repeat    int           `json:"repeat"`
	PerSecond float64       `json:"clips_per_s"` // geometric mean over files
	Files     []decodedFile `json:"files"`
	PeakMiB   int64         `json:"peak_rss_mib"`
}

// decodedFile is what was measured of one file.
type decodedFile struct {
	Path      string  `json:"path"`
	Codec     string  `json:"codec"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Count     int     `json:"frame_count"`
	Starts    []int   `json:"starts"`
	Seconds   float64 `json:"seconds"` // for all starts, the best of the repeats
	PerSecond float64 `json:"clips_per_s"`
}

func newBenchDecode(s Streams) *cobra.Command {
	var o benchDecodeOptions
	c := &cobra.Command{
		Use:   "decode FILE...",
		Short: "Time the decoding of clips",
		Long: `Decode clips that begin at random frames, scale their shorter side and cut a square from the centre. Every clip opens its file anew.

Speed is given for each file, from the best of the repeats, and over all files as their geometric mean.`,
		Example: example(
			"videomae bench decode clips/*.mp4",
			"videomae bench decode --decoder libav --frames 16 --stride 4 --size 224 --threads 1 --json clip.mp4"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s: name at least one video (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return benchDecode(c.Context(), s, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.decoder, "decoder", autoDecoder, decoderHelp)
	f.StringVar(&o.pack, "pack", "", "read the videos' clips in this pack instead (videomae pack)")
	f.IntVar(&o.frames, "frames", 16, "frames of a clip")
	f.IntVar(&o.stride, "stride", 4, "frames of the video from one frame of a clip to the next")
	f.IntVar(&o.size, "size", 224, "side of the square that is cut, in pixels")
	f.IntVar(&o.shortSide, "short-side", 256, "shorter side of the frame before that, in pixels")
	f.IntVar(&o.clips, "clips", 12, "clips of each file")
	f.IntSliceVar(&o.starts, "starts", nil, "their first frames (default: drawn)")
	f.IntVar(&o.repeat, "repeat", 3, "how often all clips of a file are decoded")
	f.IntVar(&o.threads, "threads", 1, "clips decoded at the same time")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the first frames")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func benchDecode(ctx context.Context, s Streams, o benchDecodeOptions, paths []string) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	d, err := o.open()
	if err != nil {
		return err
	}
	b := decodeBenchmark{Decoder: d.Name(), Frames: o.frames, Stride: o.stride, Size: o.size, ShortSide: o.shortSide, Threads: o.threads,
		Clips: o.clips, Repeat: o.repeat}
	logs := 0.
	places, err := o.places(paths)
	if err != nil {
		return err
	}
	for i, path := range places {
		f, err := o.file(ctx, d, path)
		f.Path = paths[i]
		if err != nil {
			return err
		}
		b.Files = append(b.Files, f)
		logs += math.Log(f.PerSecond)
	}
	b.PerSecond, b.PeakMiB = digits(math.Exp(logs/float64(len(paths)))), peakRSS()>>20
	return b.print(s, o.json)
}

func (o *benchDecodeOptions) check() error {
	for _, c := range []struct {
		name  string
		value int
	}{{"frames", o.frames}, {"stride", o.stride}, {"size", o.size}, {"short-side", o.shortSide}, {"clips", o.clips}, {"repeat", o.repeat}, {"threads", o.threads}} {
		if c.value < 1 {
			return fmt.Errorf("--%s is %d, must be at least 1", c.name, c.value)
		}
	}
	if o.size > o.shortSide {
		return fmt.Errorf("--size %d does not fit a shorter side of %d pixels", o.size, o.shortSide)
	}
	if len(o.starts) > 0 && slices.Min(o.starts) < 0 {
		return fmt.Errorf("--starts: frame %d is no frame", slices.Min(o.starts))
	}
	if len(o.starts) > 0 {
		o.clips = len(o.starts)
	}
	return nil
}

// open starts the decoder that is timed, in this process.
func (o benchDecodeOptions) open() (video.Decoder, error) {
	if o.pack != "" {
		return pack.Decoder{}, nil
	}
	return directDecoder(o.decoder, 0)
}

// places are where the videos are read from: themselves, or their clips in the pack, which go by the ends of their paths.
func (o benchDecodeOptions) places(paths []string) ([]string, error) {
	if o.pack == "" {
		return paths, nil
	}
	places := make([]string, len(paths))
	for item, err := range pack.Items(o.pack) {
		if err != nil {
			return nil, err
		}
		for i, path := range paths {
			if path = filepath.ToSlash(path); path == item.Name || strings.HasSuffix(path, "/"+item.Name) {
				places[i] = item.Path
			}
		}
	}
	if i := slices.Index(places, ""); i >= 0 {
		return nil, fmt.Errorf("pack %s: has no clip of %s", o.pack, paths[i])
	}
	return places, nil
}

// file times the clips of one file.
func (o benchDecodeOptions) file(ctx context.Context, d video.Decoder, path string) (decodedFile, error) {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return decodedFile{}, err
	}
	f := decodedFile{Path: path, Codec: info.Codec, Width: info.Width, Height: info.Height, Count: info.Frames, Starts: o.starts, Seconds: math.Inf(1)}
	if f.Starts == nil {
		rng := seed.Rand(o.seed, "bench")
		for range o.clips {
			f.Starts = append(f.Starts, rng.IntN(video.PretrainStarts(info.Frames, o.frames, o.stride)))
		}
	}
	for range o.repeat {
		began := time.Now()
		if err := o.decode(ctx, d, path, f.Starts); err != nil {
			return decodedFile{}, err
		}
		f.Seconds = min(f.Seconds, time.Since(began).Seconds())
	}
	f.PerSecond = digits(float64(len(f.Starts)) / f.Seconds)
	return f, nil
}

// decode decodes the clips with as many threads as asked for.
func (o benchDecodeOptions) decode(ctx context.Context, d video.Decoder, path string, starts []int) error {
	work, errs := make(chan int, len(starts)), make(chan error, o.threads)
	for _, start := range starts {
		work <- start
	}
	close(work)
	for range o.threads {
		go func() {
			var err error
			for start := range work {
				if err == nil {
					err = o.clip(ctx, d, path, start)
				}
			}
			errs <- err
		}()
	}
	var first error
	for range o.threads {
		if err := <-errs; err != nil {
			first = err
		}
	}
	return first
}

func (o benchDecodeOptions) clip(ctx context.Context, d video.Decoder, path string, start int) error {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return err
	}
	indices := make([]int, o.frames)
	for i := range indices {
		indices[i] = min(start+i*o.stride, info.Frames-1)
	}
	_, err = d.Frames(ctx, info, indices, video.Output{Channels: 3, ShortSide: o.shortSide, Crop: o.size})
	return err
}

func (b decodeBenchmark) print(s Streams, asJSON bool) error {
	if asJSON {
		return printJSON(s.Out, b)
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "clips/s\tfile\t")
	for _, f := range b.Files {
		fmt.Fprintf(w, "%.4g\t%s\t%s %dx%d, %d frames\n", f.PerSecond, f.Path, f.Codec, f.Width, f.Height, f.Count)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "\n%s: %.4g clips/s, geometric mean over %d files, %d x %d frames, stride %d, %d pixels, threads %d of %d, peak %d MiB\n",
		b.Decoder, b.PerSecond, len(b.Files), b.Clips, b.Frames, b.Stride, b.Size, b.Threads, runtime.GOMAXPROCS(0), b.PeakMiB)
	return nil
}
