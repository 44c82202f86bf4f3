package onnx

import (
	"encoding/binary"
	"fmt"
	"strings"

	"videomae/weights"
)

// Value is an input or an output of a model.
type Value struct {
	Name  string `json:"name"`
	Type  Type   `json:"type"`
	Shape []Dim  `json:"shape"`
	About string `json:"about"`
}

// Dim is a dimension: a size, or the name of one that each call chooses.
type Dim struct {
	Size int
	Name string
}

func (d Dim) String() string {
	if d.Name != "" {
		return d.Name
	}
	return fmt.Sprint(d.Size)
}

// MarshalText gives the size or the name.
func (d Dim) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// node is an operation.
type node struct {
	kind            string
	inputs, outputs []string
	attributes      []attribute
}

// attribute is a setting of an operation: a float32, an int or a list of ints.
type attribute struct {
	name  string
	value any
}

// constant is a tensor that is part of the file.
type constant struct {
	name  string
	kind  Type
	shape []int
	data  func() ([]byte, error) // its values, made when they are written
}

func (c constant) size() int64 {
	n := int64(c.kind.size())
	for _, d := range c.shape {
		n *= int64(d)
	}
	return n
}

// graph is a model's operations in the order in which they run, and the constants that they read.
type graph struct {
	opset     int
	half      bool // matrix products in Half
	nodes     []node
	constants []constant
	known     map[string]bool // names of the constants
	taken     map[string]int  // how often a name was asked for
	missing   []string        // weights that were asked for and are not there
}

// Weights gives the values of a tensor of a model, by its official name, when they are written.
type Weights func(name string) ([]float32, error)

// scope is a part of a model: its weights, and the operations on them, have names that begin with the prefix.
type scope struct {
	*graph
	prefix string
	values Weights
	shapes map[string][]int // of the weights, by their whole names
}

// in narrows a scope.
func (s scope) in(prefix string) scope {
	s.prefix += prefix
	return s
}

// op adds an operation and gives the name of its output.
func (s scope) op(kind string, attributes []attribute, inputs ...string) string {
	return s.ops(kind, 1, attributes, inputs...)[0]
}

// ops adds an operation with several outputs.
func (s scope) ops(kind string, outputs int, attributes []attribute, inputs ...string) []string {
	names := make([]string, outputs)
	for i := range names {
		names[i] = s.unique(s.prefix + kind)
	}
	s.nodes = append(s.nodes, node{kind, inputs, names, attributes})
	return names
}

// output names the value of x as one of the model's outputs.
func (s scope) output(x, name string) {
	s.nodes = append(s.nodes, node{kind: "Identity", inputs: []string{x}, outputs: []string{name}})
}

func (g *graph) unique(name string) string {
	g.taken[name]++
	if n := g.taken[name]; n > 1 {
		return fmt.Sprintf("%s_%d", name, n)
	}
	return name
}

// constant adds a tensor, unless it is there, and gives its name.
func (g *graph) constant(c constant) string {
	if !g.known[c.name] {
		g.known[c.name] = true
		g.constants = append(g.constants, c)
	}
	return c.name
}

// ints adds a list of numbers, such as a shape.
func (g *graph) ints(values ...int) string {
	name := "ints" + strings.ReplaceAll(strings.Trim(fmt.Sprint(values), "[]"), " ", ",")
	return g.constant(constant{name, Int64, []int{len(values)}, func() ([]byte, error) {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return b, nil
	}})
}

// scalar adds a number of the type of products.
func (g *graph) scalar(v float32) string {
	return g.floats(fmt.Sprint("number", v), g.product(), nil, func() ([]float32, error) { return []float32{v}, nil })
}

// product is the type of the operands of matrix products.
func (g *graph) product() Type {
	if g.half {
		return Half
	}
	return Float
}

// floats adds a tensor of floating-point values.
func (g *graph) floats(name string, kind Type, shape []int, values func() ([]float32, error)) string {
	return g.constant(constant{name, kind, shape, func() ([]byte, error) {
		v, err := values()
		if err != nil {
			return nil, err
		}
		t, err := weights.FromFloat32s(name, shape, v)
		if err == nil && kind == Half {
			t, err = t.As(weights.F16)
		}
		return t.Data, err
	}})
}

// shape is that of a weight.
func (s scope) shape(name string) []int {
	shape, ok := s.shapes[s.prefix+name]
	if !ok {
		s.missing = append(s.missing, s.prefix+name)
	}
	return shape
}

// get is how the values of a weight are read.
func (s scope) get(name string) func() ([]float32, error) {
	name = s.prefix + name
	return func() ([]float32, error) { return s.values(name) }
}

// tensor adds a weight as it is.
func (s scope) tensor(name string, kind Type) string {
	return s.floats(s.prefix+name, kind, s.shape(name), s.get(name))
}

// matrix adds the transpose of a weight [out, in].
func (s scope) matrix(name string) string {
	shape, values := s.shape(name), s.get(name)
	if len(shape) != 2 {
		return ""
	}
	out, in := shape[0], shape[1]
	return s.floats(s.prefix+name+".transposed", s.product(), []int{in, out}, func() ([]float32, error) {
		v, err := values()
		if err != nil {
			return nil, err
		}
		return transpose(v, out, in), nil
	})
}

// transpose turns rows x columns values into columns x rows, in tiles that stay in the cache.
func transpose(v []float32, rows, columns int) []float32 {
	const tile = 32
	t := make([]float32, len(v))
	for r0 := 0; r0 < rows; r0 += tile {
		for c0 := 0; c0 < columns; c0 += tile {
			for r := r0; r < min(r0+tile, rows); r++ {
				for c := c0; c < min(c0+tile, columns); c++ {
					t[c*rows+r] = v[r*columns+c]
				}
			}
		}
	}
	return t
}
