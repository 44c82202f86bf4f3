// What is to be computed, and how it is cut.

package attention

import (
	"fmt"
	"math"

	"videomae/engine/simd/tile"
)

// Strides says where a tensor's rows of HeadDim neighbouring elements begin: the distances, in elements, from one sequence,
// token or head to the next. They express [B, tokens, heads, width], [B, heads, tokens, width] and parts of a joint tensor.
type Strides struct{ Batch, Token, Head int }

// Problem is the shape of one attention: O[b,i,h] = sum over j of softmax over j (Scale * Q[b,i,h].K[b,j,g]) * V[b,j,g], where
// g = h / (Heads/KVHeads).
type Problem struct {
	Batch, Heads  int
	KVHeads       int       // heads of keys and values, each shared by Heads/KVHeads neighbouring heads of queries
	Queries, Keys int       // tokens, 0 and more; without keys the output is 0
	HeadDim       int       // width of a row of queries, keys, values and output
	Scale         float32   // 0 stands for 1/sqrt(HeadDim)
	Type          tile.Type // of all tensors; sums and the soft-max are in float32
	Q, K, V, O    Strides
}

func (p Problem) check() error {
	switch {
	case p.Batch < 0 || p.Heads < 0 || p.KVHeads < 0 || p.Queries < 0 || p.Keys < 0:
		return fmt.Errorf("attention: negative size in %+v", p)
	case p.HeadDim < 1:
		return fmt.Errorf("attention: head width %d: want at least 1", p.HeadDim)
	case p.Heads > 0 && (p.KVHeads == 0 || p.Heads%p.KVHeads != 0):
		return fmt.Errorf("attention: %d heads of queries on %d of keys: want a multiple", p.Heads, p.KVHeads)
	case p.Type > tile.BF16:
		return fmt.Errorf("attention: unknown type %d: have F32 and BF16", p.Type)
	}
	return nil
}

// shared is the number of heads of queries on one head of keys.
func (p *Problem) shared() int { return p.Heads / p.KVHeads }

// scale is the factor of the scores.
func (p *Problem) scale() float64 {
	if p.Scale == 0 {
		return 1 / math.Sqrt(float64(p.HeadDim))
	}
	return float64(p.Scale)
}

// nothing is a score whose weight is 0.
func (p *Problem) nothing() float32 { return float32(math.Inf(-1) * p.scale()) }

// state is the index of a query's number in a slice [Batch, Heads, Queries].
func (p *Problem) state(batch, head, query int) int { return (batch*p.Heads+head)*p.Queries + query }

// divide is a quotient, rounded up, of a number of at least 0.
func divide(n, by int) int { return (n + by - 1) / by }

// share is the range that part i has of n things: whole units but for the last one, and about as many as the other parts.
func share(n, unit, parts, i int) (first, count int) {
	units := divide(n, unit)
	first = i * units / parts * unit
	return first, min((i+1)*units/parts*unit, n) - first
}

// largest is the greatest count of all parts.
func largest(n, unit, parts int) int { return min(divide(divide(n, unit), parts)*unit, n) }
