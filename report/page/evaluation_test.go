package page

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/eval"
)

func TestExamplesAreTheSurest(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "e")
	evaluated(t, folder, "", 60, "a", "b", "c")
	e := open(t, folder)[0].Evaluations[0]
	if len(e.Wrong) != shownExamples || len(e.Right) != shownExamples {
		t.Fatalf("%d wrong and %d right examples", len(e.Wrong), len(e.Right))
	}
	for _, list := range [][]*Example{e.Wrong, e.Right} {
		for _, x := range list {
			if right := x.Guesses[0].Class == x.Truth; right != x.Guesses[0].True || right != slices.Contains(e.Right, x) {
				t.Errorf("%+v is in the wrong list", x)
			}
			if !slices.IsSortedFunc(x.Guesses, func(a, b Guess) int { return int(1e9 * (b.Share - a.Share)) }) {
				t.Errorf("%s: guesses %v are not sorted", x.Video, x.Guesses)
			}
		}
	}
	if !slices.IsSortedFunc(e.Wrong, func(a, b *Example) int { return int(1e9 * (b.Guesses[0].Share - a.Guesses[0].Share)) }) {
		t.Error("mistakes are not sorted by how sure the model was")
	}
	truths := map[string]int{}
	for _, x := range e.Right {
		truths[x.Truth]++
	}
	if truths["a"] != 2 || truths["b"] != 2 || truths["c"] != 2 {
		t.Errorf("right examples are of the classes %v, want two of each", truths)
	}
}

// All right, all wrong, one class: nothing to show is no reason to fail.
func TestFewExamples(t *testing.T) {
	for videos := 2; videos < 6; videos++ {
		folder := filepath.Join(t.TempDir(), "e")
		evaluated(t, folder, "", videos, "only")
		render(t, open(t, folder))
	}
}

func TestMatrixOfManyClassesIsAPicture(t *testing.T) {
	var classes []string
	for i := range 40 {
		classes = append(classes, fmt.Sprintf("class %02d", i))
	}
	folder := filepath.Join(t.TempDir(), "e")
	evaluated(t, folder, "", 120, classes...)
	source, text := render(t, open(t, folder))
	if strings.Contains(source, `class="confusion"`) || !strings.Contains(source, `<svg class="matrix"`) {
		t.Error("40 classes are shown as a table")
	}
	contains(t, source, "<title>class 03: 3 of 3 taken for class 04</title>")
	contains(t, text, "Most frequent mistakes", "class 39")
}

// Counts of the matrix are those of the evaluation, unreadable videos in a column of their own.
func TestMatrix(t *testing.T) {
	m := Matrix{Rows: []string{"a", "b", "new"}, Columns: []string{"a", "b"}, Counts: [][]int{{3, 1, 0}, {0, 4, 1}, {2, 0, 0}}}
	lines := m.Lines()
	if len(lines) != 3 || len(lines[0].Cells) != 3 || !lines[1].Cells[1].Right || lines[2].Cells[0].Right || lines[1].Cells[2].N != 1 {
		t.Errorf("lines %+v", lines)
	}
	if got := lines[0].Cells[0].Shade; got != "background:rgba(0,114,178,0.750)" {
		t.Errorf("shade %q of three in four", got)
	}
	want := []Mistake{{"new", "a", 2, 2}, {"a", "b", 1, 4}}
	if got := m.Mistakes(); !slices.Equal(got, want) {
		t.Errorf("mistakes %+v, want %+v", got, want)
	}
	m.Counts[1][2] = 0
	if m.Unreadable() || len(m.Lines()[0].Cells) != 2 {
		t.Error("a column of unreadable videos where there are none")
	}
}

// The rule by which the evaluation merged its views is kept.
func TestMergingIsTheEvaluations(t *testing.T) {
	folder := folder(t, "e", map[string]string{eval.SummaryFile: `{"merge":"logits","seed":3}`})
	evaluated(t, folder, "", 8, "a", "b")
	if e := open(t, folder)[0].Evaluations[0]; e.Summary.Merge != eval.Logits || e.Summary.Seed != 3 {
		t.Errorf("merged by %s with seed %d", e.Summary.Merge, e.Summary.Seed)
	}
}
