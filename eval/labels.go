package eval

import (
	"fmt"
	"strconv"

	"videomae/dataset"
)

// Labels finds the classes of a model that a list's labels mean.
type Labels struct {
	place   map[string]int
	Numbers bool // the list has numbers where the model has names
}

// NewLabels matches the labels of items with the names of a model's classes. Where no label is such a name and all are numbers below how
// many classes there are, as in the lists of the official code, a label is a place in the order of the classes.
func NewLabels(classes []string, items []dataset.Item) (Labels, error) {
	l := Labels{place: make(map[string]int, len(classes))}
	for i, name := range classes {
		if at, twice := l.place[name]; twice {
			return l, fmt.Errorf("the model's classes %d and %d are both called %q", at, i, name)
		}
		l.place[name] = i
	}
	labels := 0
	for _, item := range items {
		if item.Label == "" {
			continue
		}
		labels++
		n, err := strconv.Atoi(item.Label)
		if _, named := l.place[item.Label]; named || err != nil || n < 0 || n >= len(classes) {
			return l, nil
		}
	}
	l.Numbers = labels > 0
	return l, nil
}

// Place is the class that a label means, or -1 where the model lacks it.
func (l Labels) Place(label string) int {
	if l.Numbers {
		if n, err := strconv.Atoi(label); err == nil && n >= 0 && n < len(l.place) {
			return n
		}
		return -1
	}
	if at, known := l.place[label]; known {
		return at
	}
	return -1
}
