// CSV under a header: our own form, and that of the Kinetics annotations.

package lists

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// columns are the names of a header's fields.
type columns []string

// find returns the column with a name, or -1.
func (c columns) find(name string) int { return slices.Index(c, name) }

// check refuses a header that names a column twice.
func (c columns) check() error {
	for i, name := range c {
		if name != "" && c.find(name) != i {
			return fmt.Errorf("column %q appears twice", name)
		}
	}
	return nil
}

// newColumns copies a header.
func newColumns(fields []string) columns {
	c := make(columns, len(fields))
	for i, name := range fields {
		c[i] = strings.TrimSpace(name)
	}
	return c
}

// headed yields the rows under a header, the wanted columns in the order of their names; "" where there is no such column.
func headed(file string, names ...string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		var at []int
		fields := make([]string, len(names))
		for r, err := range records(file, true) {
			if err == nil && at == nil {
				header := newColumns(r.fields)
				if err = header.check(); err != nil {
					yield(record{}, &RowError{file, r.row, err})
					return
				}
				for _, name := range names {
					at = append(at, header.find(name))
				}
				continue
			}
			if err != nil {
				if !yield(record{}, err) || at == nil {
					return
				}
				continue
			}
			for i, column := range at {
				fields[i] = ""
				if column >= 0 {
					fields[i] = strings.TrimSpace(r.fields[column])
				}
			}
			if !yield(record{fields, r.row}, nil) {
				return
			}
		}
	}
}

// Columns of our own CSV. Others are passed over.
var ownColumns = []string{"path", "label", "split", "first_picture", "pictures"}

// readCSV reads our own form: a column path, and where there are such, label, split, and for parts of folders of frames first_picture
// and pictures.
func readCSV(file string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for r, err := range headed(file, ownColumns...) {
			var e entry
			if err == nil {
				e, err = ownRow(r.fields)
				e.Row = r.row
				if err != nil {
					err = &RowError{file, r.row, err}
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func ownRow(f []string) (entry, error) {
	if f[0] == "" {
		return entry{}, errors.New("the path is empty")
	}
	e := entry{Item: Item{Name: f[0], Label: f[1], Split: f[2]}}
	if f[3] == "" && f[4] == "" {
		return e, nil
	}
	first, err1 := strconv.Atoi(f[3])
	count, err2 := strconv.Atoi(f[4])
	if err1 != nil || err2 != nil || first < 0 || count < 1 {
		return entry{}, fmt.Errorf("first_picture %q and pictures %q must be a number from 0 and a count from 1", f[3], f[4])
	}
	e.First, e.Count = first, count
	return e, nil
}

// readKinetics reads annotations as Kinetics publishes them: the video's id, the second where the clip begins and ends, and, but in the
// list of test clips, its class.
func readKinetics(file string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for r, err := range headed(file, "youtube_id", "time_start", "time_end", "label", "split") {
			var e entry
			if err == nil {
				e, err = kineticsRow(r.fields)
				e.Row = r.row
				if err != nil {
					err = &RowError{file, r.row, err}
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func kineticsRow(f []string) (entry, error) {
	if f[0] == "" {
		return entry{}, errors.New("the youtube_id is empty")
	}
	start, err1 := strconv.ParseFloat(f[1], 64)
	end, err2 := strconv.ParseFloat(f[2], 64)
	if err1 != nil || err2 != nil || !(start >= 0 && end >= start && end < 1e6) {
		return entry{}, fmt.Errorf("time_start %q and time_end %q must be seconds, the one before the other", f[1], f[2])
	}
	return entry{Item: Item{Label: f[3], Split: splitName(f[4])}, id: f[0], start: int(start), end: int(end)}, nil
}

// splitName gives the parts of a data set that are known by several names one.
func splitName(name string) string {
	switch strings.ToLower(name) {
	case "train", "training":
		return "train"
	case "val", "valid", "validate", "validation":
		return "val"
	case "test", "testing":
		return "test"
	}
	return name
}
