package simd

import (
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// graftDot multiplies by a new matrix, or a value by itself over the batch.
func graftDot(g *growth, x int) {
	s := g.values[x].shape
	if s.Rank() != 3 {
		return
	}
	terms := s.Dimensions[2]
	spread := func(m, e []float64, own float64) float64 {
		k, right := float64(terms), len(e)-1
		return k*(m[0]*e[right]+m[right]*e[0]+e[0]*e[right]+k*roundoff*m[0]*m[right]) + 2*rounding(s.DType)*own
	}
	if g.r.IntN(3) == 0 {
		out := shapes.Make(s.DType, s.Dimensions[0], s.Dimensions[1], s.Dimensions[1])
		over := sides{leftContract: []int{2}, leftBatch: []int{0}, rightContract: []int{2}, rightBatch: []int{0}}
		g.add(out, func(f *recorder, x []compute.Value) compute.Value { return dot(f, x[0], x[0], over, s.DType) }, spread, x)
		return
	}
	columns := 1 + g.r.IntN(40)
	y := g.weights(shapes.Make(s.DType, columns, terms))
	out := shapes.Make(s.DType, s.Dimensions[0], s.Dimensions[1], columns)
	over := sides{leftContract: []int{2}, rightContract: []int{1}}
	g.add(out, func(f *recorder, x []compute.Value) compute.Value { return dot(f, x[0], x[1], over, s.DType) }, spread, x, y)
}

// dot is a product, by way of Float32 where the oracle is to multiply halves.
func dot(f *recorder, x, y compute.Value, over sides, d dtypes.DType) compute.Value {
	product := over.product(compute.DotGeneralConfig{})
	if !f.oracle || !d.IsHalfPrecision() {
		return product(f, []compute.Value{x, y})
	}
	x, y = f.ok(f.ConvertDType(x, dtypes.Float32)), f.ok(f.ConvertDType(y, dtypes.Float32))
	return f.ok(f.ConvertDType(product(f, []compute.Value{x, y}), d))
}

// weights makes a matrix of small numbers by counting.
func (g *growth) weights(s shapes.Shape) int {
	counted := shapes.Make(dtypes.Int32, s.Dimensions...)
	return g.add(s, func(f *recorder, _ []compute.Value) compute.Value {
		digits := f.ok(f.Rem(f.ok(f.Iota(counted, 1)), f.ok(f.Constant([]int32{7}))))
		small := f.ok(f.Sub(digits, f.ok(f.Constant([]int32{3}))))
		return f.ok(f.Mul(f.ok(f.ConvertDType(small, s.DType)), constant(f, s.DType, 0.25)))
	}, func(_, _ []float64, _ float64) float64 { return 0 })
}

// overLast reduces over the last axis and leaves it with size 1.
func overLast(f *recorder, reduce reduction, x compute.Value, s shapes.Shape) compute.Value {
	last := s.Rank() - 1
	kept := append(append([]int{}, s.Dimensions[:last]...), 1)
	return f.ok(f.Reshape(f.ok(reduce(f, x, last)), kept...))
}

// rows finds a value of Float32 with an axis to normalise over.
func (g *growth) rows(x int) (s shapes.Shape, terms float64, ok bool) {
	s = g.values[x].shape
	if s.DType != dtypes.Float32 || s.IsScalar() {
		return s, 0, false
	}
	return s, float64(s.Dimensions[s.Rank()-1]), true
}

// graftSoftmax normalises exponentials along the last axis.
func graftSoftmax(g *growth, x int) {
	s, terms, ok := g.rows(x)
	if !ok {
		return
	}
	g.add(s, func(f *recorder, x []compute.Value) compute.Value {
		most := overLast(f, compute.Function.ReduceMax, x[0], s)
		powers := f.ok(f.Exp(f.ok(f.Sub(x[0], most))))
		return f.ok(f.Div(powers, overLast(f, compute.Function.ReduceSum, powers, s)))
	}, func(m, e []float64, own float64) float64 {
		exponent := 2*e[0] + 2*roundoff*m[0]
		return own * (2*math.Expm1(exponent) + (20+terms)*roundoff)
	}, x)
}

// graftNorm takes off the mean along the last axis and divides by the deviation.
func graftNorm(g *growth, x int) {
	s, terms, ok := g.rows(x)
	if !ok {
		return
	}
	const offset = 0.1
	g.add(s, func(f *recorder, x []compute.Value) compute.Value {
		share := constant(f, s.DType, 1/terms)
		mean := f.ok(f.Mul(overLast(f, compute.Function.ReduceSum, x[0], s), share))
		centred := f.ok(f.Sub(x[0], mean))
		variance := f.ok(f.Mul(overLast(f, compute.Function.ReduceSum, f.ok(f.Mul(centred, centred)), s), share))
		return f.ok(f.Mul(centred, f.ok(f.Rsqrt(f.ok(f.Add(variance, constant(f, s.DType, offset)))))))
	}, func(m, e []float64, own float64) float64 {
		centred := 2*e[0] + (terms+4)*roundoff*m[0]
		variance := 4*m[0]*centred + (terms+4)*roundoff*4*m[0]*m[0]
		steepest := 0.5 * math.Pow(offset, -1.5)
		return centred/math.Sqrt(offset) + 2*m[0]*steepest*variance + 8*roundoff*own
	}, x)
}

// graftGELU multiplies by the normal distribution, written with erf.
func graftGELU(g *growth, x int) {
	s := g.values[x].shape
	if s.DType != dtypes.Float32 {
		return
	}
	g.add(s, func(f *recorder, x []compute.Value) compute.Value {
		erf := f.ok(f.Erf(f.ok(f.Mul(x[0], constant(f, s.DType, math.Sqrt2/2)))))
		share := f.ok(f.Mul(f.ok(f.Add(erf, constant(f, s.DType, 1))), constant(f, s.DType, 0.5)))
		return f.ok(f.Mul(x[0], share))
	}, func(m, e []float64, _ float64) float64 { return 1.2*e[0] + 10*roundoff*max(m[0], 1) }, x)
}

// graftWhere chooses between a value and zero by a test that does not hang on roundings.
func graftWhere(g *growth, x int) {
	s := g.values[x].shape
	if s.IsScalar() {
		return
	}
	axis := g.r.IntN(s.Rank())
	g.moved(s, func(f *recorder, x []compute.Value) compute.Value {
		place := f.ok(f.Iota(withType(s, dtypes.Int32), axis))
		few := f.ok(f.LessThan(place, f.ok(f.Constant([]int32{3}))))
		zeros := f.ok(f.BroadcastInDim(constant(f, s.DType, 0), s, nil))
		return f.ok(f.Where(few, x[0], zeros))
	}, x)
}

func graftBarrier(g *growth, x int) {
	y := g.r.IntN(len(g.values))
	g.moved(g.values[x].shape, func(f *recorder, x []compute.Value) compute.Value {
		held, err := f.OptimizationBarrier(x[1], x[0])
		return f.ok(f.SchedulingBarrier(f.ok(held[1], err), x[1]))
	}, x, y)
}

func graftReverse(g *growth, x int) {
	s := g.values[x].shape
	axes := someAxes(g.r, s)
	g.moved(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Reverse(x[0], axes...)) }, x)
}

