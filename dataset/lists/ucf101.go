package lists

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ucfClasses is the label map beside UCF101's lists.
const ucfClasses = "classInd.txt"

// openUCF adds split number o.Number of a folder of UCF101's lists.
func (s *Source) openUCF(dir string, o Options) error {
	for _, split := range []string{"train", "test"} {
		file := filepath.Join(dir, fmt.Sprintf("%slist%02d.txt", split, o.Number))
		if !exists(file) {
			return fmt.Errorf("list %s: has no %s for split %d", dir, filepath.Base(file), o.Number)
		}
		if err := s.addFile(file, split, UCF101, o); err != nil {
			return err
		}
	}
	return nil
}

// addUCF adds one of UCF101's lists: a path in a folder named for its class and, in lists for training, the class's number from 1. Where
// the label map is beside it, the number must be that of the folder.
func (s *Source) addUCF(file, split string) error {
	if split == "" {
		split = "train"
		if m := ucfList.FindStringSubmatch(filepath.Base(file)); m != nil {
			split = m[1]
		}
	}
	if classes := filepath.Join(filepath.Dir(file), ucfClasses); s.Labels == nil && exists(classes) {
		if err := s.readLabels(classes); err != nil {
			return err
		}
	}
	labels := s.Labels // as published; a file that the user names must not change what the numbers mean
	s.add(part{file: file, split: split, kind: UCF101, rows: readLines(file, func(line string) (entry, error) { return ucfRow(line, labels) })})
	return nil
}

func ucfRow(line string, labels *Labels) (entry, error) {
	name, number := line, ""
	if before, after := cutLast(line); path.Ext(before) != "" {
		name, number = before, after
	}
	class, _, below := strings.Cut(name, "/")
	if !below {
		return entry{}, fmt.Errorf("%q is not \"Class/file.avi\", with or without a number from 1", shorten(line))
	}
	if number != "" {
		id, err := strconv.Atoi(number)
		if err != nil || id < 1 {
			return entry{}, fmt.Errorf("%q ends in %q, where the class has a number from 1", shorten(line), shorten(number))
		}
		if labels != nil {
			if said, err := labels.Name(id); err != nil {
				return entry{}, err
			} else if said != class {
				return entry{}, fmt.Errorf("class %d is %s, but the file is in the folder %s", id, said, class)
			}
		}
	}
	return entry{Item: Item{Name: name, Label: class}}, nil
}

// openHMDB adds split number o.Number of a folder of HMDB51's lists, class after class.
func (s *Source) openHMDB(dir string, o Options) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fileError(dir, err)
	}
	have := map[string]bool{}
	for _, e := range entries {
		m := hmdbList.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		have[m[2]] = true
		if m[2] == strconv.Itoa(o.Number) {
			s.addHMDB(filepath.Join(dir, e.Name()))
		}
	}
	if len(s.parts) == 0 {
		return fmt.Errorf("list %s: has no CLASS_test_split%d.txt, only numbers %v", dir, o.Number, sortedKeys(have))
	}
	return nil
}

// addHMDB adds the list of one class of HMDB51: "file.avi 1", where 1 is for training, 2 for test and 0 for neither.
func (s *Source) addHMDB(file string) {
	class := hmdbList.FindStringSubmatch(filepath.Base(file))[1]
	rows := readLines(file, func(line string) (entry, error) { return hmdbRow(line, class) })
	s.add(part{file: file, kind: HMDB51, rows: func(yield func(entry, error) bool) {
		for e, err := range rows {
			if (err != nil || e.Split != "") && !yield(e, err) {
				return
			}
		}
	}})
}

// hmdbRow reads a line; the entry of a video that is in neither part has no split.
func hmdbRow(line, class string) (entry, error) {
	name, use := cutLast(line)
	i := slices.Index([]string{"0", "1", "2"}, use)
	if i < 0 || name == "" {
		return entry{}, fmt.Errorf("%q is not \"file.avi N\" with N 0 (not used), 1 (train) or 2 (test)", shorten(line))
	}
	return entry{Item: Item{Name: class + "/" + name, Label: class, Split: []string{"", "train", "test"}[i]}}, nil
}
