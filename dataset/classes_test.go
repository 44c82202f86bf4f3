package dataset

import (
	"slices"
	"strings"
	"testing"
)

func labelled(labels ...string) []Item {
	items := make([]Item, len(labels))
	for i, label := range labels {
		items[i] = Item{Name: string(rune('a' + i)), Label: label, Row: i + 1}
	}
	return items
}

func TestClassesAreSorted(t *testing.T) {
	for _, c := range []struct{ labels, want []string }{
		{[]string{"run", "jump", "run", "Walk"}, []string{"Walk", "jump", "run"}},
		{[]string{"10", "2", "9", "2"}, []string{"2", "9", "10"}},
		{[]string{"b", "10", "a", "2"}, []string{"2", "10", "a", "b"}},
		{[]string{"only"}, []string{"only"}},
	} {
		got, err := Classes(labelled(c.labels...))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("classes of %v are %v, %v; want %v", c.labels, got, err, c.want)
		}
	}
}

func TestClassesOfItemsWithoutLabels(t *testing.T) {
	if _, err := Classes(labelled("x", "", "y")); err == nil || !strings.Contains(err.Error(), "row 2: video b has no label") {
		t.Errorf("error %v", err)
	}
	if _, err := Classes(nil); err == nil {
		t.Error("no items have classes")
	}
}

func TestLabelsAndCounts(t *testing.T) {
	items, classes := labelled("b", "a", "b"), []string{"a", "b", "c"}
	labels, err := Labels(items, classes)
	if err != nil || !slices.Equal(labels, []int{1, 0, 1}) {
		t.Errorf("labels %v, %v", labels, err)
	}
	counts, err := ClassCounts(items, classes)
	if err != nil || !slices.Equal(counts, []int{1, 2, 0}) {
		t.Errorf("counts %v, %v", counts, err)
	}
	for name, c := range map[string]struct {
		items   []Item
		classes []string
		reason  string
	}{
		"unknown label": {labelled("a", "d"), classes, `row 2: video b has the label "d", which is not among the 3 classes (a, b, c)`},
		"no label":      {labelled("a", ""), classes, `video b has the label ""`},
		"many classes":  {labelled("x"), strings.Split("a b c d e f g h i j k l m n", " "), "k, l and 2 more"},
		"twice":         {items, []string{"a", "b", "a"}, `class "a" is named twice`},
	} {
		if _, err := ClassCounts(c.items, c.classes); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want %q", name, err, c.reason)
		}
	}
}
