package simd

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// grafts are the ways in which a random graph grows from a value.
var grafts = []func(g *growth, x int){
	graftUnary, graftUnary, graftBinary, graftBinary, graftBinary, graftConvert, graftReduce, graftReduceAndKeep, graftReshape,
	graftTranspose, graftSlice, graftConcatenate, graftPad, graftBroadcast, graftWhere, graftDot, graftDot, graftSoftmax,
	graftNorm, graftGELU, graftBarrier, graftReverse, graftGather, graftScatter,
}

// constant is a scalar of a type.
func constant(f *recorder, d dtypes.DType, x float64) compute.Value {
	return f.ok(f.Constant(random(shapes.Make(d), func() float64 { return x }).flat))
}

// slope bounds the error of a function by how fast it grows, plus so many roundings of the value.
func slope(d dtypes.DType, steepest, roundings float64) func(m, e []float64, own float64) float64 {
	return func(m, e []float64, own float64) float64 {
		return steepest*(e[0]+2*rounding(d)*m[0]) + roundings*rounding(d)*max(own, 1)
	}
}

// graftUnary applies a function, to arguments from which on it is not steep.
func graftUnary(g *growth, x int) {
	s := g.values[x].shape
	d := s.DType
	switch g.r.IntN(9) {
	case 0:
		g.moved(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Neg(x[0])) }, x)
	case 1:
		g.moved(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Abs(x[0])) }, x)
	case 2:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Tanh(x[0])) }, slope(d, 1, 10), x)
	case 3:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Erf(x[0])) }, slope(d, 1.2, 10), x)
	case 4:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Logistic(x[0])) }, slope(d, 1, 10), x)
	case 5:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Exp(f.ok(f.Min(x[0], constant(f, d, 2)))))
		}, slope(d, 8, 10), x)
	case 6:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Log(f.ok(f.Add(f.ok(f.Abs(x[0])), constant(f, d, 0.5)))))
		}, slope(d, 3, 10), x)
	case 7:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Sqrt(f.ok(f.Add(f.ok(f.Abs(x[0])), constant(f, d, 0.25)))))
		}, slope(d, 2, 10), x)
	case 8:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Rsqrt(f.ok(f.Add(f.ok(f.Mul(x[0], x[0])), constant(f, d, 1)))))
		}, slope(d, 2, 10), x)
	}
}

// partner draws a value that can be combined with another one, element by element.
func (g *growth) partner(x int) int {
	s := g.values[x].shape
	fits := func(y int) bool {
		t := g.values[y].shape
		if t.DType != s.DType || t.Rank() != s.Rank() && !t.IsScalar() && !s.IsScalar() {
			return false
		}
		for i := range min(s.Rank(), t.Rank()) {
			if a, b := s.Dimensions[i], t.Dimensions[i]; a != b && a != 1 && b != 1 {
				return false
			}
		}
		return true
	}
	return slices.DeleteFunc(g.shuffled(), func(y int) bool { return !fits(y) })[0]
}

func (g *growth) shuffled() []int { return g.r.Perm(len(g.values)) }

// joined is the shape of two values combined element by element.
func joined(s, t shapes.Shape) shapes.Shape {
	if s.IsScalar() {
		return t
	}
	if t.IsScalar() {
		return s
	}
	return broadcast(s, s, t)
}

func graftBinary(g *growth, x int) {
	y := g.partner(x)
	s := joined(g.values[x].shape, g.values[y].shape)
	u := rounding(s.DType)
	sum := func(_, e []float64, own float64) float64 { return e[0] + e[1] + u*own }
	switch g.r.IntN(6) {
	case 0:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Add(x[0], x[1])) }, sum, x, y)
	case 1:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Sub(x[0], x[1])) }, sum, x, y)
	case 2:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Mul(x[0], x[1])) },
			func(m, e []float64, own float64) float64 { return m[0]*e[1] + m[1]*e[0] + e[0]*e[1] + u*own }, x, y)
	case 3:
		g.moved(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Max(x[0], x[1])) }, x, y)
	case 4:
		g.moved(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Min(x[0], x[1])) }, x, y)
	case 5:
		g.add(s, func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Div(x[0], f.ok(f.Add(f.ok(f.Abs(x[1])), constant(f, s.DType, 1.5)))))
		}, func(m, e []float64, own float64) float64 {
			return e[0] + m[0]*(e[1]+u*(m[1]+1.5)) + u*own
		}, x, y)
	}
}

// graftConvert goes from Float32 to BFloat16 or back. Values that differ by little may be rounded to neighbours.
func graftConvert(g *growth, x int) {
	s := g.values[x].shape
	to := dtypes.BFloat16
	if s.DType == to {
		to = dtypes.Float32
	}
	g.add(withType(s, to), func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ConvertDType(x[0], to)) },
		func(_, e []float64, own float64) float64 {
			if to == dtypes.Float32 {
				return e[0]
			}
			return e[0] + 2*rounding(to)*own
		}, x)
}

// reduction of random axes: its shape, and how many values make one.
func (g *growth) reduction(s shapes.Shape) (out shapes.Shape, axes []int, terms float64) {
	axes = slices.Sorted(slices.Values(g.r.Perm(s.Rank())[:1+g.r.IntN(s.Rank())]))
	out, terms = shapes.Make(s.DType), 1
	for i, n := range s.Dimensions {
		if slices.Contains(axes, i) {
			terms *= float64(n)
		} else {
			out.Dimensions = append(out.Dimensions, n)
		}
	}
	return out, axes, terms
}

