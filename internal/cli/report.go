package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"videomae/dataset"
	"videomae/recipe"
	"videomae/report"
	"videomae/report/page"
	"videomae/train"
)

// reportOptions are what report was asked for.
type reportOptions struct {
	out, title     string
	root, decoder  string
	withoutPicture bool
	json           bool
}

// reported is what report tells of its work.
type reported struct {
	File     string   `json:"file"`
	Bytes    int64    `json:"bytes"`
	Runs     []string `json:"runs"`
	Problems []string `json:"problems"` // what is missing or damaged, as the page says too
}

func newReport(s Streams) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Show runs and evaluations in one HTML file",
		Long: `Write one HTML file that needs nothing beside it, not even a network: curves of loss, accuracy and rate, confusion matrix and classes,
examples with predictions, reconstructions, settings and provenance. Several runs stand side by side, and the settings in which they
differ are marked.

A RUN is the folder of a pre-training or fine-tuning run, or of an evaluation; an evaluation goes to the run whose checkpoint it is of, when
that is among them, and those in a folder of a run are found. What is missing, half-written or damaged is named on the page.`,
		Example: example(
			"videomae report run --out run.html",
			"videomae report scratch pretrained scratch-eval pretrained-eval --title \"Does pre-training pay?\" --out report.html"),
		RunE: func(c *cobra.Command, args []string) error { return writeReport(c.Context(), s, args, o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "report.html", "file to write")
	f.StringVar(&o.title, "title", "", "heading of the page (default: the names of the runs)")
	f.StringVar(&o.root, "root", "", "folder where the paths of the evaluated list begin, for the pictures of examples")
	f.StringVar(&o.decoder, "decoder", recipe.Default().Decoder, decoderHelp)
	f.BoolVar(&o.withoutPicture, "no-examples", false, "leave out the pictures of examples, for which their videos must be there")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func writeReport(ctx context.Context, s Streams, folders []string, o reportOptions) error {
	if len(folders) == 0 {
		return fmt.Errorf("report needs the folder of a run or of an evaluation (%w)", errUsage)
	}
	var runs []*page.Run
	for _, folder := range folders {
		r, err := page.Open(folder)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	runs = page.Attach(runs)
	if !o.withoutPicture {
		if err := o.illustrate(ctx, runs); err != nil {
			return err
		}
	}
	if o.title == "" {
		o.title = title(runs)
	}
	p := page.Page{Title: o.title, Program: train.NewProvenance("", dataset.Manifest{}, "").Program, Made: time.Now(), Runs: runs}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o777); err != nil {
		return err
	}
	if err := report.WriteFile(o.out, p.Write); err != nil {
		return err
	}
	return o.tell(s, runs)
}

// title is the names of the runs, as far as they are few.
func title(runs []*page.Run) string {
	const named = 3
	text := ""
	for i, r := range runs[:min(named, len(runs))] {
		if i > 0 {
			text += ", "
		}
		text += r.Name
	}
	if len(runs) > named {
		text += fmt.Sprintf(" and %d more", len(runs)-named)
	}
	return text
}

// tell prints what was written and what is missing in it.
func (o reportOptions) tell(s Streams, runs []*page.Run) error {
	info, err := os.Stat(o.out)
	if err != nil {
		return err
	}
	r := reported{File: o.out, Bytes: info.Size(), Problems: []string{}}
	for _, run := range runs {
		r.Runs = append(r.Runs, run.Folder)
		for _, text := range run.Problems {
			r.Problems = append(r.Problems, run.Name+": "+text)
		}
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	for _, text := range r.Problems {
		fmt.Fprintln(s.Err, text)
	}
	what := "runs"
	if len(r.Runs) == 1 {
		what = "run"
	}
	_, err = fmt.Fprintf(s.Out, "%s: %d %s, %.1f MB\n", r.File, len(r.Runs), what, float64(r.Bytes)/1e6)
	return err
}
