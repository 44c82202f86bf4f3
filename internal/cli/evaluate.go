package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"videomae/eval"
	"videomae/report"
)

// evaluateOptions are what evaluate was asked for.
type evaluateOptions struct {
	encoderOptions
	data, root, split string
	valShare          float64 // below 0: as in training
	scheme, views     string  // "": as in training; the usual ones of the scheme
	merge             string
	batch, workers    int
	seed              uint64
	predictions       string
	texts, out        string
	json              bool
}

// evaluated is what evaluate tells of its work.
type evaluated struct {
	eval.Summary
	Predictions string   `json:"predictions,omitempty"` // files
	PerClass    string   `json:"per_class,omitempty"`
	Confusion   string   `json:"confusion,omitempty"`
	Texts       string   `json:"text_files,omitempty"`
	LeftOut     []string `json:"left_out_of_text_files,omitempty"` // videos without scores
}

func newEvaluate(s Streams) *cobra.Command {
	o := evaluateOptions{}
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "Say how good a classifier is, with intervals",
		Long: `Run a fine-tuned classifier over labelled videos, by several views of each, and count: top-1, top-5 and mean class accuracy with 95 %
intervals (bootstrap over videos), a table of classes, the confusion matrix.

A video is decoded once for all its views. Their scores are kept in --out as ` + eval.PredictionsFile + ` (pandas, DuckDB and Polars read it); an
evaluation that is interrupted goes on where it stopped when it is called again. Views are merged by the mean of their probabilities,
as in the official code, or of their logits. --predictions judges what is there already, also the text files of the official code,
without running anything.

A video that cannot be read is named and counts as wrong, as does one of a class that the model lacks; the accuracy of the videos that can
be read is given beside. Labels that are numbers, where the model has names, are places in the order of its classes.`,
		Example: example(
			"videomae evaluate --checkpoint run/best --data clips.csv --out evaluation",
			"videomae evaluate --checkpoint run --data ssv2-val.csv --split \"\" --scheme ssv2 --views 2x3 --precision bf16 --out evaluation --json",
			"videomae evaluate --predictions evaluation --merge logits",
			"videomae evaluate --predictions folder-of-0.txt-1.txt --out evaluation"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return evaluate(c.Context(), s, o) },
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.data, "data", "", "list or folder of labelled videos, or a pack")
	f.StringVar(&o.root, "root", "", "where the list's paths begin, if not beside it")
	f.StringVar(&o.split, "split", "val", `part of the data to judge by; "" for all of it`)
	f.Float64Var(&o.valShare, "val-share", -1, "share that is val where the list states no split (default: as in training)")
	f.StringVar(&o.views, "views", "", "clips in time and crops of each (default: 5x3, or 2x3 with the scheme ssv2)")
	f.StringVar(&o.scheme, "scheme", "", "dense (clips of neighbouring frames) or ssv2 (each over the whole video) (default: as in training)")
	f.StringVar(&o.merge, "merge", string(eval.Softmax), "mean of the views' probabilities (softmax) or of their logits (logits)")
	f.IntVar(&o.batch, "batch", 4, "clips that pass through the model at once")
	f.IntVar(&o.workers, "workers", 0, "videos decoded at the same time; 0: one for each processor")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the intervals")
	f.StringVar(&o.predictions, "predictions", "", "evaluation folder, predictions file or folder of official text files to judge, in place of --checkpoint and --data")
	f.StringVar(&o.texts, "text-files", "", "folder to write a text file of the official form to")
	f.StringVar(&o.out, "out", "", "folder of the evaluation")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func evaluate(ctx context.Context, s Streams, o evaluateOptions) error {
	rule, err := o.check()
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	var p eval.Predictions
	if o.predictions != "" {
		p, err = o.read()
	} else {
		p, err = o.score(ctx, s)
	}
	if err != nil {
		return err
	}
	j, err := eval.Judge(p, eval.Options{Rule: rule, Seed: o.seed})
	if err != nil {
		return err
	}
	r := evaluated{Summary: j.Summary}
	if err := o.save(p, j, &r); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	r.print(s, j)
	return nil
}

