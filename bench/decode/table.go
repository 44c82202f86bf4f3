package main

import (
	"cmp"
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

// ratio is the comparison of one of this project's decoders with a peer, by their places.
type ratio struct{ ours, peer int }

// ratios are all such pairs.
func ratios(list []contender) []ratio {
	var all []ratio
	for i, c := range list {
		for k, peer := range list {
			if c.ours() && !peer.ours() {
				all = append(all, ratio{i, k})
			}
		}
	}
	return all
}

func (r ratio) name(list []contender) string { return list[r.ours].name + " / " + list[r.peer].name }

// of is how many times as fast as the peer ours is, round by round.
func (r ratio) of(f raced) []float64 {
	values := make([]float64, len(f.rounds))
	for k, s := range f.rounds {
		values[k] = s[r.ours] / s[r.peer]
	}
	return values
}

// table shows clips a second (medians), and ratios taken within rounds: of each file their median, of all files the geometric mean
// of each round, as the median with the range of rounds.
func table(list []contender, files []raced) string {
	var t strings.Builder
	header, pairs := []string{"file"}, ratios(list)
	for _, c := range list {
		header = append(header, c.name+", clips/s")
	}
	for _, r := range pairs {
		header = append(header, r.name(list))
	}
	row := func(cells []string) { fmt.Fprintf(&t, "| %s |\n", strings.Join(cells, " | ")) }
	row(header)
	row(slices.Repeat([]string{"---"}, len(header)))
	for _, f := range files {
		cells := []string{f.name}
		for i := range list {
			cells = append(cells, fmt.Sprintf("%.4g", median(column(f.rounds, i))))
		}
		for _, r := range pairs {
			cells = append(cells, fmt.Sprintf("%.2f", median(r.of(f))))
		}
		row(cells)
	}
	row(summary(list, pairs, files))
	for _, r := range pairs {
		least := slices.MinFunc(files, func(a, b raced) int { return cmp.Compare(median(r.of(a)), median(r.of(b))) })
		fmt.Fprintf(&t, "\nLeast %s: %.2f, of %s.\n", r.name(list), median(r.of(least)), least.name)
	}
	return t.String()
}

// summary is the row of geometric means over the files.
func summary(list []contender, pairs []ratio, files []raced) []string {
	cells := []string{fmt.Sprintf("geometric mean of %d", len(files))}
	for i := range list {
		cells = append(cells, fmt.Sprintf("%.4g", median(means(files, func(f raced) []float64 { return column(f.rounds, i) }))))
	}
	for _, r := range pairs {
		values := means(files, r.of)
		cells = append(cells, fmt.Sprintf("%.2f (%.2f..%.2f)", median(values), slices.Min(values), slices.Max(values)))
	}
	return cells
}

// means are the geometric means over files of a value, round by round.
func means(files []raced, value func(raced) []float64) []float64 {
	sums := make([]float64, len(files[0].rounds))
	for _, f := range files {
		for round, v := range value(f) {
			sums[round] += math.Log(v) / float64(len(files))
		}
	}
	for round := range sums {
		sums[round] = math.Exp(sums[round])
	}
	return sums
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
