// Package draw is where the random choices of pixel work come from: a generator, or a record of what was drawn before, so that any of them
// can be done again.
package draw

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Source gives random numbers of the kinds that augmentation draws.
type Source interface {
	Uniform(low, high float64) float64      // from [low, high)
	Normal(mean, deviation float64) float64 // normally distributed
	Beta(alpha float64) float64             // Beta distributed, both parameters alpha
	Below(n int) int                        // one of 0 to n-1
}

// From draws with a generator.
func From(rng *rand.Rand) Source { return generator{rng} }

type generator struct{ rng *rand.Rand }

func (g generator) Uniform(low, high float64) float64 { return low + (high-low)*g.rng.Float64() }

func (g generator) Normal(mean, deviation float64) float64 {
	return mean + deviation*g.rng.NormFloat64()
}

func (g generator) Below(n int) int { return g.rng.IntN(n) }

func (g generator) Beta(alpha float64) float64 {
	return distuv.Beta{Alpha: alpha, Beta: alpha, Src: g.rng}.Rand()
}
