package loop

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/vec"
)

// Sums and differences of scaled values, squares, roots and quotients, by numbers of the program and of each row, give what the
// operations give one by one.
func TestCombinations(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, class := range []Class{Scalar, Row} {
		for _, op := range []vec.Binary{vec.Add, vec.Sub} {
			for name, combine := range map[string]func(s *script, x, y, z, a, b Value) (Value, Value){
				"scaled and number":      func(s *script, x, _, _, a, b Value) (Value, Value) { return s.times(x, a), b },
				"number and divided":     func(s *script, x, _, _, a, b Value) (Value, Value) { return b, s.over(x, a) },
				"scaled root and number": func(s *script, x, _, _, a, b Value) (Value, Value) { return s.times(s.unary(vec.Sqrt, x), a), b },
				"two scaled":             func(s *script, x, y, _, a, b Value) (Value, Value) { return s.times(a, x), s.over(y, b) },
				"scaled and scaled square": func(s *script, x, y, _, a, b Value) (Value, Value) {
					return s.times(a, x), s.times(s.times(y, y), b)
				},
				"scaled square and scaled": func(s *script, x, y, _, a, b Value) (Value, Value) {
					return s.times(a, s.unary(vec.Square, x)), s.times(y, b)
				},
				"scaled and quotient":   func(s *script, x, y, z, a, b Value) (Value, Value) { return s.times(a, x), s.over(s.times(y, b), z) },
				"quotient and value":    func(s *script, x, y, z, _, _ Value) (Value, Value) { return s.over(y, z), x },
				"value and quotient":    func(s *script, x, y, z, _, _ Value) (Value, Value) { return x, s.over(y, z) },
				"column and quotient":   func(s *script, _, y, z, _, _ Value) (Value, Value) { return s.load(f32, Col), s.over(y, z) },
				"two quotients of rows": func(s *script, x, y, _, a, b Value) (Value, Value) { return s.over(x, a), s.over(y, b) },
			} {
				s := newScript(200, 30)
				x, y, z, a, b := s.load(f32, Full), s.load(f32, Full), s.load(f32, Full), s.load(f32, class), s.load(f32, class)
				first, second := combine(s, x, y, z, a, b)
				s.store(f32, Full, s.binary(op, first, second))
				described := program{Spec: s.Spec}
				before := described.memory(rand.New(rand.NewPCG(1, 2)))
				for _, tensor := range before[:5] {
					for row := range tensor.rows {
						for col := range tensor.width {
							tensor.set(row, col, 0.5+math.Abs(tensor.get(row, col)))
						}
					}
				}
				want := interpret(&s.Spec, before)
				for _, level := range isa.Levels() {
					if err := verify(want, before, execute(t, p, level, s.Spec, before)); err != nil {
						t.Errorf("%s, %s, %s of %s: %v", level, op, name, class, err)
					}
				}
			}
		}
	}
}

// An update that is skipped leaves everything as it was, and the next one does not.
func TestSkippedUpdate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	s := adamW(5001)
	do := len(s.Operands) - 1
	if s.Operands[do].Type != dtypes.Bool {
		t.Fatal("the last operand is not the flag")
	}
	described := program{Spec: s}
	before := described.memory(rand.New(rand.NewPCG(1, 2)))
	for i := range s.Inner {
		before[3].set(0, i, math.Abs(before[3].get(0, i)))
	}
	for _, flag := range []float64{0, 1} {
		before[do].set(0, 0, flag)
		want := interpret(&s, before)
		for _, level := range isa.Levels() {
			after := execute(t, p, level, s, before)
			if err := verify(want, before, after); err != nil {
				t.Errorf("%s, flag %v: %v", level, flag, err)
			}
			if flag == 0 && after[0].get(0, 77) != before[0].get(0, 77) {
				t.Errorf("%s: a weight went from %v to %v", level, before[0].get(0, 77), after[0].get(0, 77))
			}
		}
	}
}
