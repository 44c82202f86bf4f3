package dataset

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"videomae/seed"
)

// PerClass keeps at most n items of each class, drawn by a seed, in their order. Whether an item is drawn depends on the seed and the names
// in its class alone: those drawn with a smaller n are among those drawn with a larger one, and the order of the list does not matter.
func PerClass(items []Item, n int, s uint64) ([]Item, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d items of each class are none: choose at least 1", n)
	}
	classes, err := Classes(items)
	if err != nil {
		return nil, err
	}
	members := make(map[string][]int, len(classes))
	lot := make([]uint64, len(items))
	for i, item := range items {
		members[item.Label] = append(members[item.Label], i)
		h := fnv.New64a()
		_, _ = h.Write([]byte(item.Name)) // a hash never fails
		lot[i] = seed.Rand(s, "per-class", h.Sum64()).Uint64()
	}
	var drawn []int
	for _, class := range classes {
		of := members[class]
		slices.SortStableFunc(of, func(a, b int) int { return cmp.Compare(lot[a], lot[b]) })
		drawn = append(drawn, of[:min(n, len(of))]...)
	}
	slices.Sort(drawn)
	kept := make([]Item, len(drawn))
	for i, at := range drawn {
		kept[i] = items[at]
	}
	return kept, nil
}

// ShuffleLabels deals the labels of items out among them anew, so that each class keeps its number of items and nothing can be learned that
// holds for others: what a classifier trained on them reaches elsewhere is chance.
func ShuffleLabels(items []Item, s uint64) []Item {
	shuffled := slices.Clone(items)
	for i, from := range seed.Rand(s, "labels", uint64(len(items))).Perm(len(items)) {
		shuffled[i].Label = items[from].Label
	}
	return shuffled
}
