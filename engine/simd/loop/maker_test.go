package loop

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

// program is a Spec with memory for its operands; some share theirs.
type program struct {
	Spec
	shares map[int]int // stored operand -> loaded one whose memory it is
}

// maker draws a random program.
type maker struct {
	*rand.Rand
	program
	values []Value // that have one
	masks  []Value // of these, the ones and zeros
	class  []Class
}

func randomProgram(r *rand.Rand) program {
	m := &maker{Rand: r, program: program{shares: map[int]int{}}}
	for range r.IntN(4) {
		m.Rows = append(m.Rows, 1+r.IntN(4))
	}
	if len(m.Rows) > 0 && r.IntN(20) == 0 {
		m.Rows[0] = 0
	}
	m.Inner, m.Period = []int{1, 2, 3, 16, 50, 64}[r.IntN(6)], 0
	if r.IntN(4) == 0 {
		m.Inner = 1 + r.IntN(200)
	}
	for m.Period == 0 || m.Inner%m.Period != 0 {
		m.Period = 1 + r.IntN(4)
	}
	tiles, rowwise := r.IntN(3) == 0, r.IntN(2) == 0
	for range 1 + r.IntN(4) {
		m.add(Node{Op: Load, Operand: m.operand(m.pick(tiles), r.IntN(4) == 0)})
	}
	for range 1 + r.IntN(15) {
		m.compute(tiles, rowwise)
	}
	for range 1 + r.IntN(3) {
		m.store()
	}
	if r.IntN(2) == 0 {
		m.reduceCol()
	}
	return m.program
}

func (m *maker) pick(tiles bool) Class {
	list := []Class{Full, Full, Full, Row, Col, Scalar}
	if tiles {
		list = append(list, Tile, ColTile)
	}
	return list[m.IntN(len(list))]
}

var types = []dtypes.DType{dtypes.Float32, dtypes.Float32, dtypes.Float32, dtypes.BFloat16, dtypes.Float16, dtypes.Int32, dtypes.Uint8, dtypes.Bool}

// operand adds one with rows that lie apart, or share memory.
func (m *maker) operand(c Class, broadcast bool) int {
	o := Operand{Type: types[m.IntN(len(types))], Class: c}
	if c.hasRows() && m.IntN(2) == 0 {
		width := m.width(c) + m.IntN(3)
		o.Strides = make([]int, len(m.Rows))
		for i := len(m.Rows) - 1; i >= 0; i-- {
			o.Strides[i] = width
			width = width*m.Rows[i] + m.IntN(2)
		}
		if broadcast && len(m.Rows) > 0 {
			o.Strides[m.IntN(len(m.Rows))] = 0
		}
	}
	m.Operands = append(m.Operands, o)
	return len(m.Operands) - 1
}

func (m *maker) add(n Node) {
	m.Nodes = append(m.Nodes, n)
	var c Class
	for _, v := range n.in() {
		c = c.or(m.class[v])
	}
	switch n.Op {
	case Load:
		c = m.Operands[n.Operand].Class
	case ReduceRow:
		c &= rows
	case ReduceTile:
		c = c&rows | onceAPeriod
	}
	m.class = append(m.class, c)
	if n.Op != Store && n.Op != ReduceCol {
		m.values = append(m.values, Value(len(m.Nodes)-1))
	}
	if n.Op == Load && m.Operands[n.Operand].Type == dtypes.Bool || n.Op == Unary && (n.Unary == vec.Not || n.Unary == vec.IsFinite) ||
		n.Op == Binary && n.Binary >= vec.Less {
		m.masks = append(m.masks, Value(len(m.Nodes)-1))
	}
}

// any gives a value, of late ones more often.
func (m *maker) any() Value {
	n := len(m.values)
	if m.IntN(2) == 0 {
		return m.values[n-1-m.IntN(min(n, 4))]
	}
	return m.values[m.IntN(n)]
}

func (m *maker) compute(tiles, rowwise bool) {
	n := Node{In: [3]Value{m.any(), m.any(), m.any()}, Unary: vec.Unary(m.IntN(unaries)), Binary: vec.Binary(m.IntN(binaries)),
		Reduce: Reduction(m.IntN(int(numReductions))), Const: float32(m.NormFloat64())}
	switch k := m.IntN(20); {
	case k < 5:
		n.Op = Unary
	case k < 8:
		n.Op = Binary
	case k < 14: // what can be fused, more often
		n.Op, n.Binary = Binary, []vec.Binary{vec.Add, vec.Sub, vec.Mul}[m.IntN(3)]
	case k < 15:
		n.Op = Where
	case k < 16:
		n.Op = Round
	case k < 17:
		n.Op = Const
	case rowwise && k < 19:
		n.Op = ReduceRow
	case tiles:
		n.Op = ReduceTile
	default:
		n.Op, n.Binary = Binary, vec.Mul
	}
	if n.Op == Unary && n.Unary == vec.Not || n.Op == Binary && n.Binary >= vec.And {
		if len(m.masks) == 0 {
			return
		}
		n.In[0], n.In[1] = m.masks[m.IntN(len(m.masks))], m.masks[m.IntN(len(m.masks))]
	}
	m.add(n)
}

// store adds one of a value, into memory of its own or into that of an operand that is loaded.
func (m *maker) store() {
	v := m.any()
	for i := range m.Operands {
		o := m.Operands[i]
		taken := slices.Contains(o.Strides, 0) || m.written(i)
		for _, other := range m.shares {
			taken = taken || other == i
		}
		if !taken && o.Class.covers(m.class[v]) && m.IntN(2) == 0 {
			if m.IntN(3) > 0 { // the same memory under another number
				m.Operands = append(m.Operands, o)
				m.shares[len(m.Operands)-1] = i
				i = len(m.Operands) - 1
			} else {
				m.shares[i] = i
			}
			m.add(Node{Op: Store, In: [3]Value{v}, Operand: i})
			return
		}
	}
	c := m.class[v]
	if m.IntN(3) == 0 {
		c = c.or(m.pick(false))
	}
	m.add(Node{Op: Store, In: [3]Value{v}, Operand: m.operand(c, false)})
}

func (m *maker) written(operand int) bool {
	for _, n := range m.Nodes {
		if (n.Op == Store || n.Op == ReduceCol) && n.Operand == operand {
			return true
		}
	}
	return false
}

func (m *maker) reduceCol() {
	v := m.any()
	c := m.class[v] &^ rows
	if m.IntN(2) == 0 {
		c = Scalar
	}
	m.add(Node{Op: ReduceCol, In: [3]Value{v}, Operand: m.operand(c, false), Reduce: Reduction(m.IntN(int(numReductions)))})
}
