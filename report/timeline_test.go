package report

import (
	"image/color"
	"strings"
	"testing"
)

// timeline has three classes, of which the last is best at first, then the first, then none.
func timeline() Timeline {
	return Timeline{Times: []float64{0, 1, 2}, End: 3, Classes: []string{"one", "two", "three"},
		Values: [][]float64{{0, .9, .1}, {0, 0, .1}, {.8, 0, .2}}, Best: []int{2, 0, -1},
		Thumbs: plain(2, 16, 16, magenta), ThumbsAt: []float64{0, 2.5}}
}

func TestTimelineShowsFramesAndWhatIsBest(t *testing.T) {
	figure, err := timeline().Figure("A caption")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := count(figure, magenta), 2*thumbWidth*thumbWidth; got != want {
		t.Errorf("%d pixels of frames, want %d", got, want)
	}
	band := map[color.Color]int{}
	y := margin + lineStep + gap + thumbWidth + gap + bandHeight/2 - gap/2
	for x := range figure.Bounds().Dx() {
		band[figure.At(x, y)]++
	}
	third, first := band[others[0]], band[blue]
	if third < 50 || third*19 > 10*first || third*21 < 10*first { // half a second against one
		t.Errorf("the band shows the third class for %d pixels and the first for %d, want half", third, first)
	}
	if band[green] > 0 || band[track] < first {
		t.Errorf("the second class is best for %d pixels and none for %d", band[green], band[track])
	}
}

func TestBadTimelinesAreErrors(t *testing.T) {
	for say, spoil := range map[string]func(*Timeline){
		"0 moments":    func(l *Timeline) { l.Times = nil },
		"0 classes":    func(l *Timeline) { l.Classes = nil },
		"7 classes":    func(l *Timeline) { l.Classes = make([]string, 7) },
		"2 rows":       func(l *Timeline) { l.Values = l.Values[1:] },
		"1 best":       func(l *Timeline) { l.Best = l.Best[2:] },
		"1 times of 2": func(l *Timeline) { l.ThumbsAt = l.ThumbsAt[1:] },
		`class "two"`:  func(l *Timeline) { l.Values[1] = nil },
	} {
		l := timeline()
		spoil(&l)
		if _, err := l.Figure(""); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("error %v, want one that says %q", err, say)
		}
	}
}
