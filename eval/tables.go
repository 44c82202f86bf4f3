package eval

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// WriteConfusion writes the confusion matrix as CSV: a row for what videos are, a column for what they were taken for.
func (j Judgement) WriteConfusion(w io.Writer) error {
	head := append([]string{"true \\ predicted"}, j.Rows[:j.Classes]...)
	lines := [][]string{append(head, "unreadable")}
	for row, counts := range j.Confusion() {
		line := []string{j.Rows[row]}
		for _, n := range counts {
			line = append(line, strconv.Itoa(n))
		}
		lines = append(lines, line)
	}
	return csv.NewWriter(w).WriteAll(lines)
}

// WritePerClass writes the table of classes as CSV. The accuracy of a class without videos is empty.
func (j Judgement) WritePerClass(w io.Writer) error {
	lines := [][]string{{"class", "n", "right", "accuracy", "unreadable", "predicted", "confused_with", "confused_n", "lacking"}}
	for _, c := range j.PerClass() {
		accuracy := ""
		if c.N > 0 {
			accuracy = strconv.FormatFloat(c.Accuracy, 'f', 4, 64)
		}
		lines = append(lines, []string{c.Class, strconv.Itoa(c.N), strconv.Itoa(c.Right), accuracy, strconv.Itoa(c.Unreadable),
			strconv.Itoa(c.Predicted), c.Confused, strconv.Itoa(c.ConfusedN), strconv.FormatBool(c.Lacking)})
	}
	return csv.NewWriter(w).WriteAll(lines)
}

// Lines is the table in text, for people: the classes with videos, the worst first.
func Lines(table []ClassScore) string {
	table = slices.DeleteFunc(slices.Clone(table), func(c ClassScore) bool { return c.N == 0 })
	slices.SortStableFunc(table, func(a, b ClassScore) int {
		return a.Right*b.N - b.Right*a.N // by accuracy, without rounding
	})
	wide := len("class")
	for _, c := range table {
		wide = max(wide, len([]rune(c.Class)))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-*s %6s %6s %9s  %s\n", wide, "class", "n", "right", "accuracy", "most often taken for")
	for _, c := range table {
		fmt.Fprintf(&text, "%-*s %6d %6d %7.1f %%  %s\n", wide, c.Class, c.N, c.Right, c.Accuracy, c.mistake())
	}
	return text.String()
}

// mistake says what a class was taken for.
func (c ClassScore) mistake() string {
	var parts []string
	if c.ConfusedN > 0 {
		parts = append(parts, fmt.Sprintf("%s (%d)", c.Confused, c.ConfusedN))
	}
	if c.Unreadable > 0 {
		parts = append(parts, fmt.Sprintf("%d unreadable", c.Unreadable))
	}
	if c.Lacking {
		parts = append(parts, "the model lacks this class")
	}
	return strings.Join(parts, ", ")
}

// The files of Save.
const (
	SummaryFile      = "summary.json"
	PerClassFile     = "per-class.csv"
	ConfusionFile    = "confusion.csv"
	ConfusionPicture = "confusion.png" // drawn by package report
)

// Save writes the summary and the tables into a folder that is there.
func (j Judgement) Save(folder string) error {
	summary := func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(j.Summary)
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{{SummaryFile, summary}, {PerClassFile, j.WritePerClass}, {ConfusionFile, j.WriteConfusion}} {
		if err := writeFile(filepath.Join(folder, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}
