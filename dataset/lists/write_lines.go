package lists

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"videomae/video"
	"videomae/video/imagedir"
)

// lineWriter writes the forms of the official code, into one file or one for each split.
type lineWriter struct{}

func (lineWriter) begin(t *target) error {
	if t.folder {
		return nil
	}
	_, err := t.at(t.out)
	return err
}

func (lineWriter) row(t *target, item Item) error {
	path, err := t.path(item)
	if err != nil {
		return err
	}
	if strings.ContainsAny(path, "\n\r") {
		return fmt.Errorf("its path has a line break")
	}
	if dir, _, pictures := video.CutPictures(path); pictures {
		path = dir // the official code is told of their names elsewhere
	}
	name := t.out
	if t.folder {
		if item.Split == "" || item.Split != filepath.Base(item.Split) {
			return fmt.Errorf("split %q cannot name a file", item.Split)
		}
		name = filepath.Join(t.out, item.Split+".csv")
	}
	file, err := t.at(name)
	if err != nil {
		return err
	}
	rest, err := t.lineEnd(item)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s %s\n", path, rest)
	return err
}

// lineEnd is what stands behind the path.
func (t *target) lineEnd(item Item) (string, error) {
	if t.Kind == Pretrain {
		first, count, err := pictures(item)
		if err != nil || count == 0 {
			return "0 -1", err
		}
		return fmt.Sprintf("%d %d", first, count), nil
	}
	class, err := t.number(item)
	if err != nil || t.Kind == Official {
		return strconv.Itoa(class), err
	}
	first, count, err := pictures(item)
	switch {
	case err != nil:
		return "", err
	case count == 0:
		return "", fmt.Errorf("%s is not a folder of pictures", item.Path)
	case first != 1:
		return "", fmt.Errorf("its pictures count from %d, and lists of this kind from 1", first)
	}
	return fmt.Sprintf("%d %d", count, class), nil
}

// pictures are the first number and the count of the pictures that an item means; count is 0 for a video.
func pictures(item Item) (first, count int, err error) {
	if item.Count > 0 {
		return item.First, item.Count, nil
	}
	if _, _, some := video.CutPictures(item.Path); !some {
		if info, err := os.Stat(item.Path); isVideo(item.Path) || err != nil || !info.IsDir() {
			return 0, 0, nil
		}
	}
	numbers, err := imagedir.Numbers(item.Path)
	if err != nil {
		return 0, 0, err
	}
	first, last := numbers[0], numbers[len(numbers)-1]
	if last-first+1 != len(numbers) {
		return 0, 0, fmt.Errorf("folder %s has %d pictures numbered %d to %d, with gaps that such a list cannot tell", item.Path, len(numbers), first, last)
	}
	return first, len(numbers), nil
}

// end writes the names of the classes, and, of a folder, the list that the official code wants beside the others: test as validation or
// the other way round.
func (lineWriter) end(t *target) error {
	if t.Labels != nil && t.Kind != Pretrain {
		if err := t.writeLabels(labelsFileOf(t.out, t.folder)); err != nil {
			return err
		}
	}
	if !t.folder {
		return nil
	}
	val, test := filepath.Join(t.out, "val.csv"), filepath.Join(t.out, "test.csv")
	if t.made[val] != nil && t.made[test] == nil {
		return t.copy(val, test)
	}
	if t.made[test] != nil && t.made[val] == nil {
		return t.copy(test, val)
	}
	return nil
}

// labelsFileOf is where the names of a list's classes are.
func labelsFileOf(list string, folder bool) string {
	if folder {
		return filepath.Join(list, labelsFile)
	}
	return strings.TrimSuffix(list, filepath.Ext(list)) + "." + labelsFile
}

func (t *target) writeLabels(path string) error {
	file, err := t.at(path)
	if err != nil {
		return err
	}
	for _, name := range t.Labels.Names() {
		if _, err := fmt.Fprintln(file, name); err != nil {
			return err
		}
	}
	return nil
}

// copy repeats a file that has been written.
func (t *target) copy(from, to string) error {
	source, target := t.made[from], (*output)(nil)
	if err := source.Flush(); err != nil {
		return err
	}
	file, err := os.Open(source.file.Name())
	if err != nil {
		return err
	}
	defer file.Close()
	if target, err = t.at(to); err != nil {
		return err
	}
	_, err = io.Copy(target, file)
	return err
}
