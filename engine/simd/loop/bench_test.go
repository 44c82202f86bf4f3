package loop

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/vec"
)

// BenchmarkTypical tells the time per position of the space, and the traffic of the operands.
func BenchmarkTypical(b *testing.B) {
	levels := isa.Levels()
	best := levels[len(levels)-1]
	for _, workers := range []int{1, 2} {
		p := pool.New(workers)
		defer p.Close()
		for _, c := range []struct {
			name string
			spec Spec
		}{
			{"residual/160x384", residual(160, 384)},
			{"residual/1568x3072", residual(1568, 3072)},
			{"layer norm/160x384", layerNorm(160, 384, f32)},
			{"layer norm/1568x384", layerNorm(1568, 384, f32)},
			{"layer norm/1568x768", layerNorm(1568, 768, f32)},
			{"layer norm bf16/1568x768", layerNorm(1568, 768, bf16)},
			{"layer norm gradient/160x384", layerNormGradient(160, 384)},
			{"layer norm gradient/1568x768", layerNormGradient(1568, 768)},
			{"gelu/1568x3072", gelu(1568, 3072)},
			{"gelu fused bf16/1568x3072", geluFused(1568, 3072)},
			{"gelu gradient/1568x3072", geluGradient(1568, 3072)},
			{"softmax/1568x1568", softmax(1568, 1568)},
			{"adamw/2400000", adamW(2400000)},
			{"pixels/1568x1536", pixels(1568, 1536)},
			{"patches/1408x1536", patches(1408, 1536)},
			{"squared error/1408x1536", squaredError(1408, 1536)},
			{"square sum/2400000", squareSum(2400000)},
		} {
			b.Run(fmt.Sprintf("%s/%d", c.name, workers), func(b *testing.B) { benchmark(b, p, best, c.spec) })
		}
	}
}

func benchmark(b *testing.B, p *pool.Pool, level isa.Level, s Spec) {
	made, err := New(vec.For(level), p.Workers(), s)
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var operands []unsafe.Pointer
	for _, o := range s.Operands {
		n := s.width(o.Class) * sizeOf(o.Type)
		for _, d := range s.Rows {
			if o.Class.hasRows() {
				n *= d
			}
		}
		memory := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(make([]uint64, n/8+1)))), n)
		if o.Type == f32 {
			for i := range n / 4 {
				*(*float32)(unsafe.Pointer(&memory[4*i])) = 0.5 + r.Float32()
			}
		}
		if o.Type == dtypes.Bool {
			for i := range memory {
				memory[i] = 1
			}
		}
		operands = append(operands, unsafe.Pointer(unsafe.SliceData(memory)))
	}
	scratch := make([]byte, made.ScratchBytes())
	cost := made.Cost()
	for b.Loop() {
		made.Run(p, operands, scratch)
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(seconds*1e9/float64(cost.Elements), "ns/element")
	b.ReportMetric(float64(cost.Bytes)/seconds/1e9, "GB/s")
}
