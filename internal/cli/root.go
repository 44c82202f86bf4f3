// Package cli is the command videomae. Each verb has a file with its options, its flags and what it does.
//
// Results go to standard output, progress and remarks to standard error. The exit status is 0 for success, 1 for
// failure, 2 for a wrong call, 130 after Ctrl-C.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/klog/v2"

	"videomae/train"
)

// Streams is where a command writes.
type Streams struct {
	Out, Err io.Writer
	Terminal bool // Err is a terminal, whose last line can be redrawn
}

// System is the process's own streams.
func System() Streams {
	return Streams{Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))}
}

// errUsage marks errors of the command line itself.
var errUsage = errors.New("see --help")

// Main runs the command and returns its exit status. Ctrl-C ends its context once; a second one ends the process.
func Main(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	quietLogs()
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, train.ErrInterrupted), errors.Is(err, context.Canceled):
		fmt.Fprintln(s.Err, "videomae:", err)
		return 130
	}
	fmt.Fprintln(s.Err, "videomae:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "videomae",
		Short: "Self-supervised learning from video with masked autoencoders",
		Long: `videomae trains VideoMAE models on your videos and shows what they learn.

Start with:  videomae synth --out clips --clips 200
             videomae pretrain --recipe demo --data clips/clips.csv --out run
             videomae reconstruct --checkpoint run --video clips/videos/<name>.mp4 --out pictures`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q (%w)", args[0], errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%s: %w (%w)", c.CommandPath(), err, errUsage)
	})
	root.AddCommand(
		newSynth(s),
		newPretrain(s),
		newFinetune(s),
		newEvaluate(s),
		newCompare(s),
		newReconstruct(s),
		newInspect(s),
		newReport(s),
		newProbe(s),
		newFeatures(s),
		newClassify(s),
		newAttend(s),
		newLab(s),
		newBench(s),
		newCheck(s),
		newList(s),
		newPack(s),
		newSample(s),
		newConvert(s),
		newExport(s),
		newDoctor(s),
		newDecodeWorker(s),
	)
	return root
}

// quietLogs silences the log lines of the compute library below warnings.
func quietLogs() {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false") // flags that klog itself has just defined
	_ = flags.Set("stderrthreshold", "ERROR")
	klog.SetOutput(io.Discard)
}

// printJSON writes a result as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// noArgs refuses arguments that are not flags, naming the first.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument %q (%w)", c.CommandPath(), args[0], errUsage)
	}
	return nil
}

// example indents the lines of a help text's examples.
func example(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }
