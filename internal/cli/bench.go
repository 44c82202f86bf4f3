// The command bench and what its parts share.

package cli

import (
	"strconv"

	"github.com/spf13/cobra"
)

func newBench(s Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "bench",
		Short:   "Measure speed and memory",
		Example: example("videomae bench step --size small --batch 1 --json", "videomae bench peak"),
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newBenchStep(s), newBenchPeak(s), newBenchDecode(s))
	return c
}

// digits rounds to four significant digits, more than a repeated measurement agrees on.
func digits(v float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64) // a number's own text is a number
	return rounded
}
