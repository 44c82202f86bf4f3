package gemm

import (
	"fmt"
	"testing"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

// layers are the widths of the weights of ViT-S, ViT-B and their decoders: inputs and outputs.
var layers = [][2]int{{192, 576}, {192, 768}, {768, 192}, {384, 384}, {384, 1152}, {384, 1536}, {1536, 384}, {768, 768}, {768, 2304}, {768, 3072}, {3072, 768}}

// forward, and the gradients of inputs and weights, of a layer on so many tokens.
var passes = []struct {
	name    string
	problem func(tokens, in, out int) Problem
}{
	{"Y", func(tokens, in, out int) Problem {
		return Problem{M: tokens, N: out, K: in, A: Operand{Row: in, Col: 1}, B: Operand{Row: 1, Col: in}}
	}},
	{"dX", func(tokens, in, out int) Problem {
		return Problem{M: tokens, N: in, K: out, A: Operand{Row: out, Col: 1}, B: Operand{Row: in, Col: 1}}
	}},
	{"dW", func(tokens, in, out int) Problem {
		return Problem{M: out, N: in, K: tokens, A: Operand{Row: 1, Col: out}, B: Operand{Row: in, Col: 1}}
	}},
}

func BenchmarkLayers(b *testing.B) {
	for _, kind := range []tile.Type{tile.F32, tile.BF16} {
		for _, tokens := range []int{160, 640, 1568, 6272} {
			for _, layer := range layers {
				for _, pass := range passes {
					p := pass.problem(tokens, layer[0], layer[1])
					p.A.Type, p.B.Type, p.C.Type = kind, kind, kind
					b.Run(fmt.Sprintf("%s/%s/%dx%dx%d", []string{"f32", "bf16"}[kind], pass.name, tokens, layer[0], layer[1]), func(b *testing.B) { benchmark(b, p) })
				}
			}
		}
	}
}

// Scores and sums of attention, per head, in the layout [batch, tokens, head, width].
func BenchmarkHeads(b *testing.B) {
	for _, shape := range [][3]int{{160, 6, 64}, {160, 12, 64}, {1568, 6, 64}, {128, 3, 16}, {1568, 3, 64}} {
		n, heads, width := shape[0], shape[1], shape[2]
		rows := Operand{Row: heads * width, Col: 1, Batch: [MaxBatch]int{n * heads * width, width}}
		columns := Operand{Row: 1, Col: heads * width, Batch: rows.Batch}
		square := [MaxBatch]int{heads * n * n, n * n}
		batch := []int{1, heads}
		scores := Problem{M: n, N: n, K: width, Batch: batch, A: rows, B: columns, C: Result{Row: n, Batch: square}}
		sums := Problem{M: n, N: width, K: n, Batch: batch, A: Operand{Row: n, Col: 1, Batch: square}, B: rows, C: Result{Row: rows.Row, Batch: rows.Batch}}
		b.Run(fmt.Sprintf("QK/%dx%dx%d", n, heads, width), func(b *testing.B) { benchmark(b, scores) })
		b.Run(fmt.Sprintf("PV/%dx%dx%d", n, heads, width), func(b *testing.B) { benchmark(b, sums) })
	}
}

func benchmark(b *testing.B, p Problem) {
	level, err := isa.Choose()
	if err != nil {
		b.Fatal(err)
	}
	if p.C.Row == 0 {
		p.C.Row = p.N
	}
	p.Alpha = 1
	workers := pool.New(0)
	defer workers.Close()
	best := 0.0
	for b.Loop() {
		best = max(best, Measure(workers, tile.For(level), p))
	}
	b.ReportMetric(best/1e9, "GFLOP/s")
}
