package report

import (
	"fmt"
	"slices"
	"testing"

	"videomae/seed"
)

// paired are n classes of which each is confused with one other alone, a third of its 30 videos, at places far from each other.
func paired(n int) (Confusion, []int) {
	c := Confusion{Title: "Matrix", Classes: n}
	partner := make([]int, n)
	for i := range n {
		c.Rows = append(c.Rows, fmt.Sprintf("class %d", i))
		c.Counts = append(c.Counts, make([]int, n+1))
	}
	order := seed.Rand(1, "pairs").Perm(n)
	for i := 0; i+1 < n; i += 2 {
		partner[order[i]], partner[order[i+1]] = order[i+1], order[i]
	}
	for i := range n {
		c.Counts[i][i] += 20
		c.Counts[i][partner[i]] += 10
	}
	return c, partner
}

func TestConfusionsAreDrawnForAnyNumberOfClasses(t *testing.T) {
	for _, n := range []int{2, 40, 400} {
		c, _ := paired(n)
		img, err := c.Draw()
		if err != nil {
			t.Fatal(err)
		}
		p := confusionPicture{named: n <= 110}
		for what, share := range map[string]float64{"right": 2. / 3, "wrong": 1. / 3} {
			fill := p.tint(share, what == "right")
			if got := count(img, []uint8{fill.R, fill.G, fill.B}); got < n {
				t.Errorf("%d classes: %d pixels of the colour of what is %s", n, got, what)
			}
		}
		if size := img.Bounds().Size(); size.X > 3200 || size.Y > 2400 || size.X < 400 {
			t.Errorf("%d classes: picture of %v", n, size)
		}
	}
}

func TestConfusedClassesBecomeNeighbours(t *testing.T) {
	c, partner := paired(60)
	order := c.counted().order()
	place := make([]int, 60)
	for at, i := range order {
		place[i] = at
	}
	if sorted := slices.Sorted(slices.Values(order)); sorted[0] != 0 || sorted[59] != 59 || len(slices.Compact(sorted)) != 60 {
		t.Fatalf("%v is no order of 60 classes", order)
	}
	for i, k := range partner {
		if d := place[i] - place[k]; d != 1 && d != -1 {
			t.Errorf("classes %d and %d have places %d and %d", i, k, place[i], place[k])
		}
	}
	few, _ := paired(10)
	if order := few.counted().order(); !slices.IsSorted(order) {
		t.Errorf("10 classes are moved: %v", order)
	}
}

func TestListsBesideAMatrix(t *testing.T) {
	c := Confusion{Rows: []string{"a", "b", "c", "lacking"}, Classes: 3,
		Counts: [][]int{{5, 1, 4, 0}, {4, 2, 0, 1}, {0, 0, 0, 0}, {0, 9, 0, 2}}}.counted()
	want := []confused{{3, 1, 9, 11}, {1, 0, 4, 7}, {0, 2, 4, 10}, {0, 1, 1, 10}}
	if got := c.largest(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := c.worst(); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("worst are %v", got)
	}
	img, err := c.Draw()
	if err != nil {
		t.Fatal(err)
	}
	if got := count(img, []uint8{noVideos.R, noVideos.G, noVideos.B}); got < 4*40*40 {
		t.Errorf("%d pixels mark the row without videos", got)
	}
}

func TestOddConfusions(t *testing.T) {
	for name, c := range map[string]Confusion{
		"no classes":   {},
		"rows missing": {Rows: []string{"a", "b"}, Classes: 2, Counts: [][]int{{1, 0, 0}}},
		"short row":    {Rows: []string{"a"}, Classes: 1, Counts: [][]int{{1}}},
	} {
		if _, err := c.Draw(); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	if _, err := (Confusion{Rows: []string{""}, Classes: 1, Counts: [][]int{{0, 0}}}).Draw(); err != nil {
		t.Error(err)
	}
}
