package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// crowd is n items, of class k those that leave k when divided by classes.
func crowd(n, classes int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{Name: fmt.Sprintf("v%d", i), Label: fmt.Sprint("c", i%classes)}
	}
	return items
}

func names(items []Item) (all []string) {
	for _, item := range items {
		all = append(all, item.Name)
	}
	return all
}

func TestPerClassKeepsSoMany(t *testing.T) {
	items := append(crowd(60, 5), Item{Name: "rare", Label: "rare"})
	few, err := PerClass(items, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := ClassCounts(few, []string{"c0", "c1", "c2", "c3", "c4", "rare"})
	if err != nil || !slices.Equal(counts, []int{4, 4, 4, 4, 4, 1}) {
		t.Errorf("counts %v, %v", counts, err)
	}
	place := func(item Item) int { return slices.Index(items, item) }
	if !slices.IsSortedFunc(few, func(a, b Item) int { return place(a) - place(b) }) {
		t.Error("the order is another")
	}
	other, err := PerClass(items, 4, 2)
	if err != nil || slices.Equal(names(few), names(other)) {
		t.Errorf("another seed draws the same, %v", err)
	}
}

func TestPerClassIsNestedAndKnowsNoOrder(t *testing.T) {
	items := crowd(60, 5)
	shuffled := slices.Clone(items)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	var before []string
	for n := 1; n <= 13; n++ {
		some, err := PerClass(items, n, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range before {
			if !slices.Contains(names(some), name) {
				t.Errorf("%s is among %d items a class but not among %d", name, n-1, n)
			}
		}
		before = names(some)
		others, err := PerClass(shuffled, n, 7)
		if err != nil || !slices.Equal(slices.Sorted(slices.Values(names(others))), slices.Sorted(slices.Values(before))) {
			t.Errorf("%d items a class depend on the list's order, %v", n, err)
		}
	}
	if len(before) != len(items) {
		t.Errorf("of 12 items a class at most 13 are %d, want all", len(before))
	}
}

func TestPerClassIsFair(t *testing.T) {
	items := crowd(20, 1)
	times := map[string]int{}
	const seeds = 1000
	for s := range uint64(seeds) {
		some, err := PerClass(items, 5, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names(some) {
			times[name]++
		}
	}
	for name, n := range times { // 250 expected, deviation 13.7
		if n < 190 || n > 310 {
			t.Errorf("%s is drawn %d times of %d", name, n, seeds)
		}
	}
}

func TestShuffleLabelsKeepsCounts(t *testing.T) {
	items, classes := crowd(60, 5), []string{"c0", "c1", "c2", "c3", "c4"}
	shuffled := ShuffleLabels(items, 3)
	if !slices.Equal(names(shuffled), names(items)) {
		t.Error("videos moved")
	}
	before, _ := ClassCounts(items, classes)
	after, err := ClassCounts(shuffled, classes)
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("counts %v became %v, %v", before, after, err)
	}
	same := 0
	for i := range items {
		if items[i].Label == shuffled[i].Label {
			same++
		}
	}
	if same > 24 { // 12 expected, deviation 3
		t.Errorf("%d of 60 keep their label", same)
	}
	if items[0].Label != "c0" || items[1].Label != "c1" {
		t.Error("the items given were changed")
	}
}

func TestLoadTakesSubsetsOfASplit(t *testing.T) {
	list := "path,label,split\n"
	for i := range 40 {
		list += fmt.Sprintf("v%d.mp4,c%d,%s\n", i, i%2, []string{"train", "val"}[i/20])
	}
	path := tree(t, map[string]string{"clips.csv": list}) + "/clips.csv"
	m, err := Load(path, Options{Split: Train, PerClass: 3, Seed: 5})
	if err != nil || len(m.Items) != 6 {
		t.Fatalf("%d items, %v; want 6", len(m.Items), err)
	}
	shuffled, err := Load(path, Options{Split: Train, PerClass: 3, ShuffleLabels: true, Seed: 5})
	if err != nil || !slices.Equal(names(m.Items), names(shuffled.Items)) {
		t.Errorf("labels dealt out anew change the videos, %v", err)
	}
	if m.Hash() == shuffled.Hash() {
		t.Error("labels dealt out anew have the same hash")
	}
	if _, err := Load(path, Options{PerClass: -1}); err == nil || !strings.Contains(err.Error(), "at least 1") {
		t.Errorf("-1 items a class: %v", err)
	}
}
