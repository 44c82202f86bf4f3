// Package ir holds a computation as a graph of nodes: what the backend's builder records and the planner reads.
//
// Nodes are recorded in an order in which inputs come first. Equal nodes are recorded once, and rewrites that always pay (rewrite.go)
// happen as nodes are added, so that the graph is small before anything looks at it as a whole.
package ir

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// OpResult is the op of nodes that stand for one result of a node with several. Attr is the result's number.
const OpResult = compute.OpType(10_000)

// Node is one op and its value.
type Node struct {
	ID    int // place in Graph.Nodes
	Op    compute.OpType
	In    []*Node
	Attr  any          // the op's parameters, of the type given in attributes.go; nil for an op without
	Shape shapes.Shape // of the value; that of a node with several results is its first one's

	Results []shapes.Shape // of a node with several results, each of which an OpResult node stands for
}

// Graph is one computation.
type Graph struct {
	Nodes   []*Node
	Params  []*Node // in the order of their Attr, a Parameter
	Outputs []*Node

	known map[string]*Node
}

// New gives an empty graph.
func New() *Graph { return &Graph{known: map[string]*Node{}} }

// Param adds an input of the computation.
func (g *Graph) Param(name string, shape shapes.Shape) *Node {
	n := g.record(&Node{Op: compute.OpTypeParameter, Shape: shape, Attr: Parameter{Name: name, Index: len(g.Params)}})
	g.Params = append(g.Params, n)
	return n
}

// Const adds a value known in advance, in row-major order. The data is kept, not copied.
func (g *Graph) Const(shape shapes.Shape, data []byte) *Node {
	const small = 64 // bytes; large constants are not compared
	n := &Node{Op: compute.OpTypeConstant, Shape: shape, Attr: Constant{Data: data}}
	if len(data) > small {
		return g.record(n)
	}
	return g.unique(n, fmt.Sprintf("const %s %x", shape, data))
}

// Add records an op with one result, or gives the node that has its value already.
func (g *Graph) Add(op compute.OpType, shape shapes.Shape, attr any, in ...*Node) *Node {
	if simpler := g.rewrite(op, shape, attr, in); simpler != nil {
		return simpler
	}
	n := &Node{Op: op, In: in, Attr: attr, Shape: shape}
	if op == compute.OpTypeOptimizationBarrier || op == compute.OpTypeSchedulingBarrier {
		return g.record(n) // what a barrier is for
	}
	return g.unique(n, key(n))
}

// AddMany records an op with several results and gives a node for each.
func (g *Graph) AddMany(op compute.OpType, results []shapes.Shape, attr any, in ...*Node) []*Node {
	n := &Node{Op: op, In: in, Attr: attr, Shape: results[0], Results: results}
	if op == compute.OpTypeOptimizationBarrier {
		g.record(n)
	} else {
		n = g.unique(n, key(n))
	}
	out := make([]*Node, len(results))
	for i, shape := range results {
		out[i] = g.Add(OpResult, shape, i, n)
	}
	return out
}

func (g *Graph) record(n *Node) *Node {
	n.ID = len(g.Nodes)
	g.Nodes = append(g.Nodes, n)
	return n
}

func (g *Graph) unique(n *Node, key string) *Node {
	if same := g.known[key]; same != nil {
		return same
	}
	g.known[key] = g.record(n)
	return n
}

// key tells nodes of different values apart.
func key(n *Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %v", n.Op, n.Shape, n.Attr)
	for _, in := range n.In {
		fmt.Fprintf(&b, " %d", in.ID)
	}
	return b.String()
}

// Live lists the nodes that the outputs depend on, and every parameter, in recorded order.
func (g *Graph) Live() []*Node {
	live := make([]bool, len(g.Nodes))
	var mark func(n *Node)
	mark = func(n *Node) {
		if live[n.ID] {
			return
		}
		live[n.ID] = true
		for _, in := range n.In {
			mark(in)
		}
	}
	for _, n := range append(append([]*Node{}, g.Outputs...), g.Params...) {
		mark(n)
	}
	var list []*Node
	for _, n := range g.Nodes {
		if live[n.ID] {
			list = append(list, n)
		}
	}
	return list
}

// Bytes is the size of a value in memory.
func Bytes(s shapes.Shape) int { return s.Size() * ByteSize(s.DType) }

// ByteSize is the size of one element in memory; a Bool takes one byte.
func ByteSize(d dtypes.DType) int {
	if d == dtypes.Bool {
		return 1
	}
	return d.Size()
}

// String lists the nodes, for people.
func (g *Graph) String() string {
	var b strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

// String shows the node as "%7 Add %3 %5 -> (Float32)[2 3]".
func (n *Node) String() string {
	var b strings.Builder
	name, own := map[compute.OpType]string{OpResult: "Result", OpGELU: "GELU", OpGELUGrad: "GELUGrad"}[n.Op]
	if !own {
		name = n.Op.String()
	}
	fmt.Fprintf(&b, "%%%d %s", n.ID, name)
	for _, in := range n.In {
		fmt.Fprintf(&b, " %%%d", in.ID)
	}
	if _, constant := n.Attr.(Constant); n.Attr != nil && !constant {
		fmt.Fprintf(&b, " %v", n.Attr)
	}
	fmt.Fprintf(&b, " -> %s", n.Shape)
	return b.String()
}
