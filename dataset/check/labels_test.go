package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestLabels(t *testing.T) {
	type rows map[string]map[string]int // label, split, rows
	all := func(n int) map[string]int { return map[string]int{"train": n, "val": n} }
	for name, c := range map[string]struct {
		rows    rows
		classes int
		want    []Code
		part    string // of the first finding
	}{
		"none":               {rows{"": all(5)}, 0, nil, ""},
		"fine":               {rows{"a": all(5), "b": all(9)}, 0, nil, ""},
		"fine numbers":       {rows{"0": all(5), "1": all(5), "2": all(5)}, 3, nil, ""},
		"one class":          {rows{"a": all(5)}, 0, []Code{OneClass}, `"a"`},
		"unlabelled":         {rows{"a": all(5), "b": all(5), "": all(2)}, 0, []Code{Unlabelled}, "4 rows"},
		"mixed":              {rows{"1": all(5), "b": all(5)}, 0, []Code{MixedLabels}, `"1"`},
		"gap":                {rows{"0": all(5), "1": all(5), "4": all(5)}, 0, []Code{EmptyClasses}, "2 of the class numbers 0 to 4 have no video: 2 to 3"},
		"from one":           {rows{"1": all(5), "2": all(5)}, 0, []Code{EmptyClasses}, "0 to 2 have no video: 0"},
		"fewer than classes": {rows{"0": all(5), "1": all(5)}, 400, []Code{EmptyClasses}, "398 of the class numbers 0 to 399 have no video: 2 and above"},
		"fewer names":        {rows{"a": all(5), "b": all(5)}, 3, []Code{EmptyClasses}, "2 classes have videos, of the 3"},
		"more names":         {rows{"a": all(5), "b": all(5), "c": all(5)}, 2, []Code{TooManyClasses}, "3 classes"},
		"huge number":        {rows{"0": all(5), "2000000000": all(5)}, 0, []Code{EmptyClasses}, "1 to 1999999999"},
		"imbalance":          {rows{"a": all(5), "b": all(51)}, 0, []Code{Imbalance}, `"b" has 51 videos, class "a" 5`},
		"just balanced":      {rows{"a": all(5), "b": all(50)}, 0, nil, ""},
		"unseen":             {rows{"a": all(5), "b": all(5), "c": {"val": 1}}, 0, []Code{UnseenClasses}, "1 classes have no video in \"train\": c"},
		"unmeasured":         {rows{"a": all(5), "b": all(5), "c": {"train": 3}}, 0, []Code{UnmeasuredLabels}, "c"},
		"no val":             {rows{"a": {"train": 5}, "b": {"train": 5}}, 0, nil, ""},
		"other splits":       {rows{"a": {"fold1": 5, "fold2": 3}, "b": {"fold1": 5}}, 0, nil, ""},
		"no split":           {rows{"a": {"": 5}, "b": {"": 5}}, 0, nil, ""},
		"negative only":      {rows{"-1": all(5), "0": all(5)}, 0, nil, ""},
	} {
		var l labels
		for label, splits := range c.rows {
			for split, n := range splits {
				for range n {
					l.add(label, split)
				}
			}
		}
		found := l.findings(c.classes)
		var got []Code
		for _, f := range found {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, c.want) || len(found) > 0 && !strings.Contains(found[0].What, c.part) {
			t.Errorf("%s: %+v, want %v with %q", name, found, c.want, c.part)
		}
	}
}

func TestClassesAreListedByNumber(t *testing.T) {
	var l labels
	for _, label := range []string{"10", "9", "", "2"} {
		l.add(label, "train")
	}
	var got []string
	for _, c := range l.table() {
		got = append(got, c.Label)
	}
	if want := []string{"", "2", "9", "10"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCaptionsAreNoClasses(t *testing.T) {
	var l labels
	for i := range mostLabels + 10 {
		l.add(fmt.Sprint("caption ", i), "train")
	}
	if f := l.findings(0); len(f) != 1 || f[0].Code != ManyLabels || len(l.table()) != mostLabels {
		t.Errorf("%+v, %d classes", f, len(l.table()))
	}
}
