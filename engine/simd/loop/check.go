// The checks of a Spec, and the classes of its values.

package loop

import (
	"errors"
	"fmt"

	"videomae/engine/simd/vec"
)

var (
	unaries  = len(vec.Kernels{}.Unary)
	binaries = len(vec.Kernels{}.Binary)
)

// or is the class of a value made of two others.
func (c Class) or(d Class) Class { return max(c&^rows, d&^rows) | (c|d)&rows }

func (c Class) hasRows() bool       { return c&rows != 0 }
func (c Class) inner() Class        { return c &^ rows }
func (c Class) covers(d Class) bool { return c.or(d) == c }

// classify checks a Spec and gives the class of each node's value; of a Store and a ReduceCol the one that is written.
func classify(s *Spec) ([]Class, error) {
	if err := checkSpace(s); err != nil {
		return nil, err
	}
	for i := range s.Operands {
		if err := checkOperand(s, &s.Operands[i]); err != nil {
			return nil, fmt.Errorf("operand %d: %w", i, err)
		}
	}
	classes := make([]Class, len(s.Nodes))
	written := make([]bool, len(s.Operands))
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if err := checkNode(s, i); err != nil {
			return nil, fmt.Errorf("node %d: %w", i, err)
		}
		var err error
		if classes[i], err = n.class(s, classes); err != nil {
			return nil, fmt.Errorf("node %d, %s: %w", i, opNames[n.Op], err)
		}
		if n.Op == Store || n.Op == ReduceCol {
			if written[n.Operand] {
				return nil, fmt.Errorf("node %d, %s: operand %d is written by an earlier node", i, opNames[n.Op], n.Operand)
			}
			written[n.Operand] = true
		}
	}
	return classes, nil
}

func checkSpace(s *Spec) error {
	for i, d := range s.Rows {
		if d < 0 {
			return fmt.Errorf("dimension %d of the rows is %d", i, d)
		}
	}
	if s.Inner < 0 {
		return fmt.Errorf("inner is %d", s.Inner)
	}
	if s.Period < 0 || s.Period > 0 && s.Inner%s.Period != 0 {
		return fmt.Errorf("a period of %d does not divide the %d values of a row", s.Period, s.Inner)
	}
	return nil
}

func checkOperand(s *Spec, o *Operand) error {
	if sizeOf(o.Type) == 0 {
		return fmt.Errorf("type %s is not known (want Float32, BFloat16, Float16, Int32, Uint8 or Bool)", o.Type)
	}
	switch o.Class {
	case Scalar, Col, Row, Full:
	case ColTile, Tile:
		if s.Period == 0 {
			return errors.New("a tile needs a period")
		}
	default:
		return fmt.Errorf("class %d is not known", o.Class)
	}
	if o.Strides == nil {
		return nil
	}
	if !o.Class.hasRows() {
		return errors.New("strides of a class that is the same in all rows")
	}
	if len(o.Strides) != len(s.Rows) {
		return fmt.Errorf("%d strides for %d dimensions of rows", len(o.Strides), len(s.Rows))
	}
	for i, stride := range o.Strides {
		if stride < 0 {
			return fmt.Errorf("stride %d is %d", i, stride)
		}
	}
	return nil
}

func checkNode(s *Spec, i int) error {
	n := &s.Nodes[i]
	switch {
	case n.Op >= numOps:
		return fmt.Errorf("operation %d is not known", n.Op)
	case n.Op == Unary && int(n.Unary) >= unaries:
		return fmt.Errorf("function of one number %d is not known", n.Unary)
	case n.Op == Binary && int(n.Binary) >= binaries:
		return fmt.Errorf("function of two numbers %d is not known", n.Binary)
	case n.Reduce >= numReductions:
		return fmt.Errorf("reduction %d is not known", n.Reduce)
	case n.usesOperand() && (n.Operand < 0 || n.Operand >= len(s.Operands)):
		return fmt.Errorf("%s of operand %d of %d", opNames[n.Op], n.Operand, len(s.Operands))
	}
	for _, v := range n.in() {
		if v < 0 || int(v) >= i {
			return fmt.Errorf("%s reads node %d, which is not an earlier one", opNames[n.Op], v)
		}
		if op := s.Nodes[v].Op; op == Store || op == ReduceCol {
			return fmt.Errorf("%s reads node %d, whose %s has no value", opNames[n.Op], v, opNames[op])
		}
	}
	return nil
}

func (n *Node) in() []Value { return n.In[:arity[n.Op]] }

func (n *Node) usesOperand() bool { return n.Op == Load || n.Op == Store || n.Op == ReduceCol }

// class is that of the node's value, or of what it writes.
func (n *Node) class(s *Spec, classes []Class) (Class, error) {
	var c Class
	for _, v := range n.in() {
		c = c.or(classes[v])
	}
	switch n.Op {
	case Load:
		c = s.Operands[n.Operand].Class
	case ReduceRow:
		c &= rows
	case ReduceTile:
		if s.Period == 0 {
			return 0, errors.New("there is no period")
		}
		c = c&rows | onceAPeriod
	case Store:
		return c, checkStore(s, n, c)
	case ReduceCol:
		o := s.Operands[n.Operand].Class
		if o.hasRows() || o != Scalar && !o.covers(c&^rows) {
			return 0, fmt.Errorf("a value of class %s cannot be reduced to one of class %s", c, o)
		}
		c = o
	}
	return c, nil
}

func checkStore(s *Spec, n *Node, c Class) error {
	o := &s.Operands[n.Operand]
	if !o.Class.covers(c) {
		return fmt.Errorf("a value of class %s does not fit into operand %d of class %s", c, n.Operand, o.Class)
	}
	for i, stride := range o.Strides {
		if stride == 0 && s.Rows[i] > 1 && s.width(o.Class) > 0 {
			return fmt.Errorf("operand %d would be written %d times at the same place: its stride %d is 0", n.Operand, s.Rows[i], i)
		}
	}
	return nil
}

// String gives the class's name.
func (c Class) String() string {
	return [...]string{Scalar: "Scalar", ColTile: "ColTile", Col: "Col", 3: "?", Row: "Row", Tile: "Tile", Full: "Full"}[c]
}
