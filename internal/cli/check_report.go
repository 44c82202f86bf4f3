package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"videomae/dataset/check"
)

// How much of the report's parts is shown without --all, so that it fits a screen.
const (
	worstFiles   = 8
	shownClasses = 6
)

// checkReport gathers what is shown of single files after the summary.
type checkReport struct {
	worst []check.Verdict // the worst first
	all   *os.File        // all with a finding, as text, or nil
	text  *bufio.Writer   // into it
}

func newCheckReport(all bool) (*checkReport, error) {
	r := &checkReport{}
	if !all {
		return r, nil
	}
	file, err := os.CreateTemp("", "videomae-check-*.txt")
	if err != nil {
		return nil, err
	}
	r.all, r.text = file, bufio.NewWriter(file)
	return r, nil
}

func (r *checkReport) close() {
	if r.all != nil {
		_ = r.all.Close() // holds nothing that is needed
		_ = os.Remove(r.all.Name())
	}
}

// add takes a verdict in the order of the list.
func (r *checkReport) add(v check.Verdict) error {
	if len(v.Findings) == 0 {
		return nil
	}
	if r.all != nil {
		_, err := r.text.WriteString(fileText(v, len(v.Findings)))
		return err
	}
	before := func(a, b check.Verdict) int { // errors before warnings, then those with more findings
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(len(b.Findings), len(a.Findings)), cmp.Compare(a.Row, b.Row))
	}
	at, _ := slices.BinarySearchFunc(r.worst, v, before)
	if at < worstFiles {
		r.worst = slices.Insert(r.worst, at, v)
		r.worst = r.worst[:min(len(r.worst), worstFiles)]
	}
	return nil
}

// fileText is what is said of one file, with at most some findings.
func fileText(v check.Verdict, most int) string {
	var b strings.Builder
	name := v.Name
	if name == "" {
		name = fmt.Sprintf("row %d", v.Row)
	}
	fmt.Fprintf(&b, "%-7s  %s\n", v.Level, name)
	findings := slices.SortedStableFunc(slices.Values(v.Findings), func(a, b check.Finding) int { return cmp.Compare(a.Level, b.Level) })
	for i, f := range findings {
		if i == most {
			fmt.Fprintf(&b, "         and %d more\n", len(findings)-most)
			break
		}
		fmt.Fprintf(&b, "         %s: %s; %s: %s\n", f.Code, f.What, f.Effect, f.Remedy)
	}
	return b.String()
}

// print writes the report: the summary first.
func (r *checkReport) print(w io.Writer, data string, s check.Summary) error {
	r.head(w, data, s)
	kindTable(w, s)
	classTable(w, s)
	for _, f := range s.Findings {
		fmt.Fprintf(w, "\n%s: %s: %s\n  %s: %s\n", f.Level, f.Code, f.What, f.Effect, f.Remedy)
	}
	if r.all != nil {
		return r.printAll(w)
	}
	if len(r.worst) == 0 {
		return nil
	}
	bad := s.Verdicts[check.Error] + s.Verdicts[check.Warning]
	fmt.Fprintf(w, "\nworst files (%d of %d with findings; --all lists all)\n", len(r.worst), bad)
	for _, v := range r.worst {
		fmt.Fprint(w, fileText(v, 2))
	}
	return nil
}

func (r *checkReport) printAll(w io.Writer) error {
	if err := r.text.Flush(); err != nil {
		return err
	}
	if _, err := r.all.Seek(0, io.SeekStart); err != nil {
		return err
	}
	fmt.Fprintln(w)
	_, err := io.Copy(w, r.all)
	return err
}

// head writes numbers of the whole.
func (r *checkReport) head(w io.Writer, data string, s check.Summary) {
	fmt.Fprintf(w, "%s: %d videos: %d ok, %d with warnings, %d with errors", data, s.Rows, s.Verdicts[check.OK], s.Verdicts[check.Warning], s.Verdicts[check.Error])
	if s.Interrupted {
		fmt.Fprint(w, "; interrupted, later rows were not looked at")
	}
	fmt.Fprintln(w)
	var splits []string
	for _, name := range slices.Sorted(maps.Keys(s.Splits)) {
		splits = append(splits, fmt.Sprintf("%s %d", name, s.Splits[name]))
	}
	var sizes []string
	for _, size := range s.Sizes {
		sizes = append(sizes, fmt.Sprintf("%dx%d (%d)", size.Width, size.Height, size.Rows))
	}
	fmt.Fprintf(w, "%s; %s of video, %d to %d frames (mean %.0f); sizes %s\n", strings.Join(splits, ", "),
		time.Duration(s.Seconds*float64(time.Second)).Round(time.Second), s.Frames.Min, s.Frames.Max, s.Frames.Mean, strings.Join(sizes, " "))
	if s.Leaks > 0 {
		fmt.Fprintf(w, "LEAK: %d videos repeat one of another split\n", s.Leaks)
	}
	if s.Reused > 0 {
		fmt.Fprintf(w, "%d files are unchanged since an earlier check\n", s.Reused)
	}
}

// kindTable writes how many files have which finding.
func kindTable(w io.Writer, s check.Summary) {
	if len(s.Kinds) == 0 {
		return
	}
	about := map[check.Code]string{}
	for _, k := range check.Kinds() {
		about[k.Code] = k.About
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range s.Kinds {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", k.Level, k.Code, k.Rows, about[k.Code])
	}
	t.Flush()
}

// classTable writes the classes, the largest and the smallest where there are many.
func classTable(w io.Writer, s check.Summary) {
	if len(s.Classes) == 0 || len(s.Classes) == 1 && s.Classes[0].Label == "" {
		return
	}
	splits := slices.Sorted(maps.Keys(s.Splits))
	splits = splits[:min(len(splits), shownClasses)]
	fmt.Fprintf(w, "\n%d classes\n", len(s.Classes))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "class\t%s\n", strings.Join(splits, "\t"))
	for i, c := range shownOf(s.Classes) {
		if i == shownClasses/2 && len(s.Classes) > shownClasses {
			fmt.Fprintln(t, "...")
		}
		label := c.Label
		if label == "" {
			label = "(no label)"
		}
		fmt.Fprint(t, label)
		for _, split := range splits {
			fmt.Fprintf(t, "\t%d", c.Splits[split])
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

// shownOf are all of a few classes, or the largest and the smallest of many.
func shownOf(classes []check.ClassCount) []check.ClassCount {
	if len(classes) <= shownClasses {
		return classes
	}
	bySize := slices.SortedStableFunc(slices.Values(classes), func(a, b check.ClassCount) int { return cmp.Compare(b.Rows, a.Rows) })
	return slices.Concat(bySize[:shownClasses/2], bySize[len(bySize)-shownClasses/2:])
}
