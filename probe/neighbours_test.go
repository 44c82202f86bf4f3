package probe

import (
	"math"
	"slices"
	"testing"
)

// cosine is that of two clips in plain loops.
func cosine(a, b []float64) float64 {
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	return ab / math.Sqrt(aa*bb)
}

// plain are clips in double precision, standardised by those of s if asked.
func plain(s set, clips [][]float32, standardise bool) [][]float64 {
	var out [][]float64
	for _, clip := range clips {
		row := make([]float64, len(clip))
		for j, v := range clip {
			row[j] = float64(v)
			if standardise {
				mean, variance := 0.0, 0.0
				for _, c := range s.clips {
					mean += float64(c[j]) / float64(len(s.clips))
				}
				for _, c := range s.clips {
					variance += (float64(c[j]) - mean) * (float64(c[j]) - mean) / float64(len(s.clips))
				}
				row[j] = (row[j] - mean) / math.Sqrt(variance+1e-6)
			}
		}
		out = append(out, row)
	}
	return out
}

func near(t *testing.T, what string, got []float32, want []float64, limit float64) {
	t.Helper()
	for i, v := range got {
		if math.Abs(float64(v)-want[i]) > limit {
			t.Errorf("%s, class %d: %v, want %v", what, i, v, want[i])
		}
	}
}

func TestVotesAreThoseOfTheFormula(t *testing.T) {
	const classes, temperature = 4, 0.1
	s, queries := clouds(classes, 9, 6, 4, 1), clouds(classes, 3, 6, 4, 2)
	for _, standardise := range []bool{false, true} {
		ks := []int{1, 5, 36}
		got := neighbours{newDirections(s, standardise), classes, 5, temperature}.votes(queries.clips, ks)
		train := plain(s, s.clips, standardise)
		for q, query := range plain(s, queries.clips, standardise) {
			order := make([]int, len(train))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int { return int(math.Copysign(1, cosine(train[b], query)-cosine(train[a], query))) })
			for i, k := range ks {
				want, sum := make([]float64, classes), 0.0
				for _, n := range order[:k] {
					want[s.labels[n]] += math.Exp(cosine(train[n], query) / temperature)
				}
				for _, v := range want {
					sum += v
				}
				for c, v := range want {
					want[c] = math.Log(max(v/sum, 1e-12))
				}
				near(t, "votes", got[i][q], want, 1e-5)
			}
		}
	}
}

func TestEqualNeighboursComeInTheirOrder(t *testing.T) {
	var s set
	for i, clip := range [][]float32{{0, 1}, {2, 0}, {1, 0}, {3, 0}, {0, 0}} {
		s.add(clip, 2, i%2, i)
	}
	var got []int
	for _, n := range newDirections(s, false).nearest([]float32{5, 0}, 4) {
		got = append(got, n.clip)
	}
	if !slices.Equal(got, []int{1, 2, 3, 0}) {
		t.Errorf("neighbours %v, want 1 2 3 0", got)
	}
}

func TestCentresAreMeansOfDirections(t *testing.T) {
	const classes, temperature = 3, 0.5
	s, queries := clouds(classes, 8, 5, 3, 1), clouds(classes, 2, 5, 3, 2)
	for _, standardise := range []bool{false, true} {
		got, err := fitCentroid(newDirections(s, standardise), classes, temperature).scores(queries.clips)
		if err != nil {
			t.Fatal(err)
		}
		centres := make([][]float64, classes)
		for i, row := range plain(s, s.clips, standardise) {
			if centres[s.labels[i]] == nil {
				centres[s.labels[i]] = make([]float64, len(row))
			}
			for j, v := range row {
				centres[s.labels[i]][j] += v / math.Sqrt(squared(row))
			}
		}
		for q, query := range plain(s, queries.clips, standardise) {
			var want []float64
			for _, c := range centres {
				want = append(want, cosine(query, c)/temperature)
			}
			near(t, "centroid", got[q], want, 1e-5)
		}
	}
}

// squared is the square of a vector's length.
func squared(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return sum
}
