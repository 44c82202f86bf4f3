// Function: what the ops of a computation are recorded through. The ops are in the files function_*.go.

package simd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/plan"
)

// Function is a computation's main function. An op that it lacks answers compute.ErrNotImplemented with its name.
type Function struct {
	notimplemented.Function
	builder  *Builder
	graph    *ir.Graph
	returned bool
}

var _ compute.Function = (*Function)(nil)

// value is what callers hold of a recorded node.
type value struct {
	node  *ir.Node
	owner *Function
}

// Name implements compute.Function.
func (f *Function) Name() string { return compute.MainName }

// Builder implements compute.Function.
func (f *Function) Builder() compute.Builder { return f.builder }

// Parent implements compute.Function: the main function has none.
func (f *Function) Parent() compute.Function { return nil }

// Closure is refused: no op takes one.
func (f *Function) Closure() (compute.Function, error) {
	return nil, fmt.Errorf("simd: closures: %w", compute.ErrNotImplemented)
}

// Shape implements compute.Function.
func (f *Function) Shape(v compute.Value) (shapes.Shape, error) {
	n, err := f.node(v)
	if err != nil {
		return shapes.Invalid(), fmt.Errorf("simd: shape of a value: %w", err)
	}
	return n.Shape, nil
}

// Parameter records an input of the computation.
func (f *Function) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	if err := f.checkOpen(); err != nil {
		return nil, fmt.Errorf("simd: parameter %q: %w", name, err)
	}
	if sharding != nil {
		return nil, fmt.Errorf("simd: parameter %q in parts on several devices: %w", name, compute.ErrNotImplemented)
	}
	if err := checkShape(shape); err != nil {
		return nil, fmt.Errorf("simd: parameter %q: %w", name, err)
	}
	return value{f.graph.Param(name, plain(shape)), f}, nil
}

// Constant records a value known in advance. The values are copied.
func (f *Function) Constant(flat any, dims ...int) (compute.Value, error) {
	if err := f.checkOpen(); err != nil {
		return nil, fmt.Errorf("simd: constant: %w", err)
	}
	dtype, data, err := flatBytes(flat)
	if err != nil {
		return nil, fmt.Errorf("simd: constant: %w", err)
	}
	shape := shapes.Shape{DType: dtype, Dimensions: slices.Clone(dims)}
	if err := checkShape(shape); err != nil {
		return nil, fmt.Errorf("simd: constant: %w", err)
	}
	if len(data) != ir.Bytes(shape) {
		return nil, fmt.Errorf("simd: constant %s is given %d bytes, not %d", shape, len(data), ir.Bytes(shape))
	}
	block := plan.Aligned(len(data))
	copy(block, data)
	return value{f.graph.Const(shape, block), f}, nil
}

// Return sets the outputs and ends the function.
func (f *Function) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	if err := f.checkOpen(); err != nil {
		return fmt.Errorf("simd: return: %w", err)
	}
	if len(outputs) == 0 {
		return errors.New("simd: return: there must be an output")
	}
	if slices.ContainsFunc(shardings, func(s *compute.ShardingSpec) bool { return s != nil }) {
		return fmt.Errorf("simd: outputs in parts on several devices: %w", compute.ErrNotImplemented)
	}
	nodes, err := f.nodes(outputs)
	if err != nil {
		return fmt.Errorf("simd: return: %w", err)
	}
	f.graph.Outputs = nodes
	f.returned = true
	return nil
}

func (f *Function) checkOpen() error {
	if f.returned {
		return fmt.Errorf("the function of computation %q has returned: nothing can be added to it", f.builder.name)
	}
	return nil
}

// node checks that a value is one of this function's.
func (f *Function) node(v compute.Value) (*ir.Node, error) {
	known, ok := v.(value)
	switch {
	case v == nil:
		return nil, errors.New("the value is nil")
	case !ok:
		return nil, fmt.Errorf("the value is of another backend (%T)", v)
	case known.owner != f:
		return nil, fmt.Errorf("the value is of another computation (%q), not of %q", known.owner.builder.name, f.builder.name)
	}
	return known.node, nil
}

func (f *Function) nodes(values []compute.Value) ([]*ir.Node, error) {
	nodes := make([]*ir.Node, len(values))
	for i, v := range values {
		n, err := f.node(v)
		if err != nil {
			return nil, fmt.Errorf("operand %d: %w", i, err)
		}
		nodes[i] = n
	}
	return nodes, nil
}

// inference finds the shape of an op's value and the op's parameters as the graph keeps them (ir/attributes.go) from the
// shapes of its operands.
type inference func(in []shapes.Shape) (out shapes.Shape, attr any, err error)

// record adds an op with one result.
func (f *Function) record(op compute.OpType, infer inference, operands ...compute.Value) (compute.Value, error) {
	nodes, err := f.operands(op, operands)
	if err != nil {
		return nil, err
	}
	in := make([]shapes.Shape, len(nodes))
	for i, n := range nodes {
		in[i] = n.Shape
	}
	out, attr, err := infer(in)
	if err == nil {
		err = checkShape(out)
	}
	if err != nil {
		return nil, fmt.Errorf("simd: %s: %w", op, err)
	}
	return value{f.graph.Add(op, plain(out), attr, nodes...), f}, nil
}

// operands checks that ops can be recorded, and the operands of one.
func (f *Function) operands(op compute.OpType, values []compute.Value) ([]*ir.Node, error) {
	if err := f.checkOpen(); err != nil {
		return nil, fmt.Errorf("simd: %s: %w", op, err)
	}
	nodes, err := f.nodes(values)
	if err != nil {
		return nil, fmt.Errorf("simd: %s: %w", op, err)
	}
	return nodes, nil
}

// values wraps the results of an op with several.
func (f *Function) values(nodes []*ir.Node) []compute.Value {
	list := make([]compute.Value, len(nodes))
	for i, n := range nodes {
		list[i] = value{n, f}
	}
	return list
}
