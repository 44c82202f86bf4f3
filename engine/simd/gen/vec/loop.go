// The loops around the kernels: over groups of vectors, then single ones, then a part of one.

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// array is a slice that the loop goes along.
type array struct {
	base reg.Register
	size int    // bytes of an element
	step string // of a matrix: the parameter that tells how many elements lie from row to row, without its prefix ld
}

// function begins a function. Its name gets the instruction set's before it.
func (m *machine) function(name, signature string) string {
	name = m.prefix() + name
	m.Function(name)
	m.Attributes(attr.NOSPLIT)
	m.Pragma("noescape")
	m.SignatureExpr(signature)
	return name
}

func (m *machine) prefix() string {
	if m.wide {
		return "avx512"
	}
	return "avx2"
}

func (m *machine) end() {
	m.VZEROUPPER()
	m.RET()
}

// enter puts a function into a field of the set of kernels.
func (m *machine) enter(field, function string) {
	m.table = append(m.table, fmt.Sprintf("k.%s = %s", field, function))
}

func (m *machine) array(name string, size int) array {
	return array{m.Load(m.Param(name).Base(), m.GP64()), size, ""}
}

func (m *machine) length(name string) reg.Register { return m.Load(m.Param(name).Len(), m.GP64()) }

// scalar holds a parameter in all lanes.
func (m *machine) scalar(name string) repeated {
	parameter, err := m.Param(name).Resolve()
	if err != nil {
		panic(err) // a mistake in this program
	}
	r := m.register()
	m.VBROADCASTSS(parameter.Addr, r)
	return repeated{r}
}

// at is where vector i of the group lies.
func (m *machine) at(a array, i int) operand.Mem {
	return operand.Mem{Base: a.base, Index: m.index, Scale: uint8(a.size), Disp: i * m.lanes() * a.size}
}

// load reads a group of float32.
func (m *machine) load(a array) group {
	g := make(group, m.count)
	for i := range g {
		g[i] = m.loadVector(a, i)
	}
	return g
}

// loadVector reads vector i of the group; lanes that are not in use are 0.
func (m *machine) loadVector(a array, i int) reg.VecVirtual {
	v := m.register()
	switch place := m.at(a, i); {
	case m.tail == nil:
		m.VMOVUPS(place, v)
	case m.wide:
		m.VMOVUPS_Z(place, m.tail, v)
	default:
		m.VMASKMOVPS(place, m.tail, v)
	}
	return v
}

func (m *machine) store(a array, g values) {
	for i := range m.count {
		switch place := m.at(a, i); {
		case m.tail == nil:
			m.VMOVUPS(g.vector(i), place)
		case m.wide:
			m.VMOVUPS(g.vector(i), m.tail, place)
		default:
			m.VMASKMOVPS(g.vector(i), m.tail, place)
		}
	}
}

// loop writes the body for groups of count vectors, for one vector, and for a part of one, to go over n elements.
func (m *machine) loop(n reg.Register, count int, body func()) {
	m.start()
	m.passes("groups", n, count, body)
	if count > 1 {
		m.passes("vectors", n, 1, body)
	}
	m.TESTQ(n, n)
	m.JZ(operand.LabelRef("done"))
	m.mask(n)
	m.count = 1
	body()
	m.tail = nil
	m.Label("done")
}

func (m *machine) start() {
	m.index = m.GP64()
	m.XORQ(m.index, m.index)
}

// passes writes a loop over groups as long as n elements have a whole one, and leaves in n what is over.
func (m *machine) passes(label string, n reg.Register, count int, body func()) {
	m.count = count
	step := operand.I32(count * m.lanes())
	m.SUBQ(step, n)
	m.JL(operand.LabelRef(label + "Done"))
	m.Label(label)
	body()
	m.ADDQ(step, m.index)
	m.SUBQ(step, n)
	m.JGE(operand.LabelRef(label))
	m.Label(label + "Done")
	m.ADDQ(step, n)
}

// mask sets the lanes in use to the first n.
func (m *machine) mask(n reg.Register) {
	if m.wide {
		m.tail = m.K()
		ones := m.GP32()
		m.MOVL(operand.I32(-1), ones)
		m.BZHIL(n.(reg.GP).As32(), ones, ones)
		m.KMOVW(ones, m.tail)
		return
	}
	m.tail = m.YMM()
	place := m.GP64()
	m.LEAQ(m.window, place)
	m.SHLQ(operand.U8(2), n)
	m.SUBQ(n, place)
	m.VMOVUPS(operand.Mem{Base: place, Disp: 32}, m.tail)
}

// unary writes the loop of a function of one number. prepare is called once, outside the loop, for what the function needs.
func (m *machine) unary(name string, count int, prepare func() func(x group) group) {
	m.enter("Unary["+name+"]", m.function(name, "func(dst, x []float32)"))
	m.mapping(count, prepare)
}

// mapping is the body of a function that sets each dst to a function of x.
func (m *machine) mapping(count int, prepare func() func(x group) group) {
	dst, x, n := m.array("dst", 4), m.array("x", 4), m.length("dst")
	f := prepare()
	m.loop(n, count, func() { m.store(dst, f(m.load(x))) })
	m.end()
}
