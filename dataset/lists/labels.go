package lists

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"videomae/video"
)

// labelsFile is the name of a label map beside lists with numbers.
const labelsFile = "labels.txt"

// Labels are the names of classes and their numbers.
type Labels struct {
	ids    []int // rising
	names  map[int]string
	byName map[string][]int
}

// Len is the number of classes.
func (l Labels) Len() int { return len(l.ids) }

// Names are the names in the order of the numbers.
func (l Labels) Names() []string {
	names := make([]string, len(l.ids))
	for i, id := range l.ids {
		names[i] = l.names[id]
	}
	return names
}

// Name is the name of the class with a number in the label map, which may count from 1 or have gaps.
func (l Labels) Name(id int) (string, error) {
	name, known := l.names[id]
	if !known {
		return "", fmt.Errorf("class %d is not one of the %d, which have numbers from %d to %d", id, len(l.ids), l.ids[0], l.ids[len(l.ids)-1])
	}
	return name, nil
}

// At is the name of the class at a place in the order of the numbers, counted from 0: the number that lists of the official code and
// classifiers give it.
func (l Labels) At(place int) (string, error) {
	if place < 0 || place >= len(l.ids) {
		return "", fmt.Errorf("class %d is not one of the %d, which lists number from 0 to %d", place, len(l.ids), len(l.ids)-1)
	}
	return l.names[l.ids[place]], nil
}

// Place is the inverse of At.
func (l Labels) Place(name string) (int, error) {
	switch ids := l.byName[name]; len(ids) {
	case 0:
		return 0, fmt.Errorf("%q is not the name of one of the %d classes, %s", name, len(l.ids), l.examples())
	case 1:
		place, _ := slices.BinarySearch(l.ids, ids[0])
		return place, nil
	default:
		return 0, fmt.Errorf("class name %q stands for the numbers %d and %d", name, ids[0], ids[1])
	}
}

// examples names the first classes.
func (l Labels) examples() string {
	const shown = 3
	text := fmt.Sprintf("%q", l.Names()[:min(shown, len(l.ids))])
	text = strings.Trim(text, "[]")
	if len(l.ids) > shown {
		text += "..."
	}
	return text
}

// spelled is the class that a label means, where folders have "_" for the spaces of the class's name.
func (l Labels) spelled(label string) (string, error) {
	if len(l.byName[label]) > 0 {
		return label, nil
	}
	if spaced := strings.ReplaceAll(label, "_", " "); len(l.byName[spaced]) > 0 {
		return spaced, nil
	}
	_, err := l.Place(label)
	return "", err
}

// newLabels makes labels of pairs. Two classes may share a name, but not a number.
func newLabels(ids []int, names []string) (Labels, error) {
	l := Labels{names: map[int]string{}, byName: map[string][]int{}}
	for i, id := range ids {
		if other, taken := l.names[id]; taken {
			return Labels{}, fmt.Errorf("number %d is given to %q and %q", id, other, names[i])
		}
		if names[i] == "" || id < 0 {
			return Labels{}, fmt.Errorf("class %d has the name %q; numbers are from 0, names not empty", id, names[i])
		}
		l.names[id] = names[i]
		l.byName[names[i]] = append(l.byName[names[i]], id)
	}
	l.ids = slices.Sorted(maps.Keys(l.names))
	if len(l.ids) == 0 {
		return Labels{}, errors.New("names no classes")
	}
	return l, nil
}

// LabelsOf numbers the classes that a data set names: by their own numbers where all are numbers, else in the order of their names.
func LabelsOf(classes map[string]bool) Labels {
	names := slices.Sorted(maps.Keys(classes))
	ids := make([]int, len(names))
	numbers := true
	for i, name := range names {
		n, err := strconv.Atoi(name)
		numbers = numbers && err == nil && n >= 0 && strconv.Itoa(n) == name
		ids[i] = n
	}
	if !numbers {
		for i := range ids {
			ids[i] = i
		}
	}
	l, _ := newLabels(ids, names) // distinct as keys of a map are; without any, empty
	return l
}

