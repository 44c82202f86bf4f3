// The portable reductions. They sum in float64.

package vec

import "math"

func sum(x []float32) float32 {
	var total float64
	for _, v := range x {
		total += float64(v)
	}
	return float32(total)
}

func dot(x, y []float32) float32 {
	var total float64
	for i, v := range x {
		total += float64(v) * float64(y[i])
	}
	return float32(total)
}

func product(x []float32) float32 {
	total := 1.0
	for _, v := range x {
		total *= float64(v)
	}
	return float32(total)
}

func maximum(x []float32) float32 {
	best := float32(math.Inf(-1))
	for _, v := range x {
		best = max(best, v)
	}
	return best
}

func minimum(x []float32) float32 {
	best := float32(math.Inf(1))
	for _, v := range x {
		best = min(best, v)
	}
	return best
}
