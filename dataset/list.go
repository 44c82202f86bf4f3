package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"videomae/video"
)

// readList reads a list file of either form. Relative paths of a list with a header start at the list's folder.
func readList(file string) ([]Item, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, video.Reason(err)
	}
	items, header, err := parseList(data)
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		switch {
		case !header:
			items[i].Path = official(item.Name)
		case filepath.IsAbs(item.Name):
			items[i].Path = item.Name
		default:
			items[i].Path = filepath.Join(filepath.Dir(file), item.Name)
		}
	}
	return items, nil
}

// official is the file that the official form of list means by a path: one without a dot in its last part lacks its ".mp4",
// unless it is there as it stands, as a folder of frames is.
func official(name string) string {
	if strings.Contains(path.Base(name), ".") {
		return name
	}
	if _, err := os.Stat(name); err == nil {
		return name
	}
	return name + ".mp4"
}

// parseList reads a list's text to items without paths, and tells whether it had a header.
func parseList(data []byte) (items []Item, header bool, err error) {
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, false, errors.New("is not a text file; give a list of videos (CSV) or a folder")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	columns, _ := csv.NewReader(bytes.NewReader(data)).Read() // where this fails, the list is of the other form
	if find(columns, "path") >= 0 {
		items, err = parseCSV(data)
		return items, true, err
	}
	items, err = parseOfficial(data)
	return items, false, err
}

// find returns the column with a name, or -1.
func find(columns []string, name string) int {
	for i, c := range columns {
		if strings.TrimSpace(c) == name {
			return i
		}
	}
	return -1
}

// parseCSV reads comma-separated rows under a header with a column "path".
func parseCSV(data []byte) ([]Item, error) {
	r := csv.NewReader(bytes.NewReader(data)) // every row must have as many fields as the header
	columns, err := r.Read()
	if err != nil {
		return nil, err
	}
	for i, c := range columns {
		if first := find(columns, strings.TrimSpace(c)); first != i {
			return nil, fmt.Errorf("row 1: column %q appears twice", c)
		}
	}
	at := [3]int{find(columns, "path"), find(columns, "label"), find(columns, "split")}
	var items []Item
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, err // says the row
		}
		var field [3]string
		for i, column := range at {
			if column >= 0 {
				field[i] = strings.TrimSpace(row[column])
			}
		}
		if field[0] == "" {
			line, _ := r.FieldPos(at[0])
			return nil, fmt.Errorf("row %d: the path is empty", line)
		}
		items = append(items, Item{Name: field[0], Label: field[1], Split: field[2]})
	}
}

// parseOfficial reads rows "path label", where the label is a number and the path may hold spaces, or "path 0 -1", which is how the
// second version lists whole videos for pre-training.
func parseOfficial(data []byte) ([]Item, error) {
	var items []Item
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for row := 1; lines.Scan(); row++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if name, ok := strings.CutSuffix(line, " 0 -1"); ok {
			items = append(items, Item{Name: strings.TrimSpace(name)})
			continue
		}
		name, label := cutLast(line)
		if n, err := strconv.Atoi(label); err != nil || n < 0 || name == "" {
			return nil, fmt.Errorf("row %d: %q is neither \"path label\" (one space between, the label a number; 0 where there is none) nor, in a list with commas, under a header \"path,label,split\"",
				row, shorten(line))
		}
		items = append(items, Item{Name: name, Label: label})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("is not a list of videos: %w", err)
	}
	return items, nil
}

// cutLast parts a line at its last space.
func cutLast(line string) (before, after string) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return line, ""
	}
	return strings.TrimSpace(line[:i]), line[i+1:]
}

func shorten(line string) string {
	if r := []rune(line); len(r) > 80 {
		return string(r[:80]) + "..."
	}
	return line
}
