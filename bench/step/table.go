// The table of a comparison: medians over the rounds with their spread, and ratios taken within each round.

package main

import (
	"fmt"
	"slices"
	"strings"
)

// column is a part of the table that is computed for each entrant from its runs.
type column struct {
	title string
	value func(e entrant, round int) float64
}

// table gives a Markdown table with a line for each entrant. Where PyTorch took part, ratios compare with its fastest variant (by median) and
// with the plain one in f32: a speed above 1 is faster, a memory below 1 is less.
func table(entrants []entrant) string {
	columns := []column{
		{"step, s", func(e entrant, round int) float64 { return e.runs[round].Best }},
		{"clips/s", func(e entrant, round int) float64 { return e.runs[round].ClipsPerSecond }},
		{"peak MiB", func(e entrant, round int) float64 { return e.runs[round].PeakMiB }},
	}
	best, f32 := references(entrants)
	if best != nil {
		columns = append(columns, speed("PyTorch's best", best))
		if f32 != nil {
			columns = append(columns, speed(f32.name(), f32))
		}
		columns = append(columns, column{"memory / PyTorch's best", func(e entrant, round int) float64 {
			return e.runs[round].PeakMiB / best.runs[round].PeakMiB
		}})
	}
	lines := [][]string{{""}}
	for _, c := range columns {
		lines[0] = append(lines[0], c.title)
	}
	for _, e := range entrants {
		line := []string{e.name()}
		for _, c := range columns {
			line = append(line, spread(over(e, c.value)))
		}
		lines = append(lines, line)
	}
	text := markdown(lines)
	if best != nil {
		text += "\nPyTorch's best here is its variant " + best.what + ".\n"
	}
	return text
}

// references are the fastest variant of PyTorch and the one in f32, or nil.
func references(entrants []entrant) (best, f32 *entrant) {
	fastest := 0.0
	for i := range entrants {
		e := &entrants[i]
		if !e.peer {
			continue
		}
		if e.what == "f32" {
			f32 = e
		}
		if t := median(over(*e, func(e entrant, round int) float64 { return e.runs[round].Best })); best == nil || t < fastest {
			best, fastest = e, t
		}
	}
	return best, f32
}

// speed compares with a reference in the same round.
func speed(title string, reference *entrant) column {
	return column{"speed / " + title, func(e entrant, round int) float64 { return reference.runs[round].Best / e.runs[round].Best }}
}

// over computes a value for each round.
func over(e entrant, value func(e entrant, round int) float64) []float64 {
	var values []float64
	for round := range e.runs {
		values = append(values, value(e, round))
	}
	return values
}

// spread writes the median of values, of which there is at least one, and their range.
func spread(values []float64) string {
	return fmt.Sprintf("%.3g (%.3g..%.3g)", median(values), slices.Min(values), slices.Max(values))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// markdown lays lines out as a table, the first being its head, in columns that are straight in plain text too.
func markdown(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var rule []string
	for _, width := range widths {
		rule = append(rule, strings.Repeat("-", width))
	}
	var text strings.Builder
	for _, line := range slices.Insert(slices.Clone(lines), 1, rule) {
		for i, cell := range line {
			fmt.Fprintf(&text, "| %-*s ", widths[i], cell)
		}
		text.WriteString("|\n")
	}
	return text.String()
}
