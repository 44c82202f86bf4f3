package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"videomae/dataset"
	"videomae/dataset/check"
	"videomae/recipe"
	"videomae/video"
	"videomae/video/ffmpeg"
)

// checkOptions are what check was asked for.
type checkOptions struct {
	check.Options
	data      dataset.Options
	decoder   string
	frameRate float64
	deep      bool
	strict    bool
	all       bool
	json      bool
}

// errUnfit ends a check that found something, after its report.
var errUnfit = errors.New("the data is not fit for training as it is")

func newCheck(s Streams) *cobra.Command {
	var o checkOptions
	usual := recipe.Default().Data
	c := &cobra.Command{
		Use:   "check DATA",
		Short: "Say whether a list of videos is fit for training, file by file",
		Long: fmt.Sprintf(`Look at every video of a list or folder: whether it can be read to its last frame, is long enough, evenly timed, upright and of a
usual size, which files are the same video, also where one is encoded anew, scaled, cut, mirrored or has a logo, which of these are in
different splits, and whether labels and splits are in order. Each finding says what training would do with it, and what to do about it.

The exit status is 0 if no error is found, else 1; with --strict warnings count as errors. With --json standard output has a line of
JSON for each file, in the order of the list, and at last one with the key "summary". Of two rows with the same video the later one
has the finding. A video in which nothing moves is compared by its bytes alone, as two pictures of one empty street look the same.

With --out FILE a second run looks only at files that are new or changed, or could not be read. Ctrl-C ends with what was found so far.

%s`, codesHelp()),
		Example: example(
			"videomae check clips.csv",
			"videomae check kinetics400 --frames 16 --stride 4 --classes 400 --out check.jsonl",
			"videomae check train.csv --strict --json > verdicts.jsonl",
			"videomae check clips --deep --all"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one list or folder (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return checkData(c.Context(), s, args[0], o) },
	}
	f := c.Flags()
	f.IntVar(&o.Frames, "frames", 16, "frames of a clip")
	f.IntVar(&o.Stride, "stride", usual.Stride, "frames from one frame of a clip to the next")
	f.IntVar(&o.Size, "size", 224, "side of the model's input in pixels")
	f.IntVar(&o.Classes, "classes", 0, "number of classes (0: as many as there are)")
	f.StringVar(&o.data.Split, "split", "", "check the rows of this split only")
	f.Float64Var(&o.data.ValShare, "val-share", usual.ValShare, "share kept for validation where the list states no split")
	f.Float64Var(&o.MaxBadShare, "max-bad-share", usual.MaxBadShare, "share of unreadable videos that training accepts")
	f.BoolVar(&o.NearDuplicates, "near-duplicates", true, "look for the same pictures in different files, which decodes up to 16 frames of each instead of 5")
	f.BoolVar(&o.deep, "deep", false, "decode every frame, and report damage that a decoder would conceal")
	f.BoolVar(&o.strict, "strict", false, "exit with status 1 for warnings as well")
	f.BoolVar(&o.all, "all", false, "list every file with a finding, not only the worst")
	f.BoolVar(&o.json, "json", false, "print verdicts and summary as JSON, one a line")
	f.StringVar(&o.Results, "out", "", "file that keeps verdicts, as JSON lines, for this and later runs")
	f.IntVar(&o.Workers, "workers", 0, "files checked at the same time (0: one for each CPU)")
	f.StringVar(&o.decoder, "decoder", recipe.Default().Decoder, decoderHelp)
	f.Float64Var(&o.frameRate, "frame-rate", usual.FrameRate, "frames a second of folders of pictures")
	return c
}

// codesHelp lists what is looked for, by level.
func codesHelp() string {
	var text strings.Builder
	text.WriteString("Findings, and whether they are errors or warnings:")
	for _, k := range check.Kinds() {
		fmt.Fprintf(&text, "\n  %-18s %s (%s)", k.Code, k.About, k.Level)
	}
	return text.String()
}

func checkData(ctx context.Context, s Streams, data string, o checkOptions) error {
	decoder, err := decoding{decoder: o.decoder, frameRate: o.frameRate, workers: o.Workers}.open()
	if err != nil {
		return err
	}
	defer decoder.Close()
	if o.deep {
		o.Deep = deepCheck(decoder)
	}
	progress := newCheckProgress(ctx, s, data, o.data)
	report, err := newCheckReport(o.all)
	if err != nil {
		return err
	}
	defer report.close()
	emit := report.add
	if o.json {
		lines := json.NewEncoder(s.Out)
		emit = func(v check.Verdict) error { return lines.Encode(v) }
	}
	summary, err := check.Run(ctx, dataset.Rows(data, o.data), decoder, o.Options, func(v check.Verdict) error {
		progress.add(v)
		return emit(v)
	})
	progress.end()
	if err != nil && summary.Rows == 0 {
		return err
	}
	if o.json {
		err = errors.Join(err, json.NewEncoder(s.Out).Encode(map[string]check.Summary{"summary": summary}))
	} else {
		err = errors.Join(err, report.print(s.Out, data, summary))
	}
	if err == nil && summary.Bad(o.strict) {
		err = errUnfit
	}
	if ctx.Err() != nil {
		return fmt.Errorf("ended after %d rows: %w", summary.Rows, ctx.Err())
	}
	return err
}

// deepCheck has ffmpeg decode whole files, as it tells what a decoder conceals. Without it, and for all that is no file, the decoder of
// the clips does.
func deepCheck(d video.Decoder) func(context.Context, video.Info) error {
	all := check.DecodeAll(d)
	program, err := ffmpeg.New(ffmpeg.WholeFileDeadline)
	if err != nil {
		return all
	}
	return func(ctx context.Context, info video.Info) error {
		if info.Container == video.FolderContainer || info.Container == video.PackContainer {
			return all(ctx, info)
		}
		return program.Whole(ctx, info)
	}
}
