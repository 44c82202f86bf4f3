package fuse

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/loop"
)

// Binding says which memory an operand of a loop is: a node's value, from an offset in elements.
type Binding struct {
	Node   *ir.Node
	Offset int
	Write  bool
}

// Loop is a fused loop: its program and what its operands are.
type Loop struct {
	Spec loop.Spec
	Bind []Binding
}

// writer writes the program of one loop by pulling from what it has to store.
type writer struct {
	p     *partition
	unit  *unit
	group *group
	frame frame
	block *ir.Node // product whose blocks the loop is handed, or nil

	loop   Loop
	values map[string]loop.Value
	bound  map[string]int
}

// again asks for the loop to be written anew, because an atom was cut.
type again struct{ split split }

// write makes the program that stores the given members. It may cut the group's atoms.
func (p *partition) write(u *unit, g *group, f frame, block *ir.Node, roots []*ir.Node) (l *Loop, err error) {
	w := &writer{p: p, unit: u, group: g, frame: f, block: block, values: map[string]loop.Value{}, bound: map[string]int{}}
	for _, atom := range g.space[:f.lead] {
		w.loop.Spec.Rows = append(w.loop.Spec.Rows, atom)
	}
	if f.lead == 0 {
		w.loop.Spec.Rows = []int{1}
	}
	w.loop.Spec.Inner, w.loop.Spec.Period = g.space[f.lead:].size(), f.period
	for _, n := range roots {
		if err := w.root(n); err != nil {
			return nil, err
		}
	}
	w.mergeRows()
	return &w.loop, nil
}

// root writes what stores a member.
func (w *writer) root(n *ir.Node) error {
	at := w.group.at[n]
	if n == w.block { // the product itself is stored
		v, err := w.load(n, linear(n.Shape.Dimensions, at))
		if err != nil {
			return err
		}
		return w.store(loop.Node{Op: loop.Store, In: [3]loop.Value{v}}, n, at)
	}
	if w.group.overRows(n, w.frame.lead) {
		v, err := w.value(n.In[0], w.group.over[n])
		if err != nil {
			return err
		}
		if (mask(w.group.over[n])&^mask(at))&w.along() != 0 { // and along the rows
			v = w.emit(loop.Node{Op: loop.ReduceRow, Reduce: reductions[n.Op], In: [3]loop.Value{v}})
		}
		return w.store(loop.Node{Op: loop.ReduceCol, Reduce: reductions[n.Op], In: [3]loop.Value{v}}, n, at)
	}
	v, err := w.exact(n, at)
	if err != nil {
		return err
	}
	return w.store(loop.Node{Op: loop.Store, In: [3]loop.Value{v}}, n, at)
}

func (w *writer) store(node loop.Node, n *ir.Node, at Index) error {
	into, l := n, linear(n.Shape.Dimensions, at)
	if to, placed := w.p.places[n]; placed {
		into, l = to.into, to.linear(at)
	}
	operand, err := w.operand(into, l, true)
	if err != nil {
		return err
	}
	node.Operand = operand
	w.loop.Spec.Nodes = append(w.loop.Spec.Nodes, node)
	return nil
}

func (w *writer) emit(node loop.Node) loop.Value {
	w.loop.Spec.Nodes = append(w.loop.Spec.Nodes, node)
	return loop.Value(len(w.loop.Spec.Nodes) - 1)
}

// value is n's value at an index, loaded or computed. A copy that was made for another reader may be scattered along the rows of this
// loop: then what it is a copy of is read.
func (w *writer) value(n *ir.Node, x Index) (loop.Value, error) {
	barrier := w.p.throughBarrier(n)
	for moves(n) && (!barrier && w.computes(w.p.rawBase(n)) || !w.p.solid[n] || !w.loads(linear(n.Shape.Dimensions, x))) {
		source := w.p.beforeBarriers(moved(n))
		place := linear(n.Shape.Dimensions, x)
		if n.Op == compute.OpTypeReshape && (!moves(source) || w.p.solid[source] && w.loads(place)) && (barrier || !w.computes(w.p.rawBase(source))) {
			return w.load(source, place)
		}
		in, need, ok := w.group.space.pull(n, x)
		if need != nil {
			return 0, &again{*need}
		}
		if !ok {
			return 0, fmt.Errorf("fusing %v: no index into its input", n)
		}
		n, x = source, in
	}
	if barrier || !w.computes(n) {
		return w.load(n, linear(n.Shape.Dimensions, x))
	}
	key := indexKey(n, x)
	if v, known := w.values[key]; known {
		return v, nil
	}
	v, err := w.exact(n, x)
	if err != nil {
		return 0, err
	}
	if n.Shape.DType == dtypes.BFloat16 && n.In[0].Shape.DType != dtypes.Bool && !(n.Op == compute.OpTypeConvertDType && n.In[0].Shape.DType == dtypes.BFloat16) {
		v = w.emit(loop.Node{Op: loop.Round, In: [3]loop.Value{v}})
	}
	w.values[key] = v
	return v, nil
}

// loads tells whether the loop can read a place in memory.
func (w *writer) loads(l Linear) bool {
	frame := w.frame
	return w.group.suits(&frame, w.along(), mask(Index{l})) && frame == w.frame && w.group.contiguous(l, w.along())
}

func (e *again) Error() string { return "an atom must be cut" }

// computes tells whether the loop computes a value rather than loads it.
func (w *writer) computes(n *ir.Node) bool {
	if n == w.block {
		return false
	}
	if _, member := w.group.at[n]; member {
		return w.p.of[n] == w.unit || !w.p.stored[n]
	}
	return !w.p.hasMemory(n)
}

// exact is the value of an op of the loop before it is rounded to its type.
func (w *writer) exact(n *ir.Node, x Index) (loop.Value, error) {
	if over, reduction := w.group.over[n]; reduction {
		return w.reduction(n, over)
	}
	var in [3]loop.Value
	for i, operandNode := range n.In {
		v, err := w.value(operandNode, operand(operandNode, x))
		if err != nil {
			return 0, err
		}
		in[i] = v
	}
	if op, ok := unaryOps[n.Op]; ok {
		return w.emit(loop.Node{Op: loop.Unary, Unary: op, In: in}), nil
	}
	if op, ok := binaryOps[n.Op]; ok {
		return w.emit(loop.Node{Op: loop.Binary, Binary: op, In: in}), nil
	}
	if n.Op == compute.OpTypeWhere {
		return w.emit(loop.Node{Op: loop.Where, In: in}), nil
	}
	return in[0], nil // a conversion: loads, stores and roundings do it
}

// reduction is the value of a reduction along rows.
func (w *writer) reduction(n *ir.Node, over Index) (loop.Value, error) {
	v, err := w.value(n.In[0], over)
	if err != nil {
		return 0, err
	}
	to := mask(w.group.at[n])
	switch gone := mask(over) &^ to; {
	case gone == 0:
		return v, nil
	case to&w.along() == 0:
		return w.emit(loop.Node{Op: loop.ReduceRow, Reduce: reductions[n.Op], In: [3]loop.Value{v}}), nil
	}
	return w.emit(loop.Node{Op: loop.ReduceTile, Reduce: reductions[n.Op], In: [3]loop.Value{v}}), nil
}

// along is the set of atoms within a row.
func (w *writer) along() uint64 { return w.group.all() &^ (1<<w.frame.lead - 1) }