// ReadLabels reads a label map: a name a line, numbered from 0; "1 name" or "1: name" a line; JSON {"name": "0"}; the items with name and
// id of AVA's pbtxt; or CSV under a header id,name.
func ReadLabels(file string) (Labels, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Labels{}, fmt.Errorf("label map %s: %w", file, video.Reason(err))
	}
	l, err := parseLabels(data)
	if err != nil {
		return Labels{}, fmt.Errorf("label map %s: %w", file, err)
	}
	return l, nil
}

func parseLabels(data []byte) (Labels, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(data), byteOrderMark))
	if strings.IndexByte(text, 0) >= 0 {
		return Labels{}, errors.New("is not a text file")
	}
	switch {
	case strings.HasPrefix(text, "{"):
		return labelsJSON([]byte(text))
	case pbtxtStart.MatchString(text):
		return labelsPBTXT(text)
	}
	return labelLines(text)
}

// labelsJSON reads {"name": "0", ...}, as Something-Something publishes it; the numbers may stand without quotes.
func labelsJSON(data []byte) (Labels, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return Labels{}, err
	}
	var ids []int
	var names []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		id, err := strconv.Atoi(strings.Trim(string(object[name]), `"`))
		if err != nil {
			return Labels{}, fmt.Errorf("class %q has %s for a number", name, object[name])
		}
		ids, names = append(ids, id), append(names, name)
	}
	return newLabels(ids, names)
}

var (
	pbtxtStart = regexp.MustCompile(`^(item|label)\s*\{`)
	pbtxtItem  = regexp.MustCompile(`(?s)(?:item|label)\s*\{(.*?)\}`)
	pbtxtName  = regexp.MustCompile(`\bname:\s*("(?:[^"\\]|\\.)*")`)
	pbtxtID    = regexp.MustCompile(`\b(?:id|label_id):\s*(\d+)`)
	numbered   = regexp.MustCompile(`^(\d+)(?::\s*|\s+|,\s*)(\S.*)$`)
)

// labelsPBTXT reads the two spellings in which AVA's classes are published: items with name and id, or with name and label_id.
func labelsPBTXT(text string) (Labels, error) {
	var ids []int
	var names []string
	for i, item := range pbtxtItem.FindAllStringSubmatch(text, -1) {
		name, id := pbtxtName.FindStringSubmatch(item[1]), pbtxtID.FindStringSubmatch(item[1])
		if name == nil || id == nil {
			return Labels{}, fmt.Errorf("item %d has no name or no id", i+1)
		}
		n, err1 := strconv.Atoi(id[1])
		s, err2 := strconv.Unquote(name[1])
		if err := errors.Join(err1, err2); err != nil {
			return Labels{}, fmt.Errorf("item %d: %w", i+1, err)
		}
		ids, names = append(ids, n), append(names, s)
	}
	return newLabels(ids, names)
}

// labelLines reads a class a line: with numbers if all lines have one.
func labelLines(text string) (Labels, error) {
	var ids, order []int
	var names, whole []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || len(whole) == 0 && (line == "id,name" || line == "id, name") {
			continue
		}
		order, whole = append(order, len(whole)), append(whole, line)
		if m := numbered.FindStringSubmatch(line); m != nil {
			if id, err := strconv.Atoi(m[1]); err == nil {
				ids, names = append(ids, id), append(names, strings.Trim(m[2], `"`))
			}
		}
	}
	if len(ids) == len(whole) {
		return newLabels(ids, names)
	}
	l, err := newLabels(order, whole)
	if err == nil {
		for name, twice := range l.byName {
			if len(twice) > 1 {
				return Labels{}, fmt.Errorf("class %q is named twice, as number %d and %d", name, twice[0], twice[1])
			}
		}
	}
	return l, err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
