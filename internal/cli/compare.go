package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"videomae/eval"
)

// compareOptions are what compare was asked for.
type compareOptions struct {
	merge string
	seed  uint64
	json  bool
}

func newCompare(s Streams) *cobra.Command {
	o := compareOptions{}
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Say whether one classifier is better than another on the same videos",
		Long: `Compare two evaluations on the videos that both have: the difference of top-1 with its 95 % interval (paired bootstrap), McNemar's exact
test, the videos that one has right and the other wrong, and the classes that gained and lost. Differences are B minus A.

A and B are evaluation folders, predictions files, or folders with text files of the official code. Videos are matched by name; those of
official files, by the file's name up to its first dot.`,
		Example: example(
			"videomae compare scratch/evaluation pretrained/evaluation",
			"videomae compare official-text-files evaluation --json"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("%s takes two evaluations (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return compare(s, args[0], args[1], o) },
	}
	f := c.Flags()
	f.StringVar(&o.merge, "merge", string(eval.Softmax), "mean of the views' probabilities (softmax) or of their logits (logits)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the interval")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func compare(s Streams, a, b string, o compareOptions) error {
	rule, err := eval.ParseRule(o.merge)
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	left, err := eval.Open(a)
	if err != nil {
		return err
	}
	right, err := eval.Open(b)
	if err != nil {
		return err
	}
	c, err := eval.Compare(left, right, a, b, eval.Options{Rule: rule, Seed: o.seed})
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, c)
	}
	printComparison(s, c)
	return nil
}

// mostCompared is how many videos or classes of each kind are printed; JSON has all.
const mostCompared = 10

// printComparison tells of a comparison in text.
func printComparison(s Streams, c eval.Comparison) {
	for _, side := range []struct {
		letter string
		eval.Side
	}{{"A", c.A}, {"B", c.B}} {
		fmt.Fprintf(s.Out, "%s  top-1 %6.2f %%  %s (%s views%s)\n", side.letter, side.Top1, side.Name, side.Views, also(side.Unreadable))
	}
	fmt.Fprintf(s.Out, "B - A  %+.2f points  (95 %% interval %+.2f to %+.2f), on %d videos\n", c.Difference, c.CI95[0], c.CI95[1], c.N)
	fmt.Fprintf(s.Out, "both right %d, only A %d, only B %d, both wrong %d; McNemar's exact test: p = %.4g\n", c.BothRight, c.OnlyA, c.OnlyB, c.BothWrong, c.McNemar)
	printNames(s, "only in A", c.InA)
	printNames(s, "only in B", c.InB)

	changed := slices.DeleteFunc(slices.Clone(c.Classes), func(d eval.ClassDifference) bool { return d.RightA == d.RightB })
	slices.SortStableFunc(changed, func(a, b eval.ClassDifference) int {
		return cmp.Compare(max(b.RightB-b.RightA, b.RightA-b.RightB), max(a.RightB-a.RightA, a.RightA-a.RightB))
	})
	if len(changed) > 0 {
		fmt.Fprintf(s.Out, "\n%d of %d classes changed:\n", len(changed), len(c.Classes))
	}
	for _, d := range changed[:min(len(changed), mostCompared)] {
		fmt.Fprintf(s.Out, "  %+d  %s: %d and %d of %d right\n", d.RightB-d.RightA, d.Class, d.RightA, d.RightB, d.N)
	}
	printFlips(s, "\nB lost", c.Flipped, false)
	printFlips(s, "\nB gained", c.Flipped, true)
}

// also counts videos that could not be read.
func also(unreadable int) string {
	if unreadable == 0 {
		return ""
	}
	return fmt.Sprintf("; %d unreadable, counted as wrong", unreadable)
}

// printNames lists videos that the other side lacks.
func printNames(s Streams, title string, names []string) {
	if len(names) == 0 {
		return
	}
	shown := names[:min(len(names), mostCompared)]
	fmt.Fprintf(s.Out, "%s: %d videos, left out: %s%s\n", title, len(names), strings.Join(shown, ", "), more(len(names)-len(shown)))
}

// more says how many are not shown.
func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// printFlips lists videos that flipped one way.
func printFlips(s Streams, title string, flips []eval.Flip, gain bool) {
	flips = slices.DeleteFunc(slices.Clone(flips), func(f eval.Flip) bool { return f.Gain != gain })
	if len(flips) == 0 {
		return
	}
	fmt.Fprintf(s.Out, "%s %d videos:\n", title, len(flips))
	taken := func(class string) string {
		if class == "" {
			return "unreadable"
		}
		return class
	}
	for _, f := range flips[:min(len(flips), mostCompared)] {
		fmt.Fprintf(s.Out, "  %s is %s; A says %s, B says %s\n", f.Name, f.Class, taken(f.A), taken(f.B))
	}
	if text := more(len(flips) - mostCompared); text != "" {
		fmt.Fprintln(s.Out, " "+text)
	}
}
