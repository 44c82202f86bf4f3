package loop

import (
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/vec"
)

func TestCost(t *testing.T) {
	made, err := New(vec.For(isa.Portable), 1, gelu(10, 100))
	if err != nil {
		t.Fatal(err)
	}
	// x+b, x*c, erf, x/2, erf+1, the product
	if want := (Cost{Elements: 1000, Passes: 6, Bytes: 4 * (1000 + 100 + 1000)}); made.Cost() != want {
		t.Errorf("cost %+v, want %+v", made.Cost(), want)
	}
}

func TestMalformedSpecs(t *testing.T) {
	full := Operand{Type: f32, Class: Full}
	load := Node{Op: Load}
	for _, c := range []struct {
		want string
		spec Spec
	}{
		{"dimension 1 of the rows is -2", Spec{Rows: []int{1, -2}}},
		{"inner is -1", Spec{Inner: -1}},
		{"period of 3 does not divide the 10", Spec{Inner: 10, Period: 3}},
		{"operand 0: type Complex64", Spec{Operands: []Operand{{Type: dtypes.Complex64}}}},
		{"operand 0: class 3", Spec{Operands: []Operand{{Type: f32, Class: 3}}}},
		{"a tile needs a period", Spec{Operands: []Operand{{Type: f32, Class: Tile}}}},
		{"strides of a class", Spec{Rows: []int{2}, Operands: []Operand{{Type: f32, Class: Col, Strides: []int{0}}}}},
		{"2 strides for 1", Spec{Rows: []int{2}, Operands: []Operand{{Type: f32, Class: Full, Strides: []int{1, 1}}}}},
		{"stride 0 is -1", Spec{Rows: []int{2}, Operands: []Operand{{Type: f32, Class: Full, Strides: []int{-1}}}}},
		{"node 0: operation 77", Spec{Nodes: []Node{{Op: 77}}}},
		{"node 0: Load of operand 1 of 1", Spec{Operands: []Operand{full}, Nodes: []Node{{Op: Load, Operand: 1}}}},
		{"node 1: Unary reads node 1", Spec{Operands: []Operand{full}, Nodes: []Node{load, {Op: Unary, In: [3]Value{1}}}}},
		{"function of one number", Spec{Operands: []Operand{full}, Nodes: []Node{load, {Op: Unary, Unary: 99}}}},
		{"function of two numbers", Spec{Operands: []Operand{full}, Nodes: []Node{load, {Op: Binary, Binary: 99}}}},
		{"reduction 9", Spec{Operands: []Operand{full}, Nodes: []Node{load, {Op: ReduceRow, Reduce: 9}}}},
		{"there is no period", Spec{Operands: []Operand{full}, Nodes: []Node{load, {Op: ReduceTile}}}},
		{"has no value", Spec{Operands: []Operand{full, full}, Nodes: []Node{load, {Op: Store, Operand: 1}, {Op: Unary, In: [3]Value{1}}}}},
		{"written by an earlier node", Spec{Operands: []Operand{full, full}, Nodes: []Node{load, {Op: Store, Operand: 1}, {Op: Store, Operand: 1}}}},
		{"class Full does not fit into operand 1 of class Row", Spec{Operands: []Operand{full, {Type: f32, Class: Row}}, Nodes: []Node{load, {Op: Store, Operand: 1}}}},
		{"written 2 times", Spec{Inner: 1, Rows: []int{2}, Operands: []Operand{full, {Type: f32, Class: Full, Strides: []int{0}}}, Nodes: []Node{load, {Op: Store, Operand: 1}}}},
		{"cannot be reduced", Spec{Operands: []Operand{full, full}, Nodes: []Node{load, {Op: ReduceCol, Operand: 1}}}},
		{"class Full and type Float32", Spec{Operands: []Operand{{Type: bf16, Class: Full, Block: true}}}},
		{"only store operands of class Full", Spec{Operands: []Operand{{Type: f32, Class: Full, Block: true}, {Type: f32}}, Nodes: []Node{load, {Op: ReduceCol, Operand: 1}}}},
		{"must not reduce rows", Spec{Operands: []Operand{{Type: f32, Class: Full, Block: true}}, Nodes: []Node{load, {Op: ReduceRow}}}},
	} {
		if _, err := New(vec.For(isa.Portable), 1, c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error with %q", err, c.want)
		}
	}
}
