package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"videomae/synth"
)

// synthOptions are what synth was asked for.
type synthOptions struct {
	synth.Options
	out  string
	size string // SIDE or HEIGHTxWIDTH
	json bool
}

// synthesised is what synth tells of its work.
type synthesised struct {
	Manifest string         `json:"manifest"`
	Clips    int            `json:"clips"`
	Frames   int            `json:"frames"`
	Height   int            `json:"height"`
	Width    int            `json:"width"`
	Classes  []synth.Motion `json:"classes"`
}

func newSynth(s Streams) *cobra.Command {
	o := synthOptions{Options: synth.Defaults()}
	c := &cobra.Command{
		Use:   "synth",
		Short: "Make a small data set of moving shapes",
		Long: fmt.Sprintf(`Make labelled video files of moving shapes, and the list of them that other commands take as --data.

The class of a clip is how its shape moves; shape, colours and textures are drawn without knowing it. Equal options give equal
files. The folder of --out receives videos/*.mp4 and %s.`, synth.Manifest),
		Example: example(
			"videomae synth --out clips --clips 200",
			"videomae synth --out wide --clips 50 --size 64x96 --frames 48 --seed 7",
			"videomae synth --out clips --clips 200 --json"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return synthesise(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder to make; it must be empty or missing")
	f.IntVar(&o.Clips, "clips", 0, "number of clips")
	f.StringVar(&o.size, "size", fmt.Sprintf("%dx%d", o.Height, o.Width), "side of the picture in pixels, or HEIGHTxWIDTH; even numbers")
	f.IntVar(&o.Frames, "frames", o.Frames, "frames of a clip")
	f.Float64Var(&o.FPS, "fps", o.FPS, "frames a second, for players")
	f.Float64Var(&o.ValShare, "val-share", o.ValShare, "share of the clips in the split val")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of every random decision")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func synthesise(ctx context.Context, s Streams, o synthOptions) error {
	if o.out == "" || o.Clips < 1 {
		return fmt.Errorf("--out, the folder to make, and --clips, how many, are needed (%w)", errUsage)
	}
	var err error
	if o.Height, o.Width, err = parseSize(o.size); err != nil {
		return fmt.Errorf("--size: %w (%w)", err, errUsage)
	}
	if err := synth.Write(ctx, o.out, o.Options, clipProgress(s, o.Clips)); err != nil {
		return err
	}
	manifest := filepath.Join(o.out, synth.Manifest)
	if o.json {
		return printJSON(s.Out, synthesised{manifest, o.Clips, o.Frames, o.Height, o.Width, o.Motions})
	}
	fmt.Fprintf(s.Out, "%d clips of %d frames of %dx%d, %d motions: %s\n", o.Clips, o.Frames, o.Height, o.Width, len(o.Motions), manifest)
	return nil
}

// sides splits SIDE or HEIGHTxWIDTH into height and width.
func sides(text string) (height, width string) {
	height, width, both := strings.Cut(text, "x")
	if !both {
		width = height
	}
	return height, width
}

// parseSize reads SIDE or HEIGHTxWIDTH.
func parseSize(text string) (height, width int, err error) {
	h, w := sides(text)
	if height, err = strconv.Atoi(h); err == nil {
		width, err = strconv.Atoi(w)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%q is neither a side, as in 64, nor HEIGHTxWIDTH, as in 64x96", text)
	}
	return height, width, nil
}

// clipProgress shows how many clips are made: as a bar on a terminal, as a line for each tenth elsewhere.
func clipProgress(s Streams, clips int) func(done, total int) {
	if s.Terminal {
		bar := progressbar.NewOptions(clips, progressbar.OptionSetWriter(s.Err), progressbar.OptionSetWidth(24), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription("clips"), progressbar.OptionClearOnFinish())
		return func(done, _ int) { _ = bar.Set(done) } // a bar that cannot be drawn is no reason to stop
	}
	return func(done, total int) {
		if done*10/total > (done-1)*10/total {
			fmt.Fprintf(s.Err, "clip %d/%d\n", done, total)
		}
	}
}