func graftReduce(g *growth, x int) {
	s := g.values[x].shape
	if s.IsScalar() {
		return
	}
	out, axes, terms := g.reduction(s)
	g.reduce(x, out, axes, terms)
}

// reduce adds up, takes the mean or finds an extreme value.
func (g *growth) reduce(x int, out shapes.Shape, axes []int, terms float64) int {
	u := rounding(out.DType)
	switch g.r.IntN(4) {
	case 0:
		return g.moved(out, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceMax(x[0], axes...)) }, x)
	case 1:
		return g.moved(out, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceMin(x[0], axes...)) }, x)
	case 2:
		return g.add(out, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceSum(x[0], axes...)) },
			func(m, e []float64, own float64) float64 { return terms*(e[0]+terms*roundoff*m[0]) + u*own }, x)
	default:
		return g.add(out, func(f *recorder, x []compute.Value) compute.Value {
			return f.ok(f.Mul(f.ok(f.ReduceSum(x[0], axes...)), constant(f, out.DType, 1/terms)))
		}, func(m, e []float64, own float64) float64 { return e[0] + terms*roundoff*m[0] + 4*u*max(own, m[0]) }, x)
	}
}

// graftReduceAndKeep reduces, leaves axes of size 1, and combines the result with what it came from.
func graftReduceAndKeep(g *growth, x int) {
	s := g.values[x].shape
	if s.IsScalar() {
		return
	}
	out, axes, terms := g.reduction(s)
	reduced := g.reduce(x, out, axes, terms)
	kept := shapes.Make(s.DType, s.Dimensions...)
	for _, axis := range axes {
		kept.Dimensions[axis] = 1
	}
	y := g.moved(kept, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Reshape(x[0], kept.Dimensions...)) }, reduced)
	u := rounding(s.DType)
	g.add(s, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Sub(x[0], x[1])) },
		func(_, e []float64, own float64) float64 { return e[0] + e[1] + u*own }, x, y)
}

func graftReshape(g *growth, x int) {
	s := g.values[x].shape
	var dims []int
	switch rest := s.Size(); g.r.IntN(3) {
	case 0:
		dims = []int{rest}
	case 1:
		dims = append([]int{1}, s.Dimensions...)
	case 2:
		for _, part := range []int{2, 3, 5} {
			if rest%part == 0 {
				dims = append(dims, part)
				rest /= part
			}
		}
		dims = append(dims, rest)
	}
	g.moved(shapes.Make(s.DType, dims...), func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Reshape(x[0], dims...)) }, x)
}

func graftTranspose(g *growth, x int) {
	s := g.values[x].shape
	permutation := g.r.Perm(s.Rank())
	out := shapes.Make(s.DType, s.Dimensions...)
	for i, axis := range permutation {
		out.Dimensions[i] = s.Dimensions[axis]
	}
	g.moved(out, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Transpose(x[0], permutation...)) }, x)
}

func graftSlice(g *growth, x int) {
	s := g.values[x].shape
	starts, limits, strides := make([]int, s.Rank()), make([]int, s.Rank()), make([]int, s.Rank())
	out := shapes.Make(s.DType, s.Dimensions...)
	for i, n := range s.Dimensions {
		limits[i], strides[i] = n, 1
		if g.r.IntN(2) == 0 {
			starts[i] = g.r.IntN(n)
			limits[i] = starts[i] + 1 + g.r.IntN(n-starts[i])
			strides[i] = 1 + g.r.IntN(2)
		}
		out.Dimensions[i] = (limits[i] - starts[i] + strides[i] - 1) / strides[i]
	}
	g.moved(out, func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Slice(x[0], starts, limits, strides))
	}, x)
}

// graftConcatenate puts a value beside itself and one of the same shape.
func graftConcatenate(g *growth, x int) {
	s := g.values[x].shape
	if s.IsScalar() {
		return
	}
	y := slices.DeleteFunc(g.shuffled(), func(y int) bool { return !g.values[y].shape.Equal(s) })[0]
	axis := g.r.IntN(s.Rank())
	out := shapes.Make(s.DType, s.Dimensions...)
	out.Dimensions[axis] *= 3
	g.moved(out, func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Concatenate(axis, x[0], x[1], x[0]))
	}, x, y)
}

func graftPad(g *growth, x int) {
	s := g.values[x].shape
	padding := make([]compute.PadAxis, s.Rank())
	out := shapes.Make(s.DType, s.Dimensions...)
	for i := range padding {
		padding[i] = compute.PadAxis{Start: g.r.IntN(2), End: g.r.IntN(3)}
		out.Dimensions[i] += padding[i].Start + padding[i].End
	}
	g.moved(out, func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Pad(x[0], constant(f, s.DType, 0.5), padding...))
	}, x)
}

// graftBroadcast repeats a value along a new axis, first or last.
func graftBroadcast(g *growth, x int) {
	s := g.values[x].shape
	n, last := 1+g.r.IntN(4), g.r.IntN(2)
	axes := make([]int, s.Rank())
	for i := range axes {
		axes[i] = i + 1 - last
	}
	out := shapes.Make(s.DType, slices.Insert(slices.Clone(s.Dimensions), s.Rank()*last, n)...)
	g.moved(out, func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.BroadcastInDim(x[0], out, axes)) }, x)
}