// check finds what is wrong with a call.
func (o evaluateOptions) check() (eval.Rule, error) {
	switch {
	case o.predictions == "" && (o.checkpoint == "" || o.data == ""):
		return "", errors.New("--checkpoint and --data are needed, or --predictions")
	case o.predictions != "" && (o.checkpoint != "" || o.data != ""):
		return "", errors.New("--predictions is in place of --checkpoint and --data")
	case o.batch < 1 || o.workers < 0:
		return "", fmt.Errorf("--batch %d must be at least 1, and --workers %d at least 0", o.batch, o.workers)
	}
	return eval.ParseRule(o.merge)
}

// read takes predictions that are there, and copies them to --out where they are not in it.
func (o evaluateOptions) read() (eval.Predictions, error) {
	p, err := eval.Open(o.predictions)
	if err != nil || o.out == "" {
		return p, err
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return p, err
	}
	to := filepath.Join(o.out, eval.PredictionsFile)
	there, err := os.Stat(to)
	if err != nil {
		return p, p.Write(to)
	}
	for _, from := range []string{o.predictions, filepath.Join(o.predictions, eval.PredictionsFile)} {
		if info, err := os.Stat(from); err == nil && os.SameFile(info, there) {
			return p, nil
		}
	}
	return p, fmt.Errorf("%s holds another evaluation: choose another --out", o.out)
}

// save writes the files of an evaluation.
func (o evaluateOptions) save(p eval.Predictions, j eval.Judgement, r *evaluated) error {
	if o.out != "" {
		if err := j.Save(o.out); err != nil {
			return err
		}
		r.Predictions, r.PerClass = filepath.Join(o.out, eval.PredictionsFile), filepath.Join(o.out, eval.PerClassFile)
		r.Confusion = filepath.Join(o.out, eval.ConfusionPicture)
		picture, err := report.Confusion{Title: confusionTitle(p, j.Summary), Rows: j.Rows, Classes: j.Classes, Counts: j.Confusion()}.Draw()
		if err != nil {
			return err
		}
		if err := report.WritePNG(r.Confusion, picture); err != nil {
			return err
		}
	}
	if o.texts == "" {
		return nil
	}
	r.Texts = o.texts
	var err error
	r.LeftOut, err = eval.WriteTexts(o.texts, p, 1)
	return err
}

// confusionTitle is the heading of the confusion matrix.
func confusionTitle(p eval.Predictions, s eval.Summary) string {
	of := p.Data
	if p.Checkpoint != "" {
		of = p.Checkpoint + " on " + p.Data
	}
	if p.Split != "" {
		of += ", split " + p.Split
	}
	return fmt.Sprintf("%s: top-1 %.1f %% of %d videos, %s views", of, s.Top1, s.N, s.Views)
}

// mostClasses is how many lines of the table of classes are printed; the file has all.
const mostClasses = 20

// print tells of an evaluation in text.
func (r evaluated) print(s Streams, j eval.Judgement) {
	line := func(name string, value float64, ci eval.Interval) {
		fmt.Fprintf(s.Out, "%-11s %6.2f %%  (95 %% interval %.2f to %.2f)\n", name, value, ci[0], ci[1])
	}
	line("top-1", r.Top1, r.CI95)
	line(fmt.Sprintf("top-%d", r.TopK), r.Top5, r.Top5CI95)
	line("mean class", r.MeanClass, r.MeanClassCI95)
	fmt.Fprintf(s.Out, "%d videos, %d unreadable, %s views, merged by the mean of %s\n", r.N, r.Unreadable, r.Views, map[eval.Rule]string{
		eval.Softmax: "probabilities", eval.Logits: "logits"}[r.Merge])
	for _, note := range r.Notes {
		fmt.Fprintln(s.Out, "note:", note)
	}
	lines := strings.SplitAfter(eval.Lines(j.PerClass()), "\n")
	shown := lines[:min(len(lines), mostClasses+1)]
	fmt.Fprint(s.Out, "\n", strings.Join(shown, ""))
	if more := len(lines) - 1 - len(shown); more > 0 {
		fmt.Fprintf(s.Out, "and %d more classes, with higher accuracy\n", more)
	}
	fmt.Fprintln(s.Out)
	for _, file := range []string{r.Predictions, r.PerClass, r.Confusion, r.Texts} {
		if file != "" {
			fmt.Fprintln(s.Out, file)
		}
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(s.Err, "%s leaves out %d videos that could not be read, as such files have no place for them\n", r.Texts, len(r.LeftOut))
	}
}
