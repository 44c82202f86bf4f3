// Kernels over rows, each of which may lie anywhere: to call them once for a block costs less than once a row.

package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func overRows(m *machine) {
	for _, op := range []struct {
		name string
		f    func(x, y values) group
	}{{"Add", m.add}, {"Sub", m.sub}, {"Mul", m.mul}} {
		m.enterRows("BinaryRows["+op.name+"]", m.rowFunction(op.name+"Rows", "x", "y"))
		m.rows([]string{"x", "y"}, "", func(in []array, _ repeated) group { return op.f(m.load(in[0]), m.load(in[1])) })
		m.enterRows("RightRows["+op.name+"]", m.rowFunction(op.name+"RightRows", "x", "y"))
		m.rows([]string{"x"}, "y", func(in []array, y repeated) group { return op.f(m.load(in[0]), y) })
	}
	m.enterRows("MulAddRows", m.rowFunction("MulAddRows", "x", "y", "z"))
	m.rows([]string{"x", "y", "z"}, "", func(in []array, _ repeated) group {
		product := m.load(in[0])
		m.mulThenAdd(product, m.load(in[1]), m.load(in[2]))
		return product
	})
	m.enterRows("AddScaledRows", m.rowFunction("AddScaledRows", "x", "s", "y"))
	m.rows([]string{"x", "y"}, "s", func(in []array, s repeated) group {
		sum := m.load(in[0])
		m.addProduct(sum, s, m.load(in[1]))
		return sum
	})
	if m.wide {
		m.convertRows()
	}
	m.sumRows("SumRows", []string{"x"}, func(in []array, i int, total reg.VecVirtual) { m.VADDPS(m.loadVector(in[0], i), total, total) })
	m.sumRows("DotRows", []string{"x", "y"}, func(in []array, i int, total reg.VecVirtual) {
		m.VFMADD231PS(m.loadVector(in[0], i), m.loadVector(in[1], i), total)
	})
}

// rowFunction begins a function of dst and others, each given by its first element and the elements from row to row.
func (m *machine) rowFunction(name string, others ...string) string {
	var signature strings.Builder
	for _, a := range append([]string{"dst"}, others...) {
		fmt.Fprintf(&signature, "%s *float32, ld%s int, ", a, strings.Replace(a, "dst", "d", 1))
	}
	return m.function(name, "func("+signature.String()+"rows, width int)")
}

// enterRows puts a function into a field of the set of kernels, after those over slices.
func (m *machine) enterRows(field, function string) {
	m.rowTable = append(m.rowTable, fmt.Sprintf("k.%s = %s", field, function))
}

// rows writes the loop over rows of the function begun last: dst is f of vectors and of a number, if there is one by that name.
func (m *machine) rows(vectors []string, number string, f func(in []array, number repeated) group) {
	dst, in := m.first("dst", 4), m.firsts(vectors)
	all := append([]array{dst}, in...)
	var value repeated
	if number != "" {
		all = append(all, m.first(number, 4))
		value = repeated{m.register()}
	}
	m.eachRow(all, func() {
		if number != "" {
			m.VBROADCASTSS(operand.Mem{Base: all[len(all)-1].base}, value.Op)
		}
		m.loop(m.Load(m.Param("width"), m.GP64()), plain, func() { m.store(dst, f(in, value)) })
	})
	m.end()
}

// sumRows writes a sum along each row.
func (m *machine) sumRows(name string, vectors []string, add func(in []array, i int, total reg.VecVirtual)) {
	m.enterRows(name, fmt.Sprintf("short%d(%s, k.%s)", len(vectors)+1, m.rowFunction(name, vectors...), name))
	dst, in := m.first("dst", 4), m.firsts(vectors)
	m.eachRow(append([]array{dst}, in...), func() {
		total := m.gather(terms, 0)
		m.loop(m.Load(m.Param("width"), m.GP64()), terms, func() {
			for i := range m.count {
				add(in, i, total[i])
			}
		})
		m.VMOVSS(m.fold(total, m.VADDPS), operand.Mem{Base: dst.base})
	})
	m.end()
}

// eachRow writes the body for as many rows as the function is told, and moves the arrays on from row to row.
func (m *machine) eachRow(all []array, body func()) {
	n := m.Load(m.Param("rows"), m.GP64())
	m.TESTQ(n, n)
	m.JLE(operand.LabelRef("end"))
	m.Label("row")
	body()
	for _, a := range all {
		step := m.Load(m.Param("ld"+a.step), m.GP64())
		m.LEAQ(operand.Mem{Base: a.base, Index: step, Scale: uint8(a.size)}, a.base)
	}
	m.DECQ(n)
	m.JNZ(operand.LabelRef("row"))
	m.Label("end")
}

// first is a matrix given by its first element.
func (m *machine) first(name string, size int) array {
	step := name
	switch name {
	case "dst":
		step = "d"
	case "src":
		step = "s"
	}
	return array{m.Load(m.Param(name), m.GP64()), size, step}
}

func (m *machine) firsts(names []string) []array {
	var list []array
	for _, name := range names {
		list = append(list, m.first(name, 4))
	}
	return list
}
