// The lists of the official code and its second version: one video a line, fields parted by a space.

package lists

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"strconv"
	"strings"
)

// readLines reads a list of one video a line.
func readLines(file string, parse func(string) (entry, error)) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for line, err := range lines(file) {
			var e entry
			if err == nil {
				e, err = parse(line.text)
				e.Row = line.row
				if err != nil {
					err = &RowError{file, line.row, err}
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// officialRow reads "path label", where the label is a number and the path may hold spaces, or "path 0 -1", as lists for pre-training
// have it. The label may also stand after a comma or a tab. Source: spec section 5.1.
func officialRow(line string) (entry, error) {
	if name, ok := strings.CutSuffix(line, " 0 -1"); ok && strings.TrimSpace(name) != "" {
		return entry{Item: Item{Name: strings.TrimSpace(name)}}, nil
	}
	name, label := cutLast(line)
	if n, err := strconv.Atoi(label); err != nil || n < 0 || name == "" {
		return entry{}, fmt.Errorf("%q is neither \"path label\" (one space between, the label a number; 0 where there is none) nor, in a list with commas, under a header \"path,label,split\"",
			shorten(line))
	}
	return entry{Item: Item{Name: name, Label: label}}, nil
}

// pretrainRow reads a line for pre-training of the second version: "path 0 -1" for a video, "folder first count" for pictures.
func pretrainRow(line string) (entry, error) {
	e, first, count, err := folderRow(line)
	switch {
	case err != nil || first < 0:
		return entry{}, fmt.Errorf("%q is neither \"path 0 -1\" (a video) nor \"folder first count\" (pictures)", shorten(line))
	case count == -1 && first == 0:
		return e, nil
	case count < 1:
		return entry{}, fmt.Errorf("%q: %d pictures; there must be at least 1, or -1 for a video", shorten(line), count)
	}
	e.First, e.Count = first, count
	return e, nil
}

// framesRow reads a line for fine-tuning on pictures, of the second version: "folder count label". Pictures count from 1.
func framesRow(line string) (entry, error) {
	e, count, label, err := folderRow(line)
	if err != nil || count < 1 || label < 0 {
		return entry{}, fmt.Errorf("%q is not \"folder count label\" (the count at least 1, the label a number)", shorten(line))
	}
	e.First, e.Count, e.Label = 1, count, strconv.Itoa(label)
	return e, nil
}

// folderRow parts a line that ends in two numbers.
func folderRow(line string) (e entry, a, b int, err error) {
	rest, last := cutLast(line)
	name, middle := cutLast(rest)
	a, err1 := strconv.Atoi(middle)
	b, err2 := strconv.Atoi(last)
	if name == "" {
		return entry{}, 0, 0, errors.New("no path")
	}
	return entry{Item: Item{Name: name}}, a, b, errors.Join(err1, err2)
}

// cutLast parts a line at its last space, tab or comma.
func cutLast(line string) (before, after string) {
	i := strings.LastIndexAny(line, " \t,")
	if i < 0 {
		return line, ""
	}
	return strings.TrimSpace(line[:i]), line[i+1:]
}

// withExtension is the file that the official form of list means by a path: one without a dot in its last part lacks its ".mp4",
// unless it is there as it stands, as a folder of frames is.
func withExtension(name string) string {
	if strings.Contains(path.Base(name), ".") {
		return name
	}
	if _, err := os.Stat(name); err == nil {
		return name
	}
	return name + ".mp4"
}
