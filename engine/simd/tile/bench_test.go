package tile

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"videomae/engine/simd/isa"
)

// Products of 96 rows and six panels whose operands are laid out and in L2, on one core.
func BenchmarkProducts(b *testing.B) {
	const rows, panels, depth = 96, 6, 384
	random := rand.New(rand.NewPCG(1, 2))
	for _, level := range isa.Levels() {
		k := For(level)
		for form, name := range map[Form]string{Float: "float32", Split: "float32 in parts", Pair: "bfloat16"} {
			product := k.Product(form)
			if product.Multiply == nil {
				continue
			}
			b.Run(fmt.Sprintf("%v/%s", level, name), func(b *testing.B) {
				left, cols, panel := Copied(form, depth), panels*k.NR, k.PanelBytes(form, depth)
				a, right, c := make([]byte, rows*left.Row+64), make([]byte, panels*panel+64), make([]float32, rows*cols)
				k.PackA(lineOf(a), left.Row, form, matrix(random, F32, rows, depth, depth, 1), rows, depth)
				k.PackB(lineOf(right), form, matrix(random, F32, cols, depth, depth, 1), cols, depth)
				for b.Loop() {
					for j := range panels {
						product.Multiply(rows, form.Steps(depth), lineOf(a), left.Row, left.Step,
							unsafe.Add(lineOf(right), j*panel), k.NR*Word, &c[j*k.NR], cols, 1, false)
					}
				}
				b.ReportMetric(float64(2*rows*cols*depth)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// lineOf is the first place that begins a cache line.
func lineOf(memory []byte) unsafe.Pointer {
	p := unsafe.Pointer(&memory[0])
	return unsafe.Add(p, -uintptr(p)%64)
}
