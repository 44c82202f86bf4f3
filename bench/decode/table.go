package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// speeds are clips a second of each contender, in one round.
type speeds []float64

func (s speeds) text(list []contender) string {
	parts := make([]string, len(s))
	for i, v := range s {
		parts[i] = fmt.Sprintf("%s %.4g", list[i].name, v)
	}
	return strings.Join(parts, ", ")
}

// raced is a file with the speeds measured of it, round by round.
type raced struct {
	name   string
	rounds []speeds
}

// ratios are how many times as fast the first contender is as contender i, round by round.
func (r raced) ratios(i int) []float64 {
	ratios := make([]float64, len(r.rounds))
	for k, s := range r.rounds {
		ratios[k] = s[0] / s[i]
	}
	return ratios
}

// table shows clips a second (medians), and ratios taken within rounds: of each file their median, of all files the geometric mean
// of each round, as the median with the range of rounds.
func table(list []contender, files []raced) string {
	var t strings.Builder
	header := []string{"file"}
	for _, c := range list {
		header = append(header, c.name+", clips/s")
	}
	for _, c := range list[1:] {
		header = append(header, list[0].name+" / "+c.name)
	}
	row := func(cells []string) { fmt.Fprintf(&t, "| %s |\n", strings.Join(cells, " | ")) }
	row(header)
	row(slices.Repeat([]string{"---"}, len(header)))
	for _, f := range files {
		cells := []string{f.name}
		for i := range list {
			cells = append(cells, fmt.Sprintf("%.4g", median(column(f.rounds, i))))
		}
		for i := 1; i < len(list); i++ {
			cells = append(cells, fmt.Sprintf("%.2f", median(f.ratios(i))))
		}
		row(cells)
	}
	row(summary(list, files))
	for i, c := range list[1:] {
		least := files[0]
		for _, f := range files {
			if median(f.ratios(i+1)) < median(least.ratios(i+1)) {
				least = f
			}
		}
		fmt.Fprintf(&t, "\nLeast against %s: %.2f times, on %s.\n", c.name, median(least.ratios(i+1)), least.name)
	}
	return t.String()
}

// summary is the row of geometric means over the files.
func summary(list []contender, files []raced) []string {
	cells := []string{fmt.Sprintf("geometric mean of %d", len(files))}
	over := func(value func(f raced, round int) float64) []float64 {
		var means []float64
		for round := range files[0].rounds {
			sum := 0.
			for _, f := range files {
				sum += math.Log(value(f, round))
			}
			means = append(means, math.Exp(sum/float64(len(files))))
		}
		return means
	}
	for i := range list {
		cells = append(cells, fmt.Sprintf("%.4g", median(over(func(f raced, round int) float64 { return f.rounds[round][i] }))))
	}
	for i := 1; i < len(list); i++ {
		means := over(func(f raced, round int) float64 { return f.ratios(i)[round] })
		cells = append(cells, fmt.Sprintf("%.2f (%.2f..%.2f)", median(means), slices.Min(means), slices.Max(means)))
	}
	return cells
}

func column(rounds []speeds, i int) []float64 {
	values := make([]float64, len(rounds))
	for k, s := range rounds {
		values[k] = s[i]
	}
	return values
}

// median is the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
