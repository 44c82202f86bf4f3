// Runs a file that was read, in plain loops and double precision, checking types and shapes on the way.

package onnx

import (
	"math"
	"slices"
	"testing"
)

// array is the value of a name.
type array struct {
	kind  Type
	shape []int
	v     []float64
}

func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func zeros(kind Type, shape ...int) array { return array{kind, shape, make([]float64, count(shape))} }

// run computes the outputs for inputs. Every input must be as declared, every operand must have been computed before, names are given once.
func (f file) run(t *testing.T, inputs map[string]array) map[string]array {
	t.Helper()
	values := map[string]array{}
	give := func(name string, a array) {
		if _, twice := values[name]; twice || name == "" {
			t.Fatalf("%q is given twice", name)
		}
		values[name] = a
	}
	named := map[string]int{}
	for name, a := range f.constants {
		give(name, a)
	}
	for _, d := range f.inputs {
		d.check(t, inputs[d.name], named)
		give(d.name, inputs[d.name])
	}
	for _, n := range f.nodes {
		var operands []array
		for _, name := range n.inputs {
			a, ok := values[name]
			if !ok {
				t.Fatalf("%s %v: nothing has given %q", n.kind, n.outputs, name)
			}
			operands = append(operands, a)
		}
		results := n.run(t, f.opset, operands)
		if len(results) != len(n.outputs) {
			t.Fatalf("%s gives %d values for %v", n.kind, len(results), n.outputs)
		}
		for i, a := range results {
			if len(a.v) != count(a.shape) {
				t.Fatalf("%s %v: %d values of shape %v", n.kind, n.outputs, len(a.v), a.shape)
			}
			give(n.outputs[i], a)
		}
	}
	out := map[string]array{}
	for _, d := range f.outputs {
		d.check(t, values[d.name], named)
		out[d.name] = values[d.name]
	}
	return out
}

// check compares a value with what is declared of it. Dimensions of one name are of one size.
func (d declared) check(t *testing.T, a array, named map[string]int) {
	t.Helper()
	if int64(a.kind) != d.kind || len(a.shape) != len(d.shape) {
		t.Fatalf("%s is a %s %v, declared is %v", d.name, a.kind, a.shape, d)
	}
	for i, want := range d.shape {
		if name, free := want.(string); free {
			if n, seen := named[name]; !seen {
				named[name] = a.shape[i]
			} else if n != a.shape[i] {
				t.Fatalf("%s: %q is %d here and %d elsewhere", d.name, name, a.shape[i], n)
			}
		} else if want != a.shape[i] {
			t.Fatalf("%s is %v, declared is %v", d.name, a.shape, d.shape)
		}
	}
}

func (n operation) run(t *testing.T, opset int64, x []array) []array {
	t.Helper()
	same := func(a ...array) Type { // operands that must be of one type
		for _, b := range a {
			if b.kind != a[0].kind {
				t.Fatalf("%s %v: operands of types %s and %s", n.kind, n.outputs, a[0].kind, b.kind)
			}
		}
		return a[0].kind
	}
	switch n.kind {
	case "Identity":
		return x
	case "Cast":
		return []array{{Type(n.attributes["to"].(int64)), x[0].shape, x[0].v}}
	case "Add", "Mul", "Div":
		same(x...)
		return []array{elementwise(t, n.kind, x[0], x[1])}
	case "Erf", "Gelu":
		out := zeros(x[0].kind, x[0].shape...)
		for i, v := range x[0].v {
			if out.v[i] = math.Erf(v); n.kind == "Gelu" {
				out.v[i] = v / 2 * (1 + math.Erf(v/math.Sqrt2))
			}
		}
		if n.kind == "Gelu" && opset < 20 {
			t.Fatal("Gelu is younger than the set of operators")
		}
		return []array{out}
	case "MatMul":
		same(x...)
		return []array{product(t, x[0], x[1])}
	case "Conv":
		same(x...)
		return []array{convolution(t, n, x[0], x[1], x[2])}
	case "LayerNormalization":
		same(x...)
		return []array{normalised(x[0], x[1].v, x[2].v, n.attributes["epsilon"].(float64))}
	case "Softmax":
		return []array{softmax(x[0])}
	case "ReduceMean":
		axes, ok := n.attributes["axes"].([]int64)
		if ok == (opset >= 18) || n.attributes["keepdims"] != int64(0) {
			t.Fatalf("ReduceMean with %v in set %d", n.attributes, opset)
		}
		if !ok {
			axes = []int64{int64(x[1].v[0])}
		}
		return []array{meanOf(x[0], int(axes[0]))}
	case "Split":
		return split(x[0], int(n.attributes["axis"].(int64)), x[1].v)
	case "Concat":
		same(x...)
		return []array{concat(int(n.attributes["axis"].(int64)), x)}
	case "Reshape":
		return []array{reshape(t, x[0], x[1].v)}
	case "Transpose":
		return []array{transposed(x[0], n.attributes["perm"].([]int64))}
	case "Unsqueeze":
		if !slices.Equal(x[1].v, []float64{-1}) {
			t.Fatal(x[1].v)
		}
		return []array{{x[0].kind, append(slices.Clone(x[0].shape), 1), x[0].v}}
	case "Gather": // along axis 0
		return []array{rows(x[0].kind, x[0].v, x[0].shape[1:], x[1].shape, x[1].v, func(int) int { return 0 })}
	case "GatherND": // one index of axis 1, in each row of axis 0
		if n.attributes["batch_dims"] != int64(1) {
			t.Fatal(n.attributes)
		}
		each := x[1].shape[1]
		return []array{rows(x[0].kind, x[0].v, x[0].shape[2:], x[1].shape[:2], x[1].v, func(i int) int { return i / each * x[0].shape[1] })}
	case "Shape":
		if n.attributes["start"] != int64(1) || n.attributes["end"] != int64(2) {
			t.Fatal(n.attributes)
		}
		return []array{{Int64, []int{1}, []float64{float64(x[0].shape[1])}}}
	case "Slice": // the end of axis 1
		if x[3].v[0] != 1 || x[2].v[0] < math.MaxInt32 {
			t.Fatal(x[2:])
		}
		from := x[1].v[0]
		return split(x[0], 1, []float64{from, float64(x[0].shape[1]) - from})[1:]
	}
	t.Fatalf("operation %q is not among those that are promised", n.kind)
	return nil
}
