package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"videomae/finetune"
	"videomae/train"
	"videomae/video"
)

// classifyOptions are what classify was asked for.
type classifyOptions struct {
	encoderOptions
	top, batch int
	views      string
	viewsGiven bool
	every      time.Duration
	out        string
	json       bool
}

// classified is what classify tells of its work.
type classified struct {
	Checkpoint string          `json:"checkpoint"`
	Views      string          `json:"views,omitempty"`
	Every      float64         `json:"every_seconds,omitempty"`
	Unreadable int             `json:"unreadable"`
	Videos     []classifiedOne `json:"videos"`
}

// classifiedOne is what a model says of a video.
type classifiedOne struct {
	Video    string       `json:"video"`
	Top      []prediction `json:"top,omitempty"` // of the mean over views or windows
	Segments []segment    `json:"segments,omitempty"`
	Timeline string       `json:"timeline,omitempty"` // figure
	CSV      string       `json:"csv,omitempty"`
	Error    string       `json:"error,omitempty"`

	probabilities []float64
}

// prediction is a class and its probability.
type prediction struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

func newClassify(s Streams) *cobra.Command {
	o := classifyOptions{}
	c := &cobra.Command{
		Use:   "classify VIDEO...",
		Short: "Say what videos show",
		Long: `Run a fine-tuned classifier over videos and print its most probable classes by name.

A short video is judged by the clip in its middle, or by several (--views 5x3: five clips in time, three crops each, probabilities averaged, as
in evaluation). A long one is judged along its length with --every: a window each second, say, printed as stretches of one class, with a
timeline figure and a table of all classes in --out. Memory does not grow with a video's length.

A video that cannot be read is named, the others are done, and the exit status is 1.`,
		Example: example(
			"videomae classify clip.mp4 --checkpoint finetuned",
			"videomae classify *.mp4 --checkpoint finetuned --views 5x3 --top 3 --json",
			"videomae classify film.mkv --checkpoint finetuned --every 1s --out pictures"),
		Args: someVideos,
		RunE: func(c *cobra.Command, args []string) error {
			o.viewsGiven = c.Flags().Changed("views")
			return classifyVideos(c.Context(), s, args, o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.IntVar(&o.top, "top", 5, "classes to print")
	f.StringVar(&o.views, "views", "1x1", "clips in time and crops of each, as in 5x3")
	f.DurationVar(&o.every, "every", 0, "time from one window to the next, of long videos, such as 1s")
	f.IntVar(&o.batch, "batch", 4, "clips that pass through the model at once")
	f.StringVar(&o.out, "out", "", "folder for timelines and tables")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

// classifyWork is what all videos of a call share.
type classifyWork struct {
	classifyOptions
	streams    Streams
	trained    finetune.Trained
	classifier *train.Classifier
	decoder    video.Decoder
	names      []string // stems of the outputs
}

func classifyVideos(ctx context.Context, s Streams, videos []string, o classifyOptions) error {
	temporal, crops, err := o.check()
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	w := classifyWork{classifyOptions: o, streams: s}
	if o.every > 0 {
		if w.names, err = outputNames(videos, o.out, ""); err != nil {
			return fmt.Errorf("%w (%w)", err, errUsage)
		}
	}
	if o.checkpoint, err = checkpointOf(ctx, s, o.checkpoint); err != nil {
		return err
	}
	if w.trained, err = finetune.Load(o.checkpoint); err != nil {
		return err
	}
	m, err := o.start()
	if err != nil {
		return err
	}
	defer m.close()
	w.decoder = m.decoder
	if w.classifier, err = train.NewClassifier(m.backend, w.trained.Model, m.how, w.trained.Weights); err != nil {
		return err
	}
	defer w.classifier.Close()
	r := classified{Checkpoint: w.trained.Folder, Every: o.every.Seconds()}
	if o.every > 0 {
		r.Videos, err = w.timelines(ctx, videos)
	} else {
		r.Views = o.views
		r.Videos, err = w.byViews(ctx, videos, temporal, crops)
	}
	if err != nil {
		return err
	}
	return r.finish(s, o, w.trained.Classes)
}

// check finds what is wrong with a call, and reads the views.
func (o classifyOptions) check() (temporal, crops int, err error) {
	switch {
	case o.checkpoint == "":
		return 0, 0, errors.New("--checkpoint is needed")
	case o.every > 0 && o.out == "":
		return 0, 0, errors.New("--every needs --out, a folder for the timeline")
	case o.every > 0 && o.viewsGiven:
		return 0, 0, errors.New("--views are of short videos and --every of long ones: give one of them")
	case o.every < 0:
		return 0, 0, errors.New("--every must not be negative")
	case o.top < 1 || o.batch < 1:
		return 0, 0, fmt.Errorf("--top %d and --batch %d must be at least 1", o.top, o.batch)
	}
	return video.ParseViews(o.views)
}

// finish writes the table, prints, and tells of videos that could not be read.
func (r classified) finish(s Streams, o classifyOptions, classes []string) error {
	for _, v := range r.Videos {
		if v.Error != "" {
			r.Unreadable++
		}
	}
	if o.out != "" {
		if err := writePredictions(filepath.Join(o.out, "predictions.csv"), classes, r.Videos); err != nil {
			return err
		}
	}
	if o.json {
		if err := printJSON(s.Out, r); err != nil {
			return err
		}
		return unreadable(r.Unreadable, len(r.Videos))
	}
	for _, v := range r.Videos {
		v.print(s)
	}
	return unreadable(r.Unreadable, len(r.Videos))
}

// print tells of one video in text.
func (v classifiedOne) print(s Streams) {
	fmt.Fprintln(s.Out, v.Video)
	if v.Error != "" {
		fmt.Fprintln(s.Out, "  unreadable")
		return
	}
	for _, p := range v.Top {
		fmt.Fprintf(s.Out, "  %6.2f %%  %s\n", 100*p.Probability, p.Class)
	}
	for _, g := range v.Segments {
		fmt.Fprintf(s.Out, "  %s to %s  %s (%.2f %%)\n", clock(g.From), clock(g.To), g.Class, 100*g.Probability)
	}
	for _, file := range []string{v.Timeline, v.CSV} {
		if file != "" {
			fmt.Fprintln(s.Out, "  "+file)
		}
	}
}

// best lists the most probable classes.
func (w classifyWork) best(probabilities []float64) []prediction {
	order := make([]int, len(probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(probabilities[b], probabilities[a]) })
	var top []prediction
	for _, class := range order[:min(w.top, len(order))] {
		top = append(top, prediction{w.trained.Classes[class], probabilities[class]})
	}
	return top
}
