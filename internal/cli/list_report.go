package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"videomae/dataset/lists"
)

// listing is what list finds in a source, and what it wrote.
type listing struct {
	Source      string         `json:"source"`
	Kind        lists.Kind     `json:"kind"`
	Root        string         `json:"root"`            // where relative paths begin; empty where they are used as they are
	Files       string         `json:"files,omitempty"` // how the files of a list of ids are named
	Rows        int            `json:"rows"`            // that are sound, and of the split asked for
	Bad         int            `json:"bad_rows"`
	BadExamples []string       `json:"bad_examples,omitempty"`
	Classes     int            `json:"classes"`
	Unlabelled  int            `json:"unlabelled"`
	Splits      map[string]int `json:"splits"` // "" where the list states none
	Missing     int            `json:"missing_files"`
	Lost        []string       `json:"missing_examples,omitempty"`
	Boxes       int            `json:"boxes,omitempty"`   // of AVA
	Moments     int            `json:"moments,omitempty"` // seconds with boxes
	Written     []string       `json:"written"`

	classes map[string]bool
	parts   bool // there are parts of folders of frames
	spaced  bool // there are paths with spaces
}

// shownExamples is how many bad rows and missing files are named.
const shownExamples = 5

// survey counts what is in a source. Files are looked for, but where the first ones are all missing and no root was given.
func (o listOptions) survey(source *lists.Source, renamed map[string]string) listing {
	found := listing{Source: source.Path, Kind: source.Kind, Root: source.Root, Files: source.Files, Splits: map[string]int{}, classes: map[string]bool{}, Written: []string{}}
	look := !o.anywhere && (source.Found || o.root != "")
	whole := o
	whole.dropLost = false // so that what is missing is counted
	for item, err := range whole.rows(source, renamed) {
		if err != nil {
			found.Bad++
			if len(found.BadExamples) < shownExamples {
				found.BadExamples = append(found.BadExamples, err.Error())
			}
			continue
		}
		if look && !lists.Exists(item.Path) {
			found.Missing++
			if len(found.Lost) < shownExamples {
				found.Lost = append(found.Lost, item.Path)
			}
			if o.dropLost {
				continue
			}
		}
		found.Rows++
		found.Splits[item.Split]++
		found.parts = found.parts || item.Count > 0
		found.spaced = found.spaced || strings.Contains(item.Path, " ")
		if item.Label == "" {
			found.Unlabelled++
		} else {
			found.classes[item.Label] = true
		}
	}
	found.Classes = len(found.classes)
	return found
}

// surveyBoxes counts AVA's boxes and the seconds and classes they are of.
func (o listOptions) surveyBoxes(source *lists.Source, found *listing) error {
	if source.Kind != lists.AVA {
		return nil
	}
	without, err := o.excluded()
	if err != nil {
		return err
	}
	moments := map[lists.Moment]bool{}
	for b, err := range source.Boxes() {
		m := lists.Moment{Video: b.Video, Second: b.Second}
		if err != nil || without[m] {
			continue // broken rows are counted among the videos
		}
		found.Boxes++
		moments[m] = true
		name := strconv.Itoa(b.Class)
		if source.Labels != nil {
			if known, err := source.Labels.Name(b.Class); err == nil { // classes that are not scored have no name in the usual map
				name = known
			}
		}
		found.classes[name] = true
	}
	found.Moments, found.Classes, found.Unlabelled = len(moments), len(found.classes), 0
	return nil
}

// countNames writes counts as "train 9537, test 3783".
func countNames(counts map[string]int) string {
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] }) {
		shown := name
		if name == "" {
			shown = "(not stated)"
		}
		parts = append(parts, fmt.Sprintf("%s %d", shown, counts[name]))
	}
	return strings.Join(parts, ", ")
}

// print tells what was found.
func (l listing) print(s Streams, source *lists.Source, o listOptions) {
	fmt.Fprintf(s.Err, "%s: a list of kind %s, %d rows\n", l.Source, l.Kind, l.Rows)
	if l.Boxes > 0 {
		fmt.Fprintf(s.Err, "  boxes: %d at %d seconds\n", l.Boxes, l.Moments)
	}
	fmt.Fprintf(s.Err, "  splits: %s\n", countNames(l.Splits))
	fmt.Fprintf(s.Err, "  classes: %d", l.Classes)
	if source.Labels != nil {
		fmt.Fprintf(s.Err, " of the %d that have names", source.Labels.Len())
	}
	if l.Unlabelled > 0 {
		fmt.Fprintf(s.Err, "; %d rows have no label", l.Unlabelled)
	}
	fmt.Fprintln(s.Err)
	switch {
	case o.anywhere:
	case !source.Found && o.root == "":
		fmt.Fprintln(s.Err, "  files: none of the first was found; --root says where they are")
	default:
		fmt.Fprintf(s.Err, "  files: %d missing%s%s\n", l.Missing, below(l.Root), namedAs(l.Files))
	}
	for _, lost := range l.Lost {
		fmt.Fprintf(s.Err, "    missing: %s\n", lost)
	}
	for _, bad := range l.BadExamples {
		fmt.Fprintf(s.Err, "  %s\n", bad)
	}
	if more := l.Bad - len(l.BadExamples); more > 0 {
		fmt.Fprintf(s.Err, "  and %d more broken rows\n", more)
	}
}

func below(root string) string {
	if root == "" {
		return ""
	}
	return " below " + root
}

func namedAs(files string) string {
	if files == "" {
		return ""
	}
	return ", named " + files
}
