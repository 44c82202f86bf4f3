package lists

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// openSSV2 adds the JSON lists of a folder: those whose names end in train.json, validation.json and test.json.
func (s *Source) openSSV2(dir string, o Options) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fileError(dir, err)
	}
	for _, split := range []string{"train", "val", "test"} {
		for _, e := range entries {
			if jsonSplit(e.Name()) == split {
				if err := s.addFile(filepath.Join(dir, e.Name()), split, SSV2, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// jsonSplit is the split that a JSON list is for by its name, or "".
func jsonSplit(name string) string {
	stem, isJSON := strings.CutSuffix(strings.ToLower(name), ".json")
	if !isJSON {
		return ""
	}
	for _, end := range []string{"train", "validation", "val", "test"} {
		if strings.HasSuffix(stem, end) {
			return splitName(end)
		}
	}
	return ""
}

// addSSV2 adds a JSON list, and the labels beside it.
func (s *Source) addSSV2(file, split string) error {
	if split == "" {
		split = jsonSplit(filepath.Base(file))
	}
	if s.Labels == nil {
		beside, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*labels.json")) // the pattern is sound
		if len(beside) > 0 {
			if err := s.readLabels(beside[0]); err != nil {
				return err
			}
		}
	}
	s.add(part{file: file, split: split, kind: SSV2, rows: readSSV2(file)})
	return nil
}

// ssv2Video is what the list says of a video; test lists have only ids.
type ssv2Video struct {
	ID       json.RawMessage `json:"id"`
	Template string          `json:"template"` // the class, with the words that differ between videos in brackets
}

// readSSV2 reads an array of videos one by one. A row is one video.
func readSSV2(file string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			yield(entry{}, fileError(file, err))
			return
		}
		defer f.Close()
		d := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
		if open, err := d.Token(); err != nil || open != json.Delim('[') {
			yield(entry{}, fileError(file, errors.New("is not a JSON array of videos")))
			return
		}
		for row := 1; d.More(); row++ {
			var v ssv2Video
			if err := d.Decode(&v); err != nil {
				broken := (*json.UnmarshalTypeError)(nil)
				if !errors.As(err, &broken) { // nothing after it can be read
					yield(entry{}, fileError(file, fmt.Errorf("row %d: %w", row, err)))
					return
				}
				if !yield(entry{}, &RowError{file, row, err}) {
					return
				}
				continue
			}
			e, err := v.entry()
			e.Row = row
			if err != nil {
				err = &RowError{file, row, err}
			}
			if !yield(e, err) {
				return
			}
		}
		if _, err := d.Token(); err != nil {
			yield(entry{}, fileError(file, fmt.Errorf("ends too early: %w", err)))
		}
	}
}

// brackets takes away what marks the words of a template that differ between videos.
var brackets = strings.NewReplacer("[", "", "]", "")

func (v ssv2Video) entry() (entry, error) {
	id := strings.Trim(string(v.ID), `"`)
	if id == "" || id == "null" || strings.ContainsAny(id, `/\{["`) {
		return entry{}, fmt.Errorf("a video has the id %q", shorten(string(v.ID)))
	}
	return entry{Item: Item{Label: brackets.Replace(v.Template)}, id: id}, nil
}
