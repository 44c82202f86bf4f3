// The table of a comparison: medians over the rounds with their spread, and ratios taken within each round.

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// peerName is the contender that others are compared with.
const peerName = "PyTorch"

// measurement is what a contender prints of one run.
type measurement struct {
	Best           float64 `json:"best_s"`
	ClipsPerSecond float64 `json:"clips_per_s"`
	PeakMiB        float64 `json:"peak_rss_mib"`
}

// table prints a line for each contender. results[i] are those of list[i], one for each round. Times are compared with
// the peer's of the same round, or with the first contender's where there is no peer.
func table(out io.Writer, list []contender, results [][]measurement) error {
	reference := max(0, slices.IndexFunc(list, func(c contender) bool { return c.name == peerName }))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\tstep, s\tclips/s\tpeak MiB\ttime / that of %s\n", list[reference].name)
	for i, c := range list {
		var ratios []float64
		for round, m := range results[i] {
			ratios = append(ratios, m.Best/results[reference][round].Best)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.name,
			spread(collect(results[i], func(m measurement) float64 { return m.Best })),
			spread(collect(results[i], func(m measurement) float64 { return m.ClipsPerSecond })),
			spread(collect(results[i], func(m measurement) float64 { return m.PeakMiB })), spread(ratios))
	}
	return w.Flush()
}

func collect(list []measurement, of func(measurement) float64) []float64 {
	var values []float64
	for _, m := range list {
		values = append(values, of(m))
	}
	return values
}

// spread writes the median of values, of which there is at least one, and their range.
func spread(values []float64) string {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	median := (sorted[(n-1)/2] + sorted[n/2]) / 2
	return fmt.Sprintf("%.4g (%.4g..%.4g)", median, sorted[0], sorted[n-1])
}
