// The loops in plain Go.

package attention

import (
	"math"

	"videomae/engine/simd/tile"
)

func portable(form tile.Form) softmax {
	if form == tile.Pair {
		return softmax{rescale: rescale, soften: softenPairs, weigh: weighPairs}
	}
	return softmax{rescale: rescale, soften: soften, weigh: weigh}
}

func rescale(c []float32, n int, by []float32) {
	for i := range n {
		for j, factor := range by {
			c[i*len(by)+j] *= factor
		}
	}
}

func soften(s []float32, n int, scale float32, top, sum, alpha []float32) {
	lanes := len(top)
	for j := range lanes {
		old, total := top[j], float32(0)
		for i := range n {
			top[j] = max(top[j], s[i*lanes+j]*scale)
		}
		for i := range n {
			weight := &s[i*lanes+j]
			*weight = power(exponent(*weight, scale, top[j]))
			total += *weight
		}
		alpha[j] = power(float64(old - top[j]))
		sum[j] = sum[j]*alpha[j] + total
	}
}

func weigh(s, ds, rows []float32, ldrows, n int, scale float32, lse, delta []float32) {
	lanes := len(s) / n
	for i := range n {
		for j := range lanes {
			at := i*lanes + j
			s[at] = power(min(exponent(s[at], scale, lse[i]), 0))
			ds[at] = s[at] * (ds[at] - delta[i])
			rows[i*ldrows+j] = ds[at]
		}
	}
}

func softenPairs(s []float32, n int, scale float32, top, sum, alpha []float32) {
	soften(s, n, scale, top, sum, alpha)
	pairRows(s, n, len(top))
}

func weighPairs(s, ds, rows []float32, ldrows, n int, scale float32, lse, delta []float32) {
	lanes := len(s) / n
	for i := range n {
		one := func(x []float32) []float32 { return x[i*lanes:][:lanes] }
		weigh(one(s), one(ds), one(ds), lanes, 1, scale, lse[i:], delta[i:])
		for j := range lanes / 2 {
			rows[i*ldrows+j] = pair(one(ds)[2*j], one(ds)[2*j+1])
		}
	}
	pairRows(s, n, lanes)
	pairRows(ds, n, lanes)
}

// pairRows makes word row i of rows 2i and 2i+1, the last of them zeros if n is odd.
func pairRows(s []float32, n, lanes int) {
	for i := 0; i < n; i += 2 {
		for j := range lanes {
			second := float32(0)
			if i+1 < n {
				second = s[(i+1)*lanes+j]
			}
			s[i/2*lanes+j] = pair(s[i*lanes+j], second)
		}
	}
}

// pair is the word of two numbers, rounded to the nearest bfloat16, ties to even.
func pair(low, high float32) float32 {
	return math.Float32frombits(round(low)>>16 | round(high)&0xFFFF0000)
}

func round(x float32) uint32 {
	bits := math.Float32bits(x)
	if x != x {
		return bits | 0x00400000
	}
	return bits + 0x7FFF + bits>>16&1
}

// exponent is a score's distance from a scaled one; nothing is lost where both are large.
func exponent(score, scale, from float32) float64 {
	return float64(score)*float64(scale) - float64(from)
}

func power(x float64) float32 { return float32(math.Exp2(x)) }
