package vec

import (
	"testing"

	"videomae/engine/simd/isa"
)

// BenchmarkKernels runs kernels on 1024 elements that stay in the first-level cache; ns/element is what to look at.
func BenchmarkKernels(b *testing.B) {
	const n = 1024
	x, y, z, dst := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		x[i], y[i], z[i] = float32(i%13)/2-3, float32(i%7)+1, float32(i%5)
	}
	short, turned, bytes := make([]uint16, n), make([]uint16, n), make([]uint8, n)
	for _, level := range isa.Levels() {
		k := For(level)
		run := func(name string, f func()) {
			b.Run(level.String()+"/"+name, func(b *testing.B) {
				for range b.N {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		}
		for op := range numUnary {
			run(op.String(), func() { k.Unary[op](dst, y) })
		}
		for op := range numBinary {
			run(op.String(), func() { k.Binary[op](dst, x, y) })
		}
		run("MulScalar", func() { k.BinaryScalarRight[Mul](dst, x, 3) })
		run("MulAdd", func() { k.MulAdd(dst, x, y, z) })
		run("AddScaled", func() { k.AddScaled(dst, x, 3, y) })
		run("Where", func() { k.Where(dst, z, x, y) })
		run("Fill", func() { k.Fill(dst, 1) })
		run("Sum", func() { k.Sum(x) })
		run("Dot", func() { k.Dot(x, y) })
		run("MaxOf", func() { k.Max(x) })
		run("FromBF16", func() { k.FromBF16(dst, short) })
		run("ToBF16", func() { k.ToBF16(short, x) })
		run("RoundBF16", func() { k.RoundBF16(dst, x) })
		run("FromUint8", func() { k.FromUint8(dst, bytes) })
		run("Transpose32", func() { k.Transpose32(dst, 32, x, 32, 32, 32) })
		run("Transpose16", func() { k.Transpose16(turned, 32, short, 32, 32, 32) })
	}
}
