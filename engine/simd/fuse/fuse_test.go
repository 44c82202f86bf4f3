package fuse

import (
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

// recorder records graphs in few words.
type recorder struct{ *ir.Graph }

func record() recorder { return recorder{ir.New()} }

func f32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

func (r recorder) param(dims ...int) *ir.Node { return r.Param("p", f32(dims...)) }

func (r recorder) number(bits uint32) *ir.Node {
	return r.Const(f32(), []byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
}

// op is an element-wise op of operands that broadcast to the largest.
func (r recorder) op(op compute.OpType, in ...*ir.Node) *ir.Node {
	largest := slices.MaxFunc(in, func(a, b *ir.Node) int { return a.Shape.Size() - b.Shape.Size() })
	return r.Add(op, largest.Shape, nil, in...)
}

func (r recorder) reshape(x *ir.Node, dims ...int) *ir.Node {
	return r.Add(compute.OpTypeReshape, shapes.Make(x.Shape.DType, dims...), nil, x)
}

// sum adds along one axis of x.
func (r recorder) sum(x *ir.Node, axis int) *ir.Node {
	return r.Add(compute.OpTypeReduceSum, f32(slices.Delete(slices.Clone(x.Shape.Dimensions), axis, axis+1)...), ir.Axes{axis}, x)
}

// product is x [rows, k] times the transpose of w [columns, k].
func (r recorder) product(x, w *ir.Node) *ir.Node {
	shape := shapes.Make(x.Shape.DType, x.Shape.Dim(0), w.Shape.Dim(0))
	return r.Add(compute.OpTypeDotGeneral, shape, ir.Product{LeftContract: []int{1}, RightContract: []int{1}}, x, w)
}

// norm is a layer norm over the last axis of x [rows, columns].
func (r recorder) norm(x, scale, shift *ir.Node) *ir.Node {
	rows, columns := x.Shape.Dim(0), x.Shape.Dim(1)
	mean := func(x *ir.Node) *ir.Node {
		return r.reshape(r.op(compute.OpTypeMul, r.sum(x, 1), r.number(0x3c000000)), rows, 1)
	}
	centred := r.op(compute.OpTypeSub, x, mean(x))
	deviation := r.op(compute.OpTypeSqrt, r.op(compute.OpTypeAdd, mean(r.op(compute.OpTypeMul, centred, centred)), r.number(0x358637bd)))
	normal := r.op(compute.OpTypeDiv, centred, deviation)
	scaled := r.op(compute.OpTypeMul, normal, r.reshape(scale, 1, columns))
	return r.op(compute.OpTypeAdd, scaled, r.reshape(shift, 1, columns))
}

// gelu is x·(1+erf(x/√2))/2.
func (r recorder) gelu(x *ir.Node) *ir.Node {
	erf := r.op(compute.OpTypeErf, r.op(compute.OpTypeMul, x, r.number(0x3f3504f3)))
	return r.op(compute.OpTypeMul, r.op(compute.OpTypeMul, x, r.number(0x3f000000)), r.op(compute.OpTypeAdd, erf, r.number(0x3f800000)))
}

// cut gives the units of a graph with these outputs.
func (r recorder) cut(t *testing.T, outputs ...*ir.Node) []*Unit {
	t.Helper()
	r.Outputs = outputs
	return r.units(t)
}

func (r recorder) units(t *testing.T) []*Unit {
	t.Helper()
	units, _, err := Cut(r.Graph)
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// written lists what gets memory, unit by unit.
func written(units []*Unit) [][]*ir.Node {
	var list [][]*ir.Node
	for _, u := range units {
		list = append(list, u.Writes)
	}
	return list
}

func TestLayerNormIsOneLoopThatStoresItsResultOnly(t *testing.T) {
	r := record()
	y := r.norm(r.param(1568, 384), r.param(384), r.param(384))
	r.Outputs = []*ir.Node{y}
	units := r.units(t)
	if len(units) != 1 || units[0].Op != nil || !slices.Equal(units[0].Writes, r.Outputs) {
		t.Fatalf("units write %v, want one loop that writes %v", written(units), y)
	}
	if spec := units[0].Loop.Spec; !slices.Equal(spec.Rows, []int{1568}) || spec.Inner != 384 {
		t.Errorf("the loop runs over %v rows of %d, want 1568 of 384", spec.Rows, spec.Inner)
	}
}

func TestBiasAndGELURunOnTheProductsBlocks(t *testing.T) {
	r := record()
	x, w, bias := r.param(160, 384), r.param(1536, 384), r.param(1536)
	y := r.gelu(r.op(compute.OpTypeAdd, r.product(x, w), r.reshape(bias, 1, 1536)))
	r.Outputs = []*ir.Node{y}
	units := r.units(t)
	if len(units) != 1 || units[0].Op == nil || units[0].Loop == nil || !slices.Equal(units[0].Writes, r.Outputs) {
		t.Fatalf("units write %v, want one product that writes no more than %v", written(units), y)
	}
}

func TestResidualRunsOnTheBlocksAndTheNormAfterIt(t *testing.T) {
	r := record()
	residual := r.op(compute.OpTypeAdd, r.param(160, 384), r.product(r.param(160, 1536), r.param(384, 1536)))
	units := r.cut(t, residual, r.norm(residual, r.param(384), r.param(384)))
	if len(units) != 2 || !slices.Equal(units[0].Writes, []*ir.Node{residual}) || units[1].Op != nil {
		t.Errorf("units write %v, want a product that writes the sum, and a loop", written(units))
	}
}

func TestGradientOfGELUComputesErfAnew(t *testing.T) {
	r := record()
	z := r.product(r.param(160, 384), r.param(1536, 384))
	y := r.gelu(z)
	down := r.param(384, 1536)
	out := r.product(y, down)
	// Backward: the gradient of y is a product that depends on out, times erf's part of the derivative.
	transposed := r.Add(compute.OpTypeTranspose, f32(1536, 384), ir.Axes{1, 0}, down)
	erf := r.op(compute.OpTypeErf, r.op(compute.OpTypeMul, z, r.number(0x3f3504f3)))
	gradient := r.op(compute.OpTypeMul, r.product(out, transposed), erf)
	units := r.cut(t, gradient)
	for _, u := range units {
		if slices.Contains(u.Writes, erf) {
			t.Errorf("erf is stored, though it can be computed from the product's value, which is: %v", written(units))
		}
	}
	if len(units) != 3 || !slices.Equal(units[0].Writes, []*ir.Node{z, y}) {
		t.Errorf("units write %v, want three products, the first of which writes %v and %v", written(units), z, y)
	}
}

func TestAttentionsGradientIsWrittenSideBySide(t *testing.T) {
	r := record()
	attention := ir.Attention{Layout: compute.AttentionAxesLayoutBSHD, Scale: 0.125}
	qkv := r.param(1, 160, 3, 6, 64)
	var parts []*ir.Node
	for i := range 3 {
		cut := ir.Range{Starts: []int{0, 0, i, 0, 0}, Limits: []int{1, 160, i + 1, 6, 64}, Strides: []int{1, 1, 1, 1, 1}}
		parts = append(parts, r.reshape(r.Add(compute.OpTypeSlice, f32(1, 160, 1, 6, 64), cut, qkv), 1, 160, 6, 64))
	}
	forward := r.AddMany(compute.OpTypeFusedScaledDotProductAttention, []shapes.Shape{f32(1, 160, 6, 64), f32(1, 6, 160)}, attention, parts...)
	in := append(append(slices.Clone(parts), forward...), r.param(1, 160, 6, 64))
	backward := r.AddMany(compute.OpTypeFusedScaledDotProductAttentionVJP, slices.Repeat([]shapes.Shape{f32(1, 160, 6, 64)}, 3), attention, in...)
	zero := r.number(0)
	var sum *ir.Node
	for i, gradient := range backward {
		padding := ir.Padding{{}, {}, {Start: i, End: 2 - i}, {}, {}}
		padded := r.Add(compute.OpTypePad, qkv.Shape, padding, r.reshape(gradient, 1, 160, 1, 6, 64), zero)
		if sum == nil {
			sum = padded
		} else {
			sum = r.op(compute.OpTypeAdd, sum, padded)
		}
	}
	units := r.cut(t, sum)
	if len(units) != 2 {
		t.Fatalf("units write %v, want attention and its gradient only", written(units))
	}
	for i, place := range units[1].Places {
		if place.Node != sum || place.Offset != i*384 || place.Strides[1] != 3*384 {
			t.Errorf("gradient %d goes to offset %d of %v with strides %v", i, place.Offset, place.Node, place.Strides)
		}
	}
	for i, v := range units[0].Operands {
		if v.Node != qkv || v.Offset != i*384 || v.Strides[1] != 3*384 {
			t.Errorf("operand %d is read at offset %d of %v with strides %v", i, v.Offset, v.Node, v.Strides)
		}
	}
}

func TestUpdateOfAWeightIsOneLoop(t *testing.T) {
	r := record()
	w, m, v, g, rate := r.param(384, 1536), r.param(384, 1536), r.param(384, 1536), r.param(384, 1536), r.param()
	mean := r.op(compute.OpTypeAdd, r.op(compute.OpTypeMul, m, r.number(0x3f666666)), r.op(compute.OpTypeMul, g, r.number(0x3dcccccd)))
	square := r.op(compute.OpTypeAdd, r.op(compute.OpTypeMul, v, r.number(0x3f733333)), r.op(compute.OpTypeMul, r.op(compute.OpTypeMul, g, g), r.number(0x3d4ccccd)))
	step := r.op(compute.OpTypeDiv, r.op(compute.OpTypeMul, rate, mean), r.op(compute.OpTypeAdd, r.op(compute.OpTypeSqrt, square), r.number(0x322bcc77)))
	units := r.cut(t, r.op(compute.OpTypeSub, w, step), mean, square)
	if len(units) != 1 || len(units[0].Writes) != 3 {
		t.Errorf("units write %v, want one loop that writes three values", written(units))
	}
}

func TestGradientsOfANormAreOneLoop(t *testing.T) {
	r := record()
	gradient := r.product(r.param(160, 1536), r.param(384, 1536))
	x, scale := r.param(160, 384), r.param(384)
	byScale := r.sum(r.op(compute.OpTypeMul, gradient, x), 0)
	byShift := r.sum(gradient, 0)
	scaled := r.op(compute.OpTypeMul, gradient, r.reshape(scale, 1, 384))
	byX := r.op(compute.OpTypeSub, scaled, r.reshape(r.sum(scaled, 1), 160, 1))
	units := r.cut(t, byScale, byShift, byX)
	if len(units) != 2 || units[1].Op != nil {
		t.Errorf("units write %v, want a product and one loop", written(units))
	}
}

func TestUnitsAreInAnOrderThatRuns(t *testing.T) {
	r := record()
	x := r.param(64, 64)
	for range 6 {
		x = r.op(compute.OpTypeAdd, x, r.product(r.norm(x, r.param(64), r.param(64)), r.param(64, 64)))
		safe := r.AddMany(compute.OpTypeOptimizationBarrier, []shapes.Shape{x.Shape}, nil, x)
		x = r.Add(compute.OpTypeSchedulingBarrier, x.Shape, nil, safe[0], r.sum(safe[0], 1))
	}
	known := map[*ir.Node]bool{}
	units := r.cut(t, x)
	for i, u := range units {
		for _, v := range u.Operands {
			if !given(v.Node) && !known[v.Node] {
				t.Errorf("unit %d reads %v before it is written", i, v.Node)
			}
		}
		if u.Loop != nil {
			for _, b := range u.Loop.Bind {
				if !b.Write && !given(b.Node) && !known[b.Node] && b.Node != u.Op {
					t.Errorf("unit %d reads %v before it is written", i, b.Node)
				}
			}
		}
		for _, n := range u.Writes {
			known[n] = true
		}
	}
}

// The update of a weight and its moments is one loop, though the squared gradient begins in the loop for its norm.
func TestUpdateIsOneLoop(t *testing.T) {
	r := record()
	const rows, columns = 192, 384
	w, m, v, g := r.param(rows, columns), r.param(rows, columns), r.param(rows, columns), r.param(rows, columns)
	spread := func(x *ir.Node) *ir.Node {
		return r.Add(compute.OpTypeBroadcastInDim, f32(rows, columns), ir.Axes{}, x)
	}
	square := r.op(compute.OpTypeMul, g, g)
	norm := r.sum(r.sum(square, 1), 0)
	second := r.op(compute.OpTypeAdd, r.op(compute.OpTypeMul, v, r.number(0x3f733333)), r.op(compute.OpTypeMul, square, r.number(0x3d4ccccd)))
	root := r.op(compute.OpTypeDiv, r.op(compute.OpTypeSqrt, second), spread(norm))
	first := r.op(compute.OpTypeAdd, r.op(compute.OpTypeMul, m, r.number(0x3f666666)), r.op(compute.OpTypeMul, g, r.number(0x3dcccccd)))
	updated := r.op(compute.OpTypeSub, w, r.op(compute.OpTypeDiv, first, root))
	finite := r.Add(compute.OpTypeIsFinite, shapes.Make(dtypes.Bool), nil, norm)
	unless := func(next, old *ir.Node) *ir.Node {
		return r.Add(compute.OpTypeWhere, f32(rows, columns), nil, finite, next, old)
	}
	units := r.cut(t, unless(updated, w), unless(first, m), unless(second, v), norm)
	if last := units[len(units)-1]; len(last.Writes) != 3 || slices.Contains(last.Writes, norm) {
		t.Errorf("units write %v, want the norm and what follows from it, then one loop for all else", written(units))
	}
}
