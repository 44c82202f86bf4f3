// The text files in which each process of the official code leaves its scores (spec section 7.1): a line with accuracies, then a line
// "id [logits] label chunk split" for each view, chunk counting views in time and split crops.

package eval

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"videomae/video"
)

// longestLine of a text file, in bytes.
const longestLine = 64 << 20

// ReadTexts reads the files 0.txt, 1.txt... of a folder. Ids stay as they stand there, a second line of the same view of a video is passed
// over, and classes are known by their numbers.
func ReadTexts(folder string) (Predictions, error) {
	ranks, err := textRanks(folder)
	if err != nil {
		return Predictions{}, err
	}
	r := textReader{videos: map[string]int{}}
	r.p.Official, r.p.Data = true, folder
	for rank := range ranks {
		if err := r.file(filepath.Join(folder, rankFile(rank))); err != nil {
			return Predictions{}, err
		}
	}
	if len(r.p.Videos) == 0 {
		return Predictions{}, fmt.Errorf("predictions %s: the files hold no views", folder)
	}
	for i := range r.classes {
		r.p.Classes = append(r.p.Classes, strconv.Itoa(i))
	}
	for i, v := range r.p.Videos {
		if v.Label >= r.classes { // a class that the model lacks
			r.p.Videos[i].Label = -1
		}
	}
	return r.p, nil
}

// HasTexts tells whether a folder has such files.
func HasTexts(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, rankFile(0)))
	return err == nil
}

func rankFile(rank int) string { return strconv.Itoa(rank) + ".txt" }

// textRanks counts the files of a folder, and makes sure that none between them is missing.
func textRanks(folder string) (int, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, fmt.Errorf("predictions %s: %w", folder, video.Reason(err))
	}
	var ranks []int
	for _, e := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".txt")); err == nil && e.Name() == rankFile(n) && n >= 0 {
			ranks = append(ranks, n)
		}
	}
	slices.Sort(ranks)
	for i, n := range ranks {
		if n != i {
			return 0, fmt.Errorf("predictions %s: there is %s but not %s: one process's scores are missing", folder, rankFile(n), rankFile(i))
		}
	}
	if len(ranks) == 0 {
		return 0, fmt.Errorf("predictions %s: no files 0.txt, 1.txt and so on in it: %w", folder, fs.ErrNotExist)
	}
	return len(ranks), nil
}

// textReader gathers lines.
type textReader struct {
	p       Predictions
	videos  map[string]int // place by id
	classes int            // 0 before the first line
}

func (r *textReader) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("predictions %s: %w", path, video.Reason(err))
	}
	defer f.Close()
	if err := r.read(f); err != nil {
		return fmt.Errorf("predictions %s: %w", path, err)
	}
	return nil
}

