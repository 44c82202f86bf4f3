package vit

import (
	"math"

	"videomae/masking"
)

// Positions is the fixed sine-cosine table, n x d values: row p, column j holds sin (even j) or cos (odd j) of
// p / 10000^(2*floor(j/2)/d), computed in float64. Positions count cubes in raster order, whatever the grid. Source: spec 1.3.
func Positions(n, d int) []float32 {
	table := make([]float32, n*d)
	for j := range d {
		rate := math.Pow(10000, float64(2*(j/2))/float64(d))
		for p := range n {
			angle := float64(p) / rate
			if j%2 == 0 {
				table[p*d+j] = float32(math.Sin(angle))
			} else {
				table[p*d+j] = float32(math.Cos(angle))
			}
		}
	}
	return table
}

// InterpolatedPositions is the table of the cubes of one grid, resized to those of another, to x d values: bicubic over the rows and the
// columns of each time slot, then linear over the slots. Source: spec 1.3 for space; time, where the official code has no rule, is
// treated the same way, with cubes' centres spread over the clip.
func InterpolatedPositions(from, to masking.Grid, d int) []float32 {
	table := Positions(from.Tokens(), d)
	table = resizeAxis(table, from.Slots*from.Rows, from.Cols, to.Cols, d, cubicTaps)
	table = resizeAxis(table, from.Slots, from.Rows, to.Rows, to.Cols*d, cubicTaps)
	return resizeAxis(table, 1, from.Slots, to.Slots, to.Places()*d, linearTaps)
}

// resizeAxis resizes the middle axis of an outer x n x inner array to m values. Samples lie at the centres of equal cells, and those
// beyond the ends are the ends'.
func resizeAxis(values []float32, outer, n, m, inner int, taps func(at float64) (first int, weights []float64)) []float32 {
	if n == m {
		return values
	}
	out := make([]float32, outer*m*inner)
	for i := range m {
		first, weights := taps((float64(i)+0.5)*float64(n)/float64(m) - 0.5)
		for o := range outer {
			to := out[(o*m+i)*inner:][:inner]
			for j := range to {
				sum := 0.0
				for k, w := range weights {
					at := min(max(first+k, 0), n-1)
					sum += w * float64(values[(o*n+at)*inner+j])
				}
				to[j] = float32(sum)
			}
		}
	}
	return out
}

// cubicTaps weighs the four samples about a place by the cubic convolution of PyTorch, whose parameter is -0.75.
func cubicTaps(at float64) (first int, weights []float64) {
	const a = -0.75
	floor := math.Floor(at)
	for k := -1; k <= 2; k++ {
		x := math.Abs(at - floor - float64(k))
		if x <= 1 {
			weights = append(weights, ((a+2)*x-(a+3))*x*x+1)
		} else {
			weights = append(weights, ((a*x-5*a)*x+8*a)*x-4*a)
		}
	}
	return int(floor) - 1, weights
}

// linearTaps weighs the two samples about a place by their distance.
func linearTaps(at float64) (first int, weights []float64) {
	floor := math.Floor(at)
	return int(floor), []float64{1 - (at - floor), at - floor}
}
