package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"videomae/extract"
	"videomae/finetune"
	"videomae/report"
	"videomae/train"
	"videomae/video"
	"videomae/vit"
)

// attendOptions are what attend was asked for.
type attendOptions struct {
	encoderOptions
	layer   int
	head    string
	rollout bool
	query   string
	class   string
	at      time.Duration
	out     string
	json    bool

	mapGiven bool // a flag that only maps of attention have was given
}

// attended is what attend tells of its work.
type attended struct {
	Map    string  `json:"map"` // what it is
	Layer  int     `json:"layer"`
	Grid   [3]int  `json:"grid"` // time slots, rows, columns
	Query  *[3]int `json:"query,omitempty"`
	Frames []int   `json:"frames"` // of the video
	Values string  `json:"values"` // file, [maps, slots, rows, columns]
	pictures
}

func newAttend(s Streams) *cobra.Command {
	o := attendOptions{}
	c := &cobra.Command{
		Use:   "attend VIDEO",
		Short: "Show where in a video a model looks",
		Long: `Draw attention over the frames of a clip: as a PNG sheet, a GIF and an MP4, and as numbers (.npy: maps, time slots, rows, columns).

Without further flags it is the mean attention that each cube receives from all others in the last block, averaged over heads.
--layer and --head choose (--head all draws every head). --rollout follows attention from the frames up to the layer (Abnar and Zuidema
2020) instead of one block's: how much of each cube is in the features. --query x,y,t asks what one cube attends to: pixel x,y of
frame t of the clip as the model sees it, from 0.

--class NAME shows which cubes speak for a class of a fine-tuned model: features of the last block times the gradient of the class's
logit, where positive (Grad-CAM, for each cube).

Values are in times the even share: 1 is what a cube would have if all were equal. Of a class they are parts of its logit.`,
		Example: example(
			"videomae attend clip.mp4 --checkpoint run --out pictures",
			"videomae attend clip.mp4 --checkpoint run --rollout --out pictures",
			"videomae attend clip.mp4 --checkpoint run --layer 6 --head all --query 112,80,8 --out pictures",
			"videomae attend clip.mp4 --checkpoint finetuned --class archery --at 12s --out pictures"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one video file or folder of pictures (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			for _, name := range []string{"layer", "head", "rollout", "query"} {
				o.mapGiven = o.mapGiven || c.Flags().Changed(name)
			}
			return attend(c.Context(), s, args[0], o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.IntVar(&o.layer, "layer", 0, "block, from 1 (default: the last)")
	f.StringVar(&o.head, "head", "mean", "mean, all, or a head's number from 0")
	f.BoolVar(&o.rollout, "rollout", false, "attention rollout up to the layer")
	f.StringVar(&o.query, "query", "", "x,y,t: what the cube at this pixel and frame of the clip attends to")
	f.StringVar(&o.class, "class", "", "class whose evidence to show, of a fine-tuned model")
	f.DurationVar(&o.at, "at", 0, "time of the clip's centre in the video (default: the middle)")
	f.StringVar(&o.out, "out", "", "folder to write to")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func attend(ctx context.Context, s Streams, path string, o attendOptions) error {
	head, err := o.check()
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
	query := -1
	if o.query != "" {
		if query, err = cubeAt(o.query, encoder.Config); err != nil {
			return err
		}
	}
	m, err := o.start()
	if err != nil {
		return err
	}
	defer m.close()
	clip, taken, err := oneClip(ctx, s, m.decoder, path, encoder, o.at)
	if err != nil {
		return err
	}
	var drawn mapsOfClip
	if o.class != "" {
		drawn, err = o.classMap(m, clip)
	} else {
		drawn, err = o.attentionMaps(m, encoder, clip, extract.AttentionOptions{Layer: o.layer, Head: head, Rollout: o.rollout}, query)
	}
	if err != nil {
		return err
	}
	return o.write(ctx, s, path, taken, clip, drawn)
}

// check finds what is wrong with a call, and reads the head.
func (o attendOptions) check() (head int, err error) {
	switch {
	case o.checkpoint == "" || o.out == "":
		return 0, errors.New("--checkpoint and --out are needed")
	case o.at < 0:
		return 0, errors.New("--at must not be negative")
	case o.class != "" && o.mapGiven:
		return 0, errors.New("--class has a map of its own: --layer, --head, --rollout and --query are not for it")
	case o.head == "mean":
		return extract.HeadMean, nil
	case o.head == "all":
		return extract.HeadEach, nil
	}
	if head, err = strconv.Atoi(o.head); err != nil || head < 0 {
		return 0, fmt.Errorf("--head %q is neither mean nor all nor a number from 0", o.head)
	}
	return head, nil
}

// cubeAt is the cube that holds pixel x,y of frame t.
func cubeAt(text string, c vit.Config) (int, error) {
	var at [3]int
	parts := strings.Split(text, ",")
	for i, part := range parts {
		var err error
		if len(parts) != len(at) {
			return 0, fmt.Errorf("--query %s is not x,y,t (%w)", text, errUsage)
		}
		if at[i], err = strconv.Atoi(strings.TrimSpace(part)); err != nil {
			return 0, fmt.Errorf("--query %s: %q is not a whole number (%w)", text, part, errUsage)
		}
	}
	x, y, t := at[0], at[1], at[2]
	if x < 0 || y < 0 || t < 0 || x >= c.Width || y >= c.Height || t >= c.Frames {
		return 0, fmt.Errorf("--query %s lies outside the clip: x is below %d, y below %d, t below %d (%w)", text, c.Width, c.Height, c.Frames, errUsage)
	}
	g := c.Grid()
	return (t/c.Tubelet*g.Rows+y/c.Patch)*g.Cols + x/c.Patch, nil
}

// oneClip cuts one window of a video, at a time or in the middle.
func oneClip(ctx context.Context, s Streams, d video.Decoder, path string, e train.Encoder, at time.Duration) (video.Clip, source, error) {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return video.Clip{}, source{}, err
	}
	c := e.Config
	windows, err := extract.Sliding{At: at.Seconds(), Frames: c.Frames, Stride: max(e.Stride, 1)}.Plan(info)
	if err != nil {
		return video.Clip{}, source{}, err
	}
	noteVariable(s, info)
	noteShort(s, info, windows)
	clip := video.Clip{T: c.Frames, H: c.Height, W: c.Width, C: c.Channels}
	err = extract.Each(ctx, d, info, windows, c, 1, func(b extract.Batch) error { clip.Pix = b.Pixels; return nil })
	return clip, source{windows.Indices(0), info.FPS / float64(windows.Stride)}, err
}

// write draws maps over the clip and reports.
func (o attendOptions) write(ctx context.Context, s Streams, path string, taken source, clip video.Clip, drawn mapsOfClip) error {
	base := filepath.Join(o.out, stem(path)+"-"+drawn.short)
	panels, err := drawn.panels(clip)
	if err != nil {
		return err
	}
	g := drawn.grid
	r := attended{Map: drawn.about, Layer: drawn.layer, Grid: [3]int{g.Slots, g.Rows, g.Cols}, Frames: taken.frames, Values: base + extract.NPY}
	if drawn.query >= 0 {
		q := drawn.query
		r.Query = &[3]int{q % g.Cols, q / g.Cols % g.Rows, q / (g.Cols * g.Rows)}
	}
	const most = 4 // panels beside each other
	rows := (len(panels) + most - 1) / most
	caption := fmt.Sprintf("%s, frames %d to %d: %s", filepath.Base(filepath.Clean(path)), taken.frames[0], taken.frames[len(taken.frames)-1], drawn.about)
	if r.pictures, err = draw(ctx, base, panels, rows, caption, taken.fps); err != nil {
		return err
	}
	if err := extract.WriteNPY(r.Values, []int{len(drawn.maps), g.Slots, g.Rows, g.Cols}, drawn.flat()); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	fmt.Fprintf(s.Out, "%s\n%s\n%s\n%s\n%s\n", r.Map, r.Sheet, r.GIF, r.MP4, r.Values)
	return nil
}

// heat is a map as pictures take it.
func (m mapsOfClip) heat(values []float64) report.Heat {
	return report.Heat{Slots: m.grid.Slots, Rows: m.grid.Rows, Cols: m.grid.Cols, Values: values}
}
