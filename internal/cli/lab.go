package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"videomae/lab"
	"videomae/train"
)

func newLab(s Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "lab",
		Short: "Run experiments: several arms, several seeds, one table",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPays(s))
	return c
}

// paysOptions are what lab pretraining-pays was asked for.
type paysOptions struct {
	lab.Pays
	out   string
	seeds int
	json  bool
}

func newPays(s Streams) *cobra.Command {
	var o paysOptions
	c := &cobra.Command{
		Use:   "pretraining-pays",
		Short: "Compare training from scratch with what pre-training makes of the same videos",
		Long: `Pre-train on all videos of the split train without their labels, then compare on the split val: a classifier trained from scratch on a few
labelled videos, one fine-tuned from the pre-trained encoder on the same videos, and probes of the frozen encoder before and after pre-training.
The weights judged are the last ones, so that val has no part in their choice.

Each arm and seed keeps its result in the folder of --out. The same command goes on after a stop; training goes on from its checkpoint.`,
		Example: example(
			"videomae synth --out clips --clips 2750 && videomae pack clips/clips.csv --out packed",
			"videomae lab pretraining-pays --data packed --per-class 20 --out pays"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return pays(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.Data, "data", "", "list or pack with labels and the splits train and val")
	f.StringVar(&o.out, "out", "", "folder of the experiment")
	f.StringVar(&o.Recipes, "recipes", "lab-synth", "name of the recipes of pre-training and of fine-tuning; that from scratch has -scratch behind it")
	f.IntVar(&o.PerClass, "per-class", 20, "labelled videos of each class (0: all)")
	f.StringVar(&o.Views, "views", "1x1", "views of the evaluation")
	f.IntVar(&o.seeds, "seeds", 3, "how many seeds, from 0")
	f.BoolVar(&o.json, "json", false, "print the results as JSON")
	return c
}

func pays(ctx context.Context, s Streams, o paysOptions) error {
	if o.Data == "" || o.out == "" || o.seeds < 1 {
		return fmt.Errorf("--data, --out and at least one of --seeds are needed (%w)", errUsage)
	}
	for seed := range o.seeds {
		o.Seeds = append(o.Seeds, uint64(seed))
	}
	e := o.Experiment()
	results, err := e.Run(ctx, o.out, s.self, func(text string) { fmt.Fprintln(s.Err, text) })
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%w; %d results are kept in %s. Go on with the same command", train.ErrInterrupted, len(results), o.out)
		}
		return err
	}
	table, err := e.Table(results)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.out, "table.md"), []byte(table), 0o666); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, results)
	}
	_, err = io.WriteString(s.Out, table)
	return err
}

// self runs this program with arguments, in a process of its own: what one arm leaves in memory is no burden to the next. When ctx ends it
// is asked to stop, and waited for.
func (s Streams) self(ctx context.Context, args []string, out io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, program, args...)
	c.Stdout, c.Stderr = out, s.Err
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	if err := c.Run(); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("videomae %s: %w", args[0], err))
	}
	return nil
}
