package loop

import (
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

const (
	f32  = dtypes.Float32
	bf16 = dtypes.BFloat16
)

// script writes a Spec line by line.
type script struct{ Spec }

func newScript(inner int, rows ...int) *script { return &script{Spec{Rows: rows, Inner: inner}} }

func (s *script) add(n Node) Value {
	s.Nodes = append(s.Nodes, n)
	return Value(len(s.Nodes) - 1)
}

func (s *script) operand(t dtypes.DType, c Class) int {
	s.Operands = append(s.Operands, Operand{Type: t, Class: c})
	return len(s.Operands) - 1
}

func (s *script) load(t dtypes.DType, c Class) Value {
	return s.add(Node{Op: Load, Operand: s.operand(t, c)})
}

func (s *script) store(t dtypes.DType, c Class, v Value) int {
	o := s.operand(t, c)
	s.add(Node{Op: Store, In: [3]Value{v}, Operand: o})
	return o
}

// update stores a value where another was loaded from.
func (s *script) update(from, v Value) {
	s.add(Node{Op: Store, In: [3]Value{v}, Operand: s.Nodes[from].Operand})
}

func (s *script) constant(v float32) Value { return s.add(Node{Op: Const, Const: v}) }

func (s *script) unary(u vec.Unary, x Value) Value {
	return s.add(Node{Op: Unary, Unary: u, In: [3]Value{x}})
}

func (s *script) binary(b vec.Binary, x, y Value) Value {
	return s.add(Node{Op: Binary, Binary: b, In: [3]Value{x, y}})
}

func (s *script) plus(x, y Value) Value  { return s.binary(vec.Add, x, y) }
func (s *script) minus(x, y Value) Value { return s.binary(vec.Sub, x, y) }
func (s *script) times(x, y Value) Value { return s.binary(vec.Mul, x, y) }
func (s *script) over(x, y Value) Value  { return s.binary(vec.Div, x, y) }

func (s *script) where(mask, x, y Value) Value {
	return s.add(Node{Op: Where, In: [3]Value{mask, x, y}})
}

func (s *script) reduce(op Op, r Reduction, x Value) Value {
	return s.add(Node{Op: op, Reduce: r, In: [3]Value{x}})
}

func (s *script) reduceCol(r Reduction, x Value, c Class) {
	s.add(Node{Op: ReduceCol, Reduce: r, In: [3]Value{x}, Operand: s.operand(f32, c)})
}

// mean is along the rows' inner dimension.
func (s *script) mean(x Value) Value {
	return s.over(s.reduce(ReduceRow, Sum, x), s.constant(float32(s.Inner)))
}

// normalised is the first half of layer norm: (x - mean)/std, and std.
func (s *script) normalised(x Value) (Value, Value) {
	centred := s.minus(x, s.mean(x))
	std := s.unary(vec.Sqrt, s.plus(s.mean(s.times(centred, centred)), s.constant(1e-6)))
	return s.over(centred, std), std
}

func layerNorm(rows, inner int, t dtypes.DType) Spec {
	s := newScript(inner, rows)
	normalised, _ := s.normalised(s.load(t, Full))
	s.store(t, Full, s.plus(s.times(normalised, s.load(f32, Col)), s.load(f32, Col)))
	return s.Spec
}

// layerNormGradient is that of layer norm towards its input, scale and shift.
func layerNormGradient(rows, inner int) Spec {
	s := newScript(inner, rows)
	x, dy, scale := s.load(f32, Full), s.load(f32, Full), s.load(f32, Col)
	normalised, std := s.normalised(x)
	s.reduceCol(Sum, s.times(dy, normalised), Col)
	s.reduceCol(Sum, dy, Col)
	scaled := s.times(dy, scale)
	mean, product := s.mean(scaled), s.mean(s.times(scaled, normalised))
	s.store(f32, Full, s.over(s.minus(s.minus(scaled, mean), s.times(normalised, product)), std))
	return s.Spec
}

// gelu is written out, as a graph has it.
func gelu(rows, inner int) Spec {
	s := newScript(inner, rows)
	x := s.plus(s.load(f32, Full), s.load(f32, Col))
	erf := s.unary(vec.Erf, s.times(x, s.constant(0.70710678)))
	s.store(f32, Full, s.times(s.times(x, s.constant(0.5)), s.plus(erf, s.constant(1))))
	return s.Spec
}

// geluFused uses the kernel for it, from and to bfloat16.
func geluFused(rows, inner int) Spec {
	s := newScript(inner, rows)
	s.store(bf16, Full, s.unary(vec.GELU, s.plus(s.load(bf16, Full), s.load(f32, Col))))
	return s.Spec
}

// geluGradient is written out: dy times erf's half and density.
func geluGradient(rows, inner int) Spec {
	s := newScript(inner, rows)
	x, dy := s.load(f32, Full), s.load(f32, Full)
	u := s.times(x, s.constant(0.70710678))
	density := s.times(s.unary(vec.Exp, s.unary(vec.Neg, s.times(u, u))), s.constant(0.3989423))
	normal := s.times(s.plus(s.unary(vec.Erf, u), s.constant(1)), s.constant(0.5))
	s.store(f32, Full, s.times(dy, s.plus(normal, s.times(x, density))))
	return s.Spec
}

func softmax(rows, inner int) Spec {
	s := newScript(inner, rows)
	x := s.load(f32, Full)
	e := s.unary(vec.Exp, s.minus(x, s.reduce(ReduceRow, Max, x)))
	s.store(f32, Full, s.over(e, s.reduce(ReduceRow, Sum, e)))
	return s.Spec
}

// adamW updates weights and moments where they lie, unless a flag says no.
func adamW(n int) Spec {
	s := newScript(n)
	w, g, m, v := s.load(f32, Full), s.load(f32, Full), s.load(f32, Full), s.load(f32, Full)
	rate, stepSize, correction, do := s.load(f32, Scalar), s.load(f32, Scalar), s.load(f32, Scalar), s.load(dtypes.Bool, Scalar)
	m1 := s.plus(s.times(m, s.constant(0.9)), s.times(g, s.constant(0.1)))
	v1 := s.plus(s.times(v, s.constant(0.95)), s.times(s.times(g, g), s.constant(0.05)))
	direction := s.over(s.times(stepSize, m1), s.plus(s.over(s.unary(vec.Sqrt, v1), correction), s.constant(1e-8)))
	decayed := s.times(w, s.minus(s.constant(1), s.times(rate, s.constant(0.05))))
	s.update(w, s.where(do, s.minus(decayed, direction), w))
	s.update(m, s.where(do, m1, m))
	s.update(v, s.where(do, v1, v))
	return s.Spec
}

func residual(rows, inner int) Spec {
	s := newScript(inner, rows)
	s.store(f32, Full, s.plus(s.load(f32, Full), s.load(f32, Full)))
	return s.Spec
}

// pixels are normalised, a mean and deviation for each of 3 channels.
func pixels(rows, inner int) Spec {
	s := newScript(inner, rows)
	s.Period = 3
	x := s.over(s.load(dtypes.Uint8, Full), s.constant(255))
	s.store(f32, Full, s.over(s.minus(x, s.load(f32, ColTile)), s.load(f32, ColTile)))
	return s.Spec
}

// patches are normalised by the mean and variance of each channel in each row.
func patches(rows, inner int) Spec {
	s := newScript(inner, rows)
	s.Period = 3
	x, n := s.load(f32, Full), s.constant(float32(inner/3))
	centred := s.minus(x, s.over(s.reduce(ReduceTile, Sum, x), n))
	variance := s.over(s.reduce(ReduceTile, Sum, s.times(centred, centred)), n)
	s.store(f32, Full, s.over(centred, s.plus(s.unary(vec.Sqrt, variance), s.constant(1e-6))))
	return s.Spec
}

// squaredError is the mean square of a difference, and its gradient.
func squaredError(rows, inner int) Spec {
	s := newScript(inner, rows)
	d := s.minus(s.load(bf16, Full), s.load(f32, Full))
	s.reduceCol(Sum, s.times(d, d), Scalar)
	s.store(bf16, Full, s.times(d, s.constant(1e-4)))
	return s.Spec
}

func squareSum(n int) Spec {
	s := newScript(n)
	s.reduceCol(Sum, s.unary(vec.Square, s.load(f32, Full)), Scalar)
	return s.Spec
}
