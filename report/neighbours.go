package report

import "slices"

// neighbours orders n things so that those that are alike stand together: the two groups whose members are most alike on average become
// one, again and again (agglomerative clustering with average linkage), joined at the ends that are most alike.
func neighbours(n int, alike func(i, k int) float64) []int {
	likeness := make([][]float64, n)
	groups := make([][]int, n) // members in order; nil once joined to another
	for i := range n {
		groups[i] = []int{i}
		likeness[i] = make([]float64, n)
		for k := range n {
			likeness[i][k] = alike(i, k)
		}
	}
	between := make([][]float64, n) // mean over the members
	for i := range n {
		between[i] = slices.Clone(likeness[i])
	}
	best := make([]int, n) // of each group, the group after it that is most like it, or -1
	search := func(i int) {
		best[i] = -1
		for k := i + 1; k < n; k++ {
			if groups[k] != nil && (best[i] < 0 || between[i][k] > between[i][best[i]]) {
				best[i] = k
			}
		}
	}
	for i := range n {
		search(i)
	}
	for range n - 1 {
		a := -1
		for i := range n {
			if groups[i] != nil && best[i] >= 0 && (a < 0 || between[i][best[i]] > between[a][best[a]]) {
				a = i
			}
		}
		b := best[a]
		sizeA, sizeB := float64(len(groups[a])), float64(len(groups[b]))
		groups[a], groups[b] = join(groups[a], groups[b], likeness), nil
		for k := range n {
			if groups[k] == nil || k == a {
				continue
			}
			mean := (sizeA*between[a][k] + sizeB*between[b][k]) / (sizeA + sizeB)
			between[a][k], between[k][a] = mean, mean
		}
		for i := range n {
			if groups[i] != nil && (i == a || i < b && (best[i] == a || best[i] == b)) {
				search(i)
			} else if groups[i] != nil && i < a && between[i][a] > between[i][best[i]] {
				best[i] = a
			}
		}
	}
	return groups[0]
}

// join puts two groups together at the ends that are most alike, the first one first where that is as good.
func join(a, b []int, likeness [][]float64) []int {
	back := func(g []int) []int {
		g = slices.Clone(g)
		slices.Reverse(g)
		return g
	}
	first := func(g []int) int { return g[0] }
	last := func(g []int) int { return g[len(g)-1] }
	ways := [][2][]int{{a, b}, {a, back(b)}, {back(a), b}, {b, a}}
	most := 0
	for i, w := range ways {
		if likeness[last(w[0])][first(w[1])] > likeness[last(ways[most][0])][first(ways[most][1])] {
			most = i
		}
	}
	return slices.Concat(ways[most][0], ways[most][1])
}
