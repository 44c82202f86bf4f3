package attention

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// benchmarked are the shapes of a ViT-S: all tokens (fine-tuning, and the decoder at 3 heads) and the visible ones (encoder).
var benchmarked = []Problem{
	{Batch: 1, Heads: 6, Queries: 1568, HeadDim: 64},
	{Batch: 1, Heads: 3, Queries: 1568, HeadDim: 64},
	{Batch: 1, Heads: 6, Queries: 160, HeadDim: 64},
	{Batch: 4, Heads: 6, Queries: 160, HeadDim: 64},
	{Batch: 1, Heads: 3, Queries: 1568, HeadDim: 16},
	{Batch: 1, Heads: 3, Queries: 1568, HeadDim: 128},
}

// benchmark runs a function for each shape, type and level on all cores; flops are for each pair of tokens and element of width.
func benchmark(b *testing.B, flops int, run func(b *testing.B, m machine, workers *pool.Pool, e *example)) {
	workers := pool.New(0)
	defer workers.Close()
	for _, level := range isa.Levels()[1:] {
		m := machine{level.String(), tile.For(level), vec.For(level)}
		for _, p := range benchmarked {
			p.KVHeads, p.Keys = p.Heads, p.Queries
			for _, p.Type = range []tile.Type{tile.F32, tile.BF16} {
				r := rand.New(rand.NewPCG(1, 2))
				row := Strides{p.Queries * p.Heads * p.HeadDim, p.Heads * p.HeadDim, p.HeadDim}
				e := newExample(r, p, r.NormFloat64)
				e.p.Q, e.p.K, e.p.V, e.p.O = row, row, row, row
				e.strides = GradientStrides{row, row, row, row}
				b.Run(fmt.Sprintf("%s/%v", m.name, p), func(b *testing.B) {
					run(b, m, workers, e)
					work := float64(flops*p.Batch*p.Heads*p.Queries*p.Keys*p.HeadDim) * float64(b.N)
					b.ReportMetric(work/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}

func BenchmarkForward(b *testing.B) {
	benchmark(b, 4, func(b *testing.B, m machine, workers *pool.Pool, e *example) {
		f, err := NewForward(m.tile, m.vec, e.p)
		if err != nil {
			b.Fatal(err)
		}
		scratch := make([]byte, f.ScratchBytes(workers.Workers()))
		for b.Loop() {
			f.Run(workers, e.q.pointer(), e.k.pointer(), e.v.pointer(), e.o.pointer(), e.lse, scratch)
		}
	})
}

func BenchmarkBackward(b *testing.B) {
	benchmark(b, 10, func(b *testing.B, m machine, workers *pool.Pool, e *example) {
		e.forward(b, m, workers)
		g, err := NewBackward(m.tile, m.vec, e.p, e.strides)
		if err != nil {
			b.Fatal(err)
		}
		scratch := make([]byte, g.ScratchBytes(workers.Workers()))
		for b.Loop() {
			g.Run(workers, e.q.pointer(), e.k.pointer(), e.v.pointer(), e.o.pointer(), e.do.pointer(), e.lse,
				e.dq.pointer(), e.dk.pointer(), e.dv.pointer(), scratch)
		}
	})
}