// read takes the lines of one file.
func (r *textReader) read(from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestLine)
	n := 0
	for lines.Scan() {
		n++
		text := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			if strings.Contains(text, "[") {
				return errors.New("line 1 holds a view, where accuracies should stand")
			}
			continue
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		line, err := parseText(text)
		if err == nil {
			err = r.add(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	if n == 0 {
		return errors.New("the file is empty")
	}
	return nil
}

// textLine is a line's content.
type textLine struct {
	id    string
	label int
	view  View
}

// parseText reads a line. An id may hold spaces and brackets.
func parseText(text string) (textLine, error) {
	end := strings.LastIndexByte(text, ']')
	if end < 0 {
		return textLine{}, errors.New(`no logits in brackets: want "id [logits] label chunk split"`)
	}
	start := strings.LastIndexByte(text[:end], '[')
	if start < 0 {
		return textLine{}, errors.New(`no logits in brackets: want "id [logits] label chunk split"`)
	}
	line := textLine{id: strings.TrimSpace(text[:start])}
	if line.id == "" {
		return textLine{}, errors.New("no id before the logits")
	}
	for field := range strings.SplitSeq(text[start+1:end], ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil {
			return textLine{}, fmt.Errorf("video %s: logit %q is not a number", line.id, strings.TrimSpace(field))
		}
		line.view.Logits = append(line.view.Logits, float32(x))
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) != 3 {
		return textLine{}, fmt.Errorf("video %s: %d fields after the logits, want label, chunk and split", line.id, len(fields))
	}
	for i, to := range []*int{&line.label, &line.view.Temporal, &line.view.Crop} {
		n, err := strconv.Atoi(fields[i])
		if err != nil || i > 0 && n < 0 || n > 1<<30 {
			return textLine{}, fmt.Errorf("video %s: %q cannot be its label, chunk or split", line.id, fields[i])
		}
		*to = n
	}
	return line, nil
}

// add takes a view, unless there was one of the same place.
func (r *textReader) add(line textLine) error {
	if r.classes == 0 {
		r.classes = len(line.view.Logits)
	}
	if len(line.view.Logits) != r.classes {
		return fmt.Errorf("video %s: %d logits, and views before have %d", line.id, len(line.view.Logits), r.classes)
	}
	at, known := r.videos[line.id]
	if !known {
		at = len(r.p.Videos)
		r.videos[line.id] = at
		class := ""
		if line.label >= 0 {
			class = strconv.Itoa(line.label)
		}
		r.p.Videos = append(r.p.Videos, Video{Index: at, Name: line.id, Class: class, Label: max(line.label, -1)})
	}
	v := &r.p.Videos[at]
	for _, view := range v.Views {
		if view.Temporal == line.view.Temporal && view.Crop == line.view.Crop {
			return nil
		}
	}
	if label := max(line.label, -1); label != v.Label {
		return fmt.Errorf("video %s has label %d here and %d before: two videos with one id, as the official code makes of equal file names in different folders", line.id, label, v.Label)
	}
	v.Views = append(v.Views, line.view)
	r.p.Temporal, r.p.Crops = max(r.p.Temporal, line.view.Temporal+1), max(r.p.Crops, line.view.Crop+1)
	return nil
}

// WriteTexts writes predictions as that many processes of the official code would, into a folder that it makes: videos in turn to each, their
// views in the official order. Videos keep their whole names. Those without views have no place in such files; they are returned.
func WriteTexts(folder string, p Predictions, ranks int) (left []string, err error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("predictions %s: %w", folder, video.Reason(err))
	}
	shares := make([][]Video, ranks)
	for _, v := range p.Videos {
		switch {
		case len(v.Views) == 0:
			left = append(left, v.Name)
			continue
		case strings.ContainsAny(v.Name, "[]\r\n"):
			return nil, fmt.Errorf("video %q: text files of the official form cannot hold a name with a bracket or a line break", v.Name)
		}
		rank := (v.Index) % ranks
		shares[rank] = append(shares[rank], v)
	}
	for rank, share := range shares {
		path := filepath.Join(folder, rankFile(rank))
		if err := writeFile(path, func(w io.Writer) error { return writeText(w, share) }); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// writeText writes one file.
func writeText(w io.Writer, share []Video) error {
	out := bufio.NewWriter(w)
	views, right, top := 0, 0, 0
	places := map[[2]int]bool{}
	for _, v := range share {
		for _, view := range v.Views {
			places[[2]int{view.Temporal, view.Crop}] = true
			views++
			if v.Label < 0 {
				continue
			}
			scores := make([]float64, len(view.Logits))
			for i, x := range view.Logits {
				scores[i] = float64(x)
			}
			switch r := rank(scores, v.Label); {
			case r == 0:
				right++
				top++
			case r < 5:
				top++
			}
		}
	}
	fmt.Fprintf(out, "%v, %v\n", percent(right, views), percent(top, views)) // of views, as there; an error stays in out
	for _, place := range sortedPlaces(places) {
		for _, v := range share {
			for _, view := range v.Views {
				if [2]int{view.Temporal, view.Crop} == place {
					writeTextLine(out, v, view)
				}
			}
		}
	}
	return out.Flush()
}

func sortedPlaces(places map[[2]int]bool) [][2]int {
	var all [][2]int
	for p := range places {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return all
}

// writeTextLine writes a view with the digits of its numbers in double precision, as Python does.
func writeTextLine(out *bufio.Writer, v Video, view View) {
	logits := make([]byte, 0, 24*len(view.Logits))
	for i, x := range view.Logits {
		if i > 0 {
			logits = append(logits, ", "...)
		}
		logits = strconv.AppendFloat(logits, float64(x), 'g', -1, 64)
	}
	fmt.Fprintf(out, "%s [%s] %d %d %d\n", v.Name, logits, v.Label, view.Temporal, view.Crop)
}
