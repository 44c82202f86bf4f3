package eval

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"videomae/seed"
)

// Resamples is how many times the videos are drawn anew for an interval.
const Resamples = 10_000

// Interval is the lower and the upper bound of a 95 % interval.
type Interval [2]float64

// bootstrap draws as many videos as there are, with replacement, Resamples times, and gives the interval from the 2.5th to the 97.5th
// percentile of each of a few numbers. A video is known by its kind, from 0 to kinds-1, and measure makes the numbers of how many of each
// kind were drawn. Results depend on the seed alone, not on how many processors there are.
func bootstrap(videos []int, kinds int, s uint64, numbers int, measure func(drawn []int, into []float64)) []Interval {
	values := make([][]float64, numbers)
	for i := range values {
		values[i] = make([]float64, Resamples)
	}
	workers, n := runtime.GOMAXPROCS(0), uint64(len(videos))
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			drawn, into := make([]int, kinds), make([]float64, numbers)
			for r := w; r < Resamples; r += workers {
				clear(drawn)
				rng := seed.Rand(s, "bootstrap", uint64(r))
				for left := len(videos); left > 0; left -= 2 {
					bits := rng.Uint64() // for two draws, each a 32-bit fraction of n, even to n/2^32
					drawn[videos[bits>>32*n>>32]]++
					if left > 1 {
						drawn[videos[bits&(1<<32-1)*n>>32]]++
					}
				}
				measure(drawn, into)
				for i, v := range into {
					values[i][r] = v
				}
			}
		})
	}
	running.Wait()
	out := make([]Interval, numbers)
	for i, v := range values {
		slices.Sort(v)
		out[i] = Interval{quantile(v, 0.025), quantile(v, 0.975)}
	}
	return out
}

// quantile is a quantile of sorted values, linear between neighbours.
func quantile(sorted []float64, q float64) float64 {
	place := q * float64(len(sorted)-1)
	low := int(math.Floor(place))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (place-float64(low))*(sorted[high]-sorted[low])
}
