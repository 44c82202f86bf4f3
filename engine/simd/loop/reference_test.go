package loop

import (
	"math"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

// number is a value in float64, and how far from it a float32 program may come.
type number struct{ v, e float64 }

// unknown is a value that errors may have turned into anything.
var unknown = number{e: math.Inf(1)}

// reference interprets a Spec in the plainest way: each value at every position of the space.
type reference struct {
	*Spec
	rows   int
	values [][]number
}

// interpret returns what each written operand should hold: a number for each of its elements, rows first.
func interpret(s *Spec, tensors []*tensor) map[int][]number {
	r := &reference{Spec: s, rows: 1, values: make([][]number, len(s.Nodes))}
	for _, d := range s.Rows {
		r.rows *= d
	}
	results := map[int][]number{}
	classes, _ := classify(s)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		switch n.Op {
		case Store:
			results[n.Operand] = r.elements(s.Operands[n.Operand].Class, r.values[n.In[0]])
		case ReduceCol:
			results[n.Operand] = r.reduceCol(n, classes[n.In[0]])
		default:
			r.values[i] = make([]number, r.rows*s.Inner)
			for at := range r.values[i] {
				r.values[i][at] = r.at(n, at, tensors)
			}
		}
	}
	return results
}

// at computes one position of a node's value.
func (r *reference) at(n *Node, at int, tensors []*tensor) number {
	in := func(i int) number { return r.values[n.In[i]][at] }
	row, col := at/r.Inner, at%r.Inner
	switch n.Op {
	case Load:
		return number{v: tensors[n.Operand].get(row, col)}
	case Const:
		return number{v: float64(n.Const)}
	case Unary:
		x := in(0)
		if x.e > 1 && (n.Unary == vec.Sin || n.Unary == vec.Cos) {
			return unknown
		}
		y := probe(func(x, _ float64) float64 { return unaryReference(n.Unary, x) }, x, number{})
		if n.Unary == vec.GELU || n.Unary == vec.GELUGrad { // stated as absolute errors
			y.e += 3e-7 * (1 + math.Abs(x.v))
		}
		return y.checked()
	case Binary:
		x, y := in(0), in(1)
		if n.Binary == vec.Rem && jumps(x, y) || n.Binary == vec.Atan2 && math.Abs(x.v) <= x.e {
			return unknown
		}
		return probe(func(x, y float64) float64 { return binaryReference(n.Binary, x, y) }, x, y)
	case Round:
		return probe(func(x, _ float64) float64 { return convert(dtypes.BFloat16, x) }, in(0), number{})
	case Where:
		return choice(in(0), in(1), in(2))
	case ReduceRow:
		return reduceReference(n.Reduce, r.values[n.In[0]][row*r.Inner:(row+1)*r.Inner], 1)
	}
	line := r.values[n.In[0]][row*r.Inner : (row+1)*r.Inner]
	return reduceReference(n.Reduce, line[col%r.Period:], r.Period)
}

// elements picks the numbers of an operand from a value at all positions.
func (r *reference) elements(c Class, value []number) []number {
	n, width := 1, r.width(c)
	if c.hasRows() {
		n = r.rows
	}
	if len(value) == 0 {
		return nil
	}
	var list []number
	for row := range n {
		list = append(list, value[row*r.Inner:][:width]...)
	}
	return list
}

func (r *reference) reduceCol(n *Node, c Class) []number {
	x, o := r.values[n.In[0]], r.Operands[n.Operand].Class
	if o == Scalar {
		stride := 1
		if c.inner() == 0 {
			stride = r.Inner
		}
		return []number{reduceReference(n.Reduce, x, stride)}
	}
	list := make([]number, r.width(o))
	for j := range list {
		list[j] = reduceReference(n.Reduce, x[min(j, len(x)):], r.Inner)
	}
	return list
}

// reduceReference combines the numbers that lie a stride apart.
func reduceReference(reduce Reduction, list []number, stride int) number {
	total := number{v: reduce.identity()}
	high, partial := 1.0, 1.0
	for i := 0; i < len(list); i += stride {
		x := list[i]
		switch reduce {
		case Sum:
			total = number{total.v + x.v, total.e + x.e + 2e-6*math.Abs(x.v)}
		case Product:
			high *= (math.Abs(x.v) + x.e) * (1 + 1e-6)
			partial *= max(math.Abs(x.v), 1)
			total = number{total.v * x.v, math.Abs(high-math.Abs(total.v*x.v)) + 1e-30}
		case Max:
			total = number{math.Max(total.v, x.v), max(total.e, x.e)}
		case Min:
			total = number{math.Min(total.v, x.v), max(total.e, x.e)}
		}
	}
	if partial > 1e37 { // the product of some of them may overflow
		total.e = math.Inf(1)
	}
	return total.checked()
}

// checked gives up on what a float32 might not hold.
func (n number) checked() number {
	if math.Abs(n.v) > 1e37 || math.IsNaN(n.v) || math.IsNaN(n.e) {
		n.e = math.Inf(1)
	}
	return n
}

// probe computes a function of two numbers, and its error from its values at the ends of theirs, where they may be 0 and where
// they may be equal.
func probe(f func(x, y float64) float64, x, y number) number {
	v := f(x.v, y.v)
	e := 0.0
	at := func(x, y float64) { e = math.Max(e, math.Abs(f(x, y)-v)) }
	for _, dx := range ends(x) {
		for _, dy := range ends(y) {
			at(dx, dy)
		}
	}
	if math.Abs(x.v-y.v) <= x.e+y.e {
		at(x.v, x.v)
	}
	if math.IsInf(x.e+y.e, 1) {
		e = math.Inf(1)
	}
	if v != 0 && v != 1 {
		e += 2e-6*math.Abs(v) + 1e-30
	}
	return number{v, e}.checked()
}

func ends(x number) []float64 {
	list := []float64{x.v - x.e, x.v, x.v + x.e}
	if math.Abs(x.v) <= x.e {
		list = append(list, 0)
	}
	return list
}

// jumps reports whether the errors of x and y are too large for their remainder to be known.
func jumps(x, y number) bool { return !(8*(x.e+math.Abs(x.v/y.v)*y.e) < math.Abs(y.v)) }

func choice(mask, x, y number) number {
	if mask.v == 0 {
		x, y = y, x
	}
	if math.Abs(mask.v) <= mask.e && mask.e > 0 {
		return number{x.v, math.Abs(x.v-y.v) + x.e + y.e}.checked()
	}
	return x
}
