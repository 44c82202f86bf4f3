package ir

import (
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func f32(dims ...int) shapes.Shape  { return shapes.Make(dtypes.Float32, dims...) }
func bf16(dims ...int) shapes.Shape { return shapes.Make(dtypes.BFloat16, dims...) }

func convert(g *Graph, x *Node, d dtypes.DType) *Node {
	return g.Add(compute.OpTypeConvertDType, shapes.Make(d, x.Shape.Dimensions...), nil, x)
}

func TestEqualNodesAreRecordedOnceAndBarriersAreNot(t *testing.T) {
	g := New()
	x := g.Param("x", f32(3))
	if a, b := g.Add(compute.OpTypeExp, x.Shape, nil, x), g.Add(compute.OpTypeExp, x.Shape, nil, x); a != b {
		t.Error("two equal nodes were recorded")
	}
	if a, b := g.Add(compute.OpTypeSchedulingBarrier, x.Shape, nil, x), g.Add(compute.OpTypeSchedulingBarrier, x.Shape, nil, x); a == b {
		t.Error("two barriers became one")
	}
	safe := g.AddMany(compute.OpTypeOptimizationBarrier, []shapes.Shape{x.Shape}, nil, x)[0]
	if a, b := g.Add(compute.OpTypeExp, x.Shape, nil, x), g.Add(compute.OpTypeExp, x.Shape, nil, safe); a == b {
		t.Error("what lies behind a barrier was merged with what lies before it")
	}
}

func TestRoundingComesBeforeMovesAndWideningAfterThem(t *testing.T) {
	g := New()
	x := g.Param("x", f32(4, 6))
	reshaped := g.Add(compute.OpTypeReshape, f32(24), nil, x)
	rounded := convert(g, reshaped, dtypes.BFloat16)
	if rounded.Op != compute.OpTypeReshape || rounded.In[0].Op != compute.OpTypeConvertDType {
		t.Errorf("rounding a reshape gives %v of %v", rounded, rounded.In[0])
	}
	wide := convert(g, g.Param("y", bf16(4, 6)), dtypes.Float32)
	moved := g.Add(compute.OpTypeTranspose, f32(6, 4), Axes{1, 0}, wide)
	if moved.Op != compute.OpTypeConvertDType || moved.In[0].Op != compute.OpTypeTranspose {
		t.Errorf("transposing a widened value gives %v of %v", moved, moved.In[0])
	}
	if back := convert(g, moved, dtypes.BFloat16); back != moved.In[0] {
		t.Errorf("widening and rounding gives %v, want what it began with", back)
	}
	if narrow := convert(g, convert(g, x, dtypes.BFloat16), dtypes.Float32); narrow == x {
		t.Error("rounding was dropped")
	}
}

func TestTransposesJoinAndTurnProductsRound(t *testing.T) {
	g := New()
	x := g.Param("x", f32(2, 3, 4))
	once := g.Add(compute.OpTypeTranspose, f32(4, 2, 3), Axes{2, 0, 1}, x)
	if twice := g.Add(compute.OpTypeTranspose, f32(2, 3, 4), Axes{1, 2, 0}, once); twice != x {
		t.Errorf("a permutation and its inverse give %v, want the input", twice)
	}
	a, b := g.Param("a", f32(5, 7)), g.Param("b", f32(7, 9))
	product := g.Add(compute.OpTypeDotGeneral, f32(5, 9), Product{LeftContract: []int{1}, RightContract: []int{0}}, a, b)
	turned := g.Add(compute.OpTypeTranspose, f32(9, 5), Axes{1, 0}, product)
	if turned.Op != compute.OpTypeDotGeneral || turned.In[0] != b || turned.In[1] != a {
		t.Errorf("a transposed product is %v, want the product of the operands in the other order", turned)
	}
}

func TestSumOfPadsThatDoNotOverlapIsAConcatenation(t *testing.T) {
	for _, kind := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		g := New()
		zero := g.Const(f32(), make([]byte, 4))
		var parts []*Node
		pad := func(start, size int) *Node {
			x := g.Param("x", shapes.Make(kind, 2, size))
			parts = append(parts, x)
			return g.Add(compute.OpTypePad, f32(2, 9), Padding{{}, {Start: start, End: 9 - start - size}}, convert(g, x, dtypes.Float32), zero)
		}
		add := func(x, y *Node) *Node { return g.Add(compute.OpTypeAdd, f32(2, 9), nil, x, y) }
		sum := add(add(pad(4, 5), pad(0, 1)), pad(1, 3))
		if kind == dtypes.BFloat16 {
			sum = sum.In[0] // the parts are joined as they are and widened together
		}
		if want := []*Node{parts[1], parts[2], parts[0]}; sum.Op != compute.OpTypeConcatenate || !slices.Equal(sum.In, want) {
			t.Errorf("%s: the sum is %v, want a concatenation of %v", kind, sum, want)
		}
		if overlapping := add(add(pad(4, 5), pad(0, 2)), pad(1, 3)); overlapping.Op != compute.OpTypeAdd {
			t.Errorf("%s: a sum of values that overlap became %v", kind, overlapping)
		}
	}
}

func TestScatteredAxesOfAProductAreGathered(t *testing.T) {
	g := New()
	x, y := g.Param("x", f32(3, 5, 4)), g.Param("y", f32(5, 6))
	product := g.Add(compute.OpTypeDotGeneral, f32(3, 4, 6), Product{LeftContract: []int{1}, RightContract: []int{0}}, x, y)
	if product.In[0].Op != compute.OpTypeTranspose || product.In[1] != y {
		t.Errorf("operands %v and %v, want the first transposed", product.In[0], product.In[1])
	}
	if a := product.Attr.(Product); !slices.Equal(a.LeftContract, []int{2}) {
		t.Errorf("the product contracts axes %v, want [2]", a.LeftContract)
	}
}

func TestLiveLeavesOutWhatNoOutputNeeds(t *testing.T) {
	g := New()
	x, unused := g.Param("x", f32(2)), g.Param("unused", f32(2))
	y := g.Add(compute.OpTypeExp, x.Shape, nil, x)
	g.Add(compute.OpTypeSin, x.Shape, nil, x)
	g.Outputs = []*Node{y}
	if live := g.Live(); !slices.Equal(live, []*Node{x, unused, y}) {
		t.Errorf("live nodes %v, want the parameters and %v", live, y)
	}
}
