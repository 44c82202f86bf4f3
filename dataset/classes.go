package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Classes are the names of the classes that items have, sorted: numbers by their value, before other names. The place of a name is the
// class's number. An item without a label is an error that names it.
func Classes(items []Item) ([]string, error) {
	known := map[string]bool{}
	for _, item := range items {
		if item.Label == "" {
			return nil, fmt.Errorf("%s has no label: give each video a class", called(item))
		}
		known[item.Label] = true
	}
	if len(known) == 0 {
		return nil, errors.New("there are no videos, and so no classes")
	}
	return slices.SortedFunc(maps.Keys(known), byNumber), nil
}

// byNumber compares names of classes.
func byNumber(a, b string) int {
	x, err := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	switch {
	case err == nil && err2 == nil:
		return cmp.Or(cmp.Compare(x, y), strings.Compare(a, b)) // 1 and 01 are two names
	case err == nil:
		return -1
	case err2 == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// Labels are the numbers of the classes of items, one each: the places of their labels in classes. A label that is not there is an error
// that names the item.
func Labels(items []Item, classes []string) ([]int, error) {
	number := make(map[string]int, len(classes))
	for k, name := range classes {
		if _, twice := number[name]; twice {
			return nil, fmt.Errorf("class %q is named twice", name)
		}
		number[name] = k
	}
	labels := make([]int, len(items))
	for i, item := range items {
		label, ok := number[item.Label]
		if !ok {
			return nil, fmt.Errorf("%s has the label %q, which is not among the %d classes (%s)", called(item), item.Label, len(classes), shortened(classes))
		}
		labels[i] = label
	}
	return labels, nil
}

// ClassCounts is how many items each class has. Labels fails for a label that is not there, and so does this.
func ClassCounts(items []Item, classes []string) ([]int, error) {
	labels, err := Labels(items, classes)
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(classes))
	for _, label := range labels {
		counts[label]++
	}
	return counts, nil
}

// called names an item for an error, with its row where it has one.
func called(item Item) string {
	if item.Row > 0 {
		return fmt.Sprintf("row %d: video %s", item.Row, item.Name)
	}
	return "video " + item.Name
}

// shortened lists names, as many as a line takes.
func shortened(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
