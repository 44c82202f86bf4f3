package probe

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// directions are clips as unit vectors, so that their product is the cosine of the angle between them.
type directions struct {
	standard *standard // nil leaves features as they are
	width    int
	values   []float64
	labels   []int
}

func newDirections(s set, standardise bool) directions {
	d := directions{width: len(s.clips[0]), labels: s.labels}
	if standardise {
		z := standardOf(s.clips)
		d.standard = &z
	}
	d.values = make([]float64, len(s.clips)*d.width)
	each(len(s.clips), func(i int) { d.of(d.values[i*d.width:][:d.width], s.clips[i]) })
	return d
}

// of writes the direction of a clip; a clip of zeros has none and stays so.
func (d directions) of(into []float64, clip []float32) {
	if d.standard != nil {
		d.standard.apply(into, clip)
	} else {
		for j, v := range clip {
			into[j] = float64(v)
		}
	}
	unit(into)
}

// unit scales a vector to length 1, but for one of zeros.
func unit(v []float64) {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		return
	}
	for i := range v {
		v[i] /= math.Sqrt(sum)
	}
}

// neighbour is a training clip and the cosine of its angle to the clip in question.
type neighbour struct {
	clip   int
	cosine float64
}

// nearest gives the k training clips nearest to a clip, the nearest first, of equal ones the first of the list.
func (d directions) nearest(clip []float32, k int) []neighbour {
	query, cosines := make([]float64, d.width), make([]float64, len(d.labels))
	d.of(query, clip)
	blas64.Gemv(blas.NoTrans, 1, matrix(d.values, len(d.labels), d.width), blas64.Vector{N: d.width, Inc: 1, Data: query}, 0,
		blas64.Vector{N: len(cosines), Inc: 1, Data: cosines})
	found := make([]neighbour, 0, k+1)
	for i, c := range cosines {
		if len(found) == k && c <= found[k-1].cosine {
			continue
		}
		at, _ := slices.BinarySearchFunc(found, c, func(n neighbour, c float64) int {
			return cmp.Or(cmp.Compare(c, n.cosine), -1) // behind its equals
		})
		found = slices.Insert(found, at, neighbour{i, c})
		found = found[:min(k, len(found))]
	}
	return found
}

// floor is the smallest share of votes, so that logarithms are finite.
const floor = 1e-12

// vote gives the logarithm of each class's share of the votes of neighbours, each of which counts exp(cosine / temperature). Source:
// Wu et al. 2018, section 3.4, and Caron et al. 2021, section 4.1.
func (d directions) vote(found []neighbour, classes int, temperature float64) []float32 {
	shares, sum := make([]float64, classes), 0.0
	for _, n := range found {
		weight := math.Exp((n.cosine - found[0].cosine) / temperature)
		shares[d.labels[n.clip]] += weight
		sum += weight
	}
	for c, v := range shares {
		shares[c] = math.Log(max(v/sum, floor))
	}
	return rounded(shares)
}

// neighbours is a probe by votes of the k nearest training clips.
type neighbours struct {
	directions
	classes, k  int
	temperature float64
}

func (m neighbours) scores(clips [][]float32) ([][]float32, error) {
	return m.votes(clips, []int{m.k})[0], nil
}

// votes gives the scores with each of several numbers of neighbours.
func (m neighbours) votes(clips [][]float32, ks []int) [][][]float32 {
	out := make([][][]float32, len(ks))
	for i := range out {
		out[i] = make([][]float32, len(clips))
	}
	each(len(clips), func(i int) {
		found := m.nearest(clips[i], slices.Max(ks))
		for j, k := range ks {
			out[j][i] = m.vote(found[:min(k, len(found))], m.classes, m.temperature)
		}
	})
	return out
}

// centroid is a probe by the nearest class centre.
type centroid struct {
	directions // of which only how features are standardised is used
	centres    []float64
	classes    int

	temperature float64
}

// fitCentroid takes the mean of the directions of each class's clips, as a direction.
func fitCentroid(d directions, classes int, temperature float64) centroid {
	m := centroid{d, make([]float64, classes*d.width), classes, temperature}
	for i, label := range d.labels {
		for j, v := range d.values[i*d.width:][:d.width] {
			m.centres[label*d.width+j] += v
		}
	}
	for c := range slices.Chunk(m.centres, d.width) {
		unit(c)
	}
	return m
}

// scores are cosines / temperature.
func (m centroid) scores(clips [][]float32) ([][]float32, error) {
	out := make([][]float32, len(clips))
	each(len(clips), func(i int) {
		query, scores := make([]float64, m.width), make([]float64, m.classes)
		m.of(query, clips[i])
		blas64.Gemv(blas.NoTrans, 1/m.temperature, matrix(m.centres, m.classes, m.width), blas64.Vector{N: m.width, Inc: 1, Data: query}, 0,
			blas64.Vector{N: m.classes, Inc: 1, Data: scores})
		out[i] = rounded(scores)
	})
	return out, nil
}