// places draws a column of places in an axis, some of them twice.
func (g *growth) places(count, size int) []int32 {
	list := make([]int32, count)
	for i := range list {
		list[i] = int32(g.r.IntN(size))
	}
	return list
}

// graftGather takes rows of a matrix or blocks of a larger value.
func graftGather(g *growth, x int) {
	s := g.values[x].shape
	if s.IsScalar() {
		return
	}
	out := shapes.Make(s.DType, s.Dimensions...)
	out.Dimensions[0] = 1 + g.r.IntN(9)
	rows := g.places(out.Dimensions[0], s.Dimensions[0])
	sizes := slices.Clone(s.Dimensions)
	sizes[0] = 1
	g.moved(out, func(f *recorder, x []compute.Value) compute.Value {
		indices := f.ok(f.Constant(rows, len(rows), 1))
		return f.ok(f.Gather(x[0], indices, 1, allAxes(s)[1:], []int{0}, []int{0}, sizes, false))
	}, x)
}

// graftScatter adds blocks to rows of a value made of zeros: the gradient of graftGather.
func graftScatter(g *growth, x int) {
	s := g.values[x].shape
	if s.IsScalar() {
		return
	}
	out := shapes.Make(s.DType, s.Dimensions...)
	out.Dimensions[0] = 1 + g.r.IntN(9)
	rows := g.places(s.Dimensions[0], out.Dimensions[0])
	g.add(out, func(f *recorder, x []compute.Value) compute.Value {
		zeros := f.ok(f.BroadcastInDim(constant(f, s.DType, 0), out, nil))
		indices := f.ok(f.Constant(rows, len(rows), 1))
		return f.ok(f.ScatterSum(zeros, indices, x[0], 1, allAxes(s)[1:], []int{0}, []int{0}, false, false))
	}, func(m, e []float64, own float64) float64 {
		terms := float64(len(rows))
		return terms * (e[0] + rounding(s.DType)*terms*m[0])
	}, x)
}
