// Conversions between float32 and shorter numbers, 16 at a time: what remains is left to the portable forms, which give the
// same bits.

package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const piece = 16

func conversions(m *machine) {
	m.widen("FromUint8", "uint8", 1, func(a array) group {
		return m.convert(m.VCVTDQ2PS, m.read(a, m.VPMOVZXBD))
	})

	if !m.wide { // the others are among those over rows
		m.widen("FromBF16", "uint16", 2, func(a array) group { return m.shiftLeft(m.read(a, m.VPMOVZXWD), 16) })
		m.enterPieces("ToBF16", m.function("ToBF16", "func(dst []uint16, src []float32)"))
		dst, src, n := m.array("dst", 2), m.array("src", 4), m.length("dst")
		bf16 := m.bf16()
		m.pieces(n, func() { m.storeLow(dst, m.shiftRight(bf16(m.load(src)), 16)) })
		m.end()
	}
	m.enter("RoundBF16", m.function("RoundBF16", "func(dst, x []float32)"))
	m.mapping(plain, func() func(group) group {
		high, bf16 := m.splatBits(0xffff0000), m.bf16()
		return func(x group) group { return m.and(bf16(x), high) }
	})
}

// widen writes the conversion of shorter numbers to float32.
func (m *machine) widen(name, from string, size int, read func(array) group) {
	m.enterPieces(name, m.function(name, "func(dst []float32, src []"+from+")"))
	dst, src, n := m.array("dst", 4), m.array("src", size), m.length("dst")
	m.pieces(n, func() { m.store(dst, read(src)) })
	m.end()
}

// convertRows writes conversions of rows, to their very ends, which AVX2 has no masks for.
func (m *machine) convertRows() {
	m.enterRows("FromBF16Rows", m.function("FromBF16Rows", "func(dst *float32, ldd int, src *uint16, lds int, rows, width int)"))
	m.enterRows("FromBF16", "flat(k.FromBF16Rows)")
	dst, src := m.first("dst", 4), m.first("src", 2)
	m.eachRow([]array{dst, src}, func() {
		m.loop(m.Load(m.Param("width"), m.GP64()), plain, func() {
			short := m.read(src, func(o ...operand.Op) {
				if m.tail == nil {
					m.VPMOVZXWD(o...)
				} else {
					m.VPMOVZXWD_Z(o[0], m.tail, o[1])
				}
			})
			m.store(dst, m.shiftLeft(short, 16))
		})
	})
	m.end()

	m.enterRows("ToBF16Rows", m.function("ToBF16Rows", "func(dst *uint16, ldd int, src *float32, lds int, rows, width int)"))
	m.enterRows("ToBF16", "flat(k.ToBF16Rows)")
	dst, src = m.first("dst", 2), m.first("src", 4)
	bf16 := m.bf16()
	m.eachRow([]array{dst, src}, func() {
		m.loop(m.Load(m.Param("width"), m.GP64()), busy, func() {
			for i, v := range m.shiftRight(bf16(m.load(src)), 16) {
				if place := m.at(dst, i); m.tail == nil {
					m.VPMOVDW(v, place)
				} else {
					m.VPMOVDW(v, m.tail, place)
				}
			}
		})
	})
	m.end()
}

// enterPieces enters a function that leaves a remainder to the portable one of the same name.
func (m *machine) enterPieces(name, function string) {
	m.enter(name, "pieces("+function+", k."+name+")")
}

// pieces goes over n elements, 16 at a time, and leaves the remainder.
func (m *machine) pieces(n reg.Register, body func()) {
	m.start()
	m.passes("pieces", n, piece/m.lanes(), body)
}

// read loads shorter numbers and widens them to 32 bits.
func (m *machine) read(a array, widen func(...operand.Op)) group {
	g := make(group, m.count)
	for i := range g {
		g[i] = m.register()
		widen(m.at(a, i), g[i])
	}
	return g
}

// storeLow writes the lower halves of 32-bit lanes, whose upper ones are 0.
func (m *machine) storeLow(a array, g group) {
	packed := m.YMM()
	m.VPACKUSDW(g[1], g[0], packed)
	m.VPERMQ(operand.U8(0xd8), packed, packed)
	m.VMOVDQU(packed, m.at(a, 0))
}

// bf16 prepares the rounding to the nearest number whose lower 16 bits are 0, halves to even; those bits are left undefined.
// Integer arithmetic does it, even where there is an instruction, because that one takes denormals for 0.
func (m *machine) bf16() func(x group) group {
	one, half, quiet := m.splatBits(1), m.splatBits(0x7fff), m.splatBits(0x00400000)
	return func(x group) group {
		odd := m.and(m.shiftRight(x, 16), one)
		rounded := m.addInt(m.addInt(odd, half), x)
		return m.blend(m.compare(unordered, x, x), m.or(x, quiet), rounded)
	}
}
