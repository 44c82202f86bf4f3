// Transposes in registers. A vector is made of pieces of 16 bytes, each from another row, so that instructions that only mix
// within such pieces transpose squares side by side.

package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func transposes(m *machine) {
	m.transpose("Transpose32", "float32", 4, m.VUNPCKLPS, m.VUNPCKHPS)
	m.transpose("Transpose16", "uint16", 2, m.VPUNPCKLWD, m.VPUNPCKHWD)
}

// transpose writes the transpose of so many groups of columns, which 16 bytes hold each, over so many bands of rows, which a
// vector holds each. The groups of a cache line are to be done in one call, so that each line is read, and written, only once.
func (m *machine) transpose(name, element string, size int, low, high func(...operand.Op)) {
	function := m.function(name, "func(dst *"+element+", ldd int, src *"+element+", lds int, bands, groups int)")
	m.enter(name, "tiled("+function+", "+map[bool]string{false: "32", true: "64"}[m.wide]+")")
	side := 16 / size
	dst, src := m.Load(m.Param("dst"), m.GP64()), m.Load(m.Param("src"), m.GP64())
	ldd, lds := m.stride("ldd", size), m.stride("lds", size)
	bands := m.Load(m.Param("bands"), m.GP64())
	m.Label("band")
	from, column, groups := m.GP64(), m.GP64(), m.Load(m.Param("groups"), m.GP64())
	m.MOVQ(src, from)
	m.MOVQ(dst, column)
	m.Label("group")
	row := m.GP64()
	m.MOVQ(from, row)
	square := m.readSquares(row, lds, side)
	for stage := 1; stage < side; stage *= 2 {
		square = m.interleave(square, low, high)
	}
	for _, v := range square {
		m.VMOVUPS(v, operand.Mem{Base: column})
		m.ADDQ(ldd, column)
	}
	m.ADDQ(operand.U8(16), from)
	m.DECQ(groups)
	m.JNZ(operand.LabelRef("group"))
	for range side * m.lanes() / 32 { // of 8 rows each
		m.LEAQ(operand.Mem{Base: src, Index: lds, Scale: 8}, src)
	}
	m.ADDQ(operand.U8(m.lanes()*4), dst)
	m.DECQ(bands)
	m.JNZ(operand.LabelRef("band"))
	m.end()
}

// stride is a parameter that counts elements, in bytes.
func (m *machine) stride(name string, size int) reg.Register {
	r := m.Load(m.Param(name), m.GP64())
	m.SHLQ(operand.U8(size/2), r)
	return r
}

// readSquares reads 16 bytes of each row. Vector i has rows i, i+side, ... one after the other; row goes on by all of them.
func (m *machine) readSquares(row, lds reg.Register, side int) group {
	g := make(group, side)
	for part := range m.lanes() / 4 {
		for i := range g {
			place := operand.Mem{Base: row}
			switch {
			case part == 0:
				g[i] = m.register()
				m.VMOVUPS(place, g[i].AsX())
			case m.wide:
				m.VINSERTF32X4(operand.U8(part), place, g[i], g[i])
			default:
				m.VINSERTF128(operand.U8(part), place, g[i], g[i])
			}
			m.ADDQ(lds, row)
		}
	}
	return g
}

// interleave mixes the elements of each vector of the first half with those of one of the second half. Done once for each
// bit of a row's number, it carries the bits of the row's number over to the column's and so transposes.
func (m *machine) interleave(g group, low, high func(...operand.Op)) group {
	half := len(g) / 2
	var mixed group
	for i := range half {
		lows, highs := m.register(), g[half+i]
		low(g[half+i], g[i], lows)
		high(g[half+i], g[i], highs)
		mixed = append(mixed, lows, highs)
	}
	return mixed
}
