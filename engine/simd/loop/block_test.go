package loop

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/vec"
)

// epilogue is what follows a product of matrices: bias, GELU and a residual, stored as they are and as bfloat16.
func epilogue(inner int, rows ...int) Spec {
	s := newScript(inner, rows...)
	product := s.load(f32, Full)
	s.Operands[0].Block = true
	x := s.unary(vec.GELU, s.plus(product, s.load(bf16, Col)))
	x = s.plus(s.times(x, s.load(f32, Row)), s.load(f32, Full))
	s.store(f32, Full, x)
	s.store(bf16, Full, x)
	return s.Spec
}

// Pieces of any size, whose product comes as a block, make up what a run of the whole would give.
func TestBlocks(t *testing.T) {
	workers := pool.New(1)
	defer workers.Close()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := epilogue(1+r.IntN(150), 1+r.IntN(4), 1+r.IntN(40))
		if seed == 0 {
			s = epilogue(5000, 3)
		}
		rows := 1
		for _, d := range s.Rows {
			rows *= d
		}
		s.Operands[3].Strides = dense(s.Rows, s.Inner+3)
		if len(s.Rows) > 1 {
			s.Operands[2].Strides = []int{0, 1} // the same in all of the first dimension
		}
		described := program{Spec: s}
		before := described.memory(r)
		want := interpret(&s, before)
		for _, level := range isa.Levels() {
			p, err := New(vec.For(level), 2, s)
			if err != nil {
				t.Fatal(err)
			}
			after := copies(before)
			operands, scratch := pointers(after), make([]byte, p.ScratchBytes())
			operands[0] = nil
			tall, wide := 1+r.IntN(rows), 1+r.IntN(s.Inner)
			for row := 0; row < rows; row += tall {
				for col := 0; col < s.Inner; col += wide {
					n, width := min(tall, rows-row), min(wide, s.Inner-col)
					ld := width + r.IntN(3)
					block := make([]float32, n*ld)
					for i := range n {
						for j := range width {
							block[i*ld+j] = float32(before[0].get(row+i, col+j))
						}
					}
					p.Block(r.IntN(2), operands, row, n, col, width, block, ld, scratch)
				}
			}
			if err := verify(want, before, after); err != nil {
				t.Fatalf("seed %d, %s: %v", seed, level, err)
			}
			whole := execute(t, workers, level, s, before)
			for i := range whole {
				if !bytes.Equal(whole[i].memory, after[i].memory) {
					t.Fatalf("seed %d, %s: operand %d differs from a run of the whole", seed, level, i)
				}
			}
		}
	}
}
