package vit

import "math"

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
