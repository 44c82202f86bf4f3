package lists

import (
	"encoding/csv"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
)

// Form says how to write a list.
type Form struct {
	Kind   Kind
	Labels *Labels // numbers of the classes; nil where labels are numbers or there are none
	Number int     // in the names of UCF101's and HMDB51's lists; 0 is 1
	Parts  bool    // CSV gets columns for parts of folders of frames
	Names  bool    // paths are written as the source names them, not by where files are
}

// Write writes items to out and returns the files it made: all of them whole, or, with an error, none. The rows' own errors end it.
//
// Kinds SSV2, UCF101 and HMDB51 are folders, Official and Frames may be: of one list for each split, and one of the classes' names.
// A single list of the official form, which has no splits, has the names in a file of its own name with the ending .labels.txt.
func Write(out string, rows iter.Seq2[Item, error], f Form) ([]string, error) {
	f.Number = max(1, f.Number)
	w, err := newWriter(f.Kind)
	if err != nil {
		return nil, err
	}
	t := &target{Form: f, out: out, folder: isFolder(out), made: map[string]*output{}}
	err = w.begin(t)
	for item, failed := range rows {
		if err == nil {
			err = failed
		}
		if err == nil {
			if err = w.row(t, item); err != nil {
				err = fmt.Errorf("%s (row %d) cannot be written as %s: %w", item.Name, item.Row, f.Kind, err)
			}
		}
		if err != nil {
			break
		}
	}
	if err == nil {
		err = w.end(t)
	}
	return t.finish(err)
}

// isFolder tells whether a list goes into a folder: one that is there, or a name without an ending.
func isFolder(out string) bool {
	if info, err := os.Stat(out); err == nil {
		return info.IsDir()
	}
	return filepath.Ext(out) == "" || os.IsPathSeparator(out[len(out)-1])
}

// target is where a list is written to.
type target struct {
	Form
	outputs
	out    string
	folder bool
	made   map[string]*output
}

// file returns the file of a name in the target's folder, made when first asked for.
func (t *target) file(name string) (*output, error) { return t.at(filepath.Join(t.out, name)) }

func (t *target) at(path string) (f *output, err error) {
	if f = t.made[path]; f == nil {
		f, err = t.create(path)
		t.made[path] = f
	}
	return f, err
}

// path is how a list names an item's file.
func (t *target) path(item Item) (string, error) {
	if t.Names {
		return item.Name, nil
	}
	return filepath.Abs(item.Path)
}

// number is an item's class number: 0 without a label.
func (t *target) number(item Item) (int, error) {
	switch {
	case item.Label == "":
		return 0, nil
	case t.Labels != nil:
		return t.Labels.Place(item.Label)
	}
	n, err := strconv.Atoi(item.Label)
	if err != nil {
		return 0, fmt.Errorf("the label %q has no number", item.Label)
	}
	return n, nil
}

// writer is one form of list.
type writer interface {
	begin(*target) error
	row(*target, Item) error
	end(*target) error
}

func newWriter(kind Kind) (writer, error) {
	switch kind {
	case CSV:
		return &csvWriter{header: ownColumns, fields: ownFields}, nil
	case Kinetics:
		return &csvWriter{header: []string{"label", "youtube_id", "time_start", "time_end", "split"}, fields: kineticsFields}, nil
	case Official, Pretrain, Frames:
		return lineWriter{}, nil
	case SSV2:
		return &jsonWriter{}, nil
	case UCF101:
		return ucfWriter{}, nil
	case HMDB51:
		return hmdbWriter{}, nil
	}
	return nil, fmt.Errorf("lists of kind %q cannot be written", kind)
}

// csvWriter writes rows under a header into one file.
type csvWriter struct {
	header []string
	fields func(*target, Item) ([]string, error)
	csv    *csv.Writer
}

func (w *csvWriter) begin(t *target) error {
	if t.folder {
		return fmt.Errorf("write %s: a list of kind %s is one file: name it, as in %s", t.out, t.Kind, filepath.Join(t.out, "clips.csv"))
	}
	file, err := t.at(t.out)
	if err != nil {
		return err
	}
	w.csv = csv.NewWriter(file)
	if t.Kind == CSV && !t.Parts {
		w.header = w.header[:3]
	}
	return w.csv.Write(w.header)
}

func (w *csvWriter) row(t *target, item Item) error {
	fields, err := w.fields(t, item)
	if err != nil {
		return err
	}
	return w.csv.Write(fields[:len(w.header)])
}

func (w *csvWriter) end(*target) error {
	w.csv.Flush()
	return w.csv.Error()
}

// ownFields are the columns of our own form. Files below the list's folder are named from there.
func ownFields(t *target, item Item) ([]string, error) {
	path, err := t.path(item)
	if err != nil {
		return nil, err
	}
	if !t.Names {
		dir, err := filepath.Abs(filepath.Dir(t.out))
		if err != nil {
			return nil, err
		}
		if below, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(below) {
			path = filepath.ToSlash(below)
		}
	}
	first, count := "", ""
	if item.Count > 0 {
		first, count = strconv.Itoa(item.First), strconv.Itoa(item.Count)
	}
	return []string{path, item.Label, item.Split, first, count}, nil
}
