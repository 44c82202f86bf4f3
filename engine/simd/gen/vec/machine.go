// The machine: instructions on groups of vectors, the same for both instruction sets.

package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// machine writes instructions. Where it names an operation once, it writes one instruction for each vector of a group, so
// that the CPU always has several to work on that do not wait for each other.
type machine struct {
	*build.Context
	wide      bool                   // vectors of 16 float32 (AVX-512), else of 8 (AVX2)
	count     int                    // vectors in a group
	index     reg.Register           // of the group's first element
	tail      reg.Register           // the lanes in use of a group that is a part of a vector; else nil
	constants map[uint32]operand.Mem // those in memory, by their bits
	window    operand.Mem            // 8 set lanes and 8 that are not
	table     []string               // statements that enter the functions into the set of kernels
	rowTable  []string               // the same of functions over rows, which come later
}

func newMachine(wide bool) *machine {
	m := &machine{Context: build.NewContext(), wide: wide, constants: map[uint32]operand.Mem{}}
	if wide {
		return m // its masks are made by arithmetic
	}
	m.window = m.StaticGlobal("window")
	m.DataAttributes(attr.RODATA | attr.NOPTR)
	for lane := range 16 {
		m.AppendDatum(operand.I32(lane/8 - 1))
	}
	return m
}

// values is an operand for each vector of a group.
type values interface{ vector(i int) operand.Op }

type group []reg.VecVirtual

func (g group) vector(i int) operand.Op { return g[i] }

// repeated is the same operand for all vectors.
type repeated struct{ operand.Op }

func (r repeated) vector(int) operand.Op { return r.Op }

func (m *machine) lanes() int {
	if m.wide {
		return 16
	}
	return 8
}

func (m *machine) register() reg.VecVirtual {
	if m.wide {
		return m.ZMM()
	}
	return m.YMM()
}

// splat holds a constant in a register.
func (m *machine) splat(v float32) repeated { return m.splatBits(math.Float32bits(v)) }

func (m *machine) splatBits(bits uint32) repeated {
	r := m.register()
	m.VBROADCASTSS(m.constant(bits), r)
	return repeated{r}
}

// coefficient is a constant used once a vector, as the last operand of an instruction: AVX2, short of registers, leaves it in
// memory.
func (m *machine) coefficient(v float32) repeated {
	if m.wide {
		return m.splat(v)
	}
	return repeated{m.constant(math.Float32bits(v))}
}

func (m *machine) constant(bits uint32) operand.Mem {
	place, known := m.constants[bits]
	if !known {
		place = m.StaticGlobal(fmt.Sprintf("constant%08x", bits))
		m.DataAttributes(attr.RODATA | attr.NOPTR)
		for range m.lanes() {
			m.AppendDatum(operand.U32(bits))
		}
		m.constants[bits] = place
	}
	return place
}

// apply writes z = x op y; y may be in memory.
func (m *machine) apply(op func(...operand.Op), x, y values) group {
	z := make(group, m.count)
	for i := range z {
		z[i] = m.register()
		op(y.vector(i), x.vector(i), z[i])
	}
	return z
}

// applyImm writes z = op x with a number in the instruction.
func (m *machine) applyImm(op func(...operand.Op), imm uint8, x values) group {
	z := make(group, m.count)
	for i := range z {
		z[i] = m.register()
		op(operand.U8(imm), x.vector(i), z[i])
	}
	return z
}

func (m *machine) add(x, y values) group { return m.apply(m.VADDPS, x, y) }
func (m *machine) sub(x, y values) group { return m.apply(m.VSUBPS, x, y) }
func (m *machine) mul(x, y values) group { return m.apply(m.VMULPS, x, y) }
func (m *machine) div(x, y values) group { return m.apply(m.VDIVPS, x, y) }

// least gives y if one of the numbers is a NaN, or if they are equal; greatest too.
func (m *machine) least(x, y values) group    { return m.apply(m.VMINPS, x, y) }
func (m *machine) greatest(x, y values) group { return m.apply(m.VMAXPS, x, y) }

func (m *machine) and(x, y values) group { return m.apply(m.VANDPS, x, y) }
func (m *machine) or(x, y values) group  { return m.apply(m.VORPS, x, y) }
func (m *machine) xor(x, y values) group { return m.apply(m.VXORPS, x, y) }

func (m *machine) addInt(x, y values) group { return m.apply(m.VPADDD, x, y) }
func (m *machine) subInt(x, y values) group { return m.apply(m.VPSUBD, x, y) }

func (m *machine) shiftLeft(x values, bits uint8) group  { return m.applyImm(m.VPSLLD, bits, x) }
func (m *machine) shiftRight(x values, bits uint8) group { return m.applyImm(m.VPSRLD, bits, x) }

// convert writes z = op x.
func (m *machine) convert(op func(...operand.Op), x values) group {
	z := make(group, m.count)
	for i := range z {
		z[i] = m.register()
		op(x.vector(i), z[i])
	}
	return z
}

func (m *machine) copy(x values) group { return m.convert(m.VMOVAPS, x) }
func (m *machine) sqrt(x values) group { return m.convert(m.VSQRTPS, x) }

// addProduct writes z += x*y, subProduct z -= x*y, rounded once.
func (m *machine) addProduct(z group, x, y values) { m.fuse(m.VFMADD231PS, z, x, y) }
func (m *machine) subProduct(z group, x, y values) { m.fuse(m.VFNMADD231PS, z, x, y) }

// mulThenAdd writes z = z*x + y, rounded once.
func (m *machine) mulThenAdd(z group, x, y values) { m.fuse(m.VFMADD213PS, z, x, y) }

func (m *machine) fuse(op func(...operand.Op), z group, x, y values) {
	for i := range z {
		op(y.vector(i), x.vector(i), z[i])
	}
}

// Rounding modes.
const (
	toNearest = 8 + iota
	down
	up
)

func (m *machine) round(x values, mode uint8) group {
	if m.wide {
		return m.applyImm(m.VRNDSCALEPS, mode, x)
	}
	return m.applyImm(func(o ...operand.Op) { m.VROUNDPS(o[0], o[1], o[2]) }, mode, x)
}

// Predicates of compare: with a NaN they are false, but for unordered and notEqual.
const (
	equal          = 0x00
	less           = 0x01
	lessEqual      = 0x02
	unordered      = 0x03
	notEqual       = 0x04
	lessOrGreater  = 0x0c
	greaterOrEqual = 0x0d
	greater        = 0x0e
)

// condition tells for each lane of a group whether something holds.
type condition []reg.Register

func (m *machine) compare(predicate uint8, x, y values) condition {
	c := make(condition, m.count)
	for i := range c {
		c[i] = m.flags()
		m.VCMPPS(operand.U8(predicate), y.vector(i), x.vector(i), c[i])
	}
	return c
}

// flags is a register with a flag for each lane of a vector.
func (m *machine) flags() reg.Register {
	if m.wide {
		return m.K()
	}
	return m.YMM()
}

// negative tells where the sign bit is set.
func (m *machine) negative(x group) condition {
	c := make(condition, m.count)
	for i := range c {
		c[i] = x[i]
		if m.wide {
			c[i] = m.K()
			m.VPMOVD2M(x[i], c[i])
		}
	}
	return c
}

// blend gives yes where the condition holds, no elsewhere.
func (m *machine) blend(c condition, yes, no values) group {
	z := make(group, m.count)
	for i := range z {
		z[i] = m.register()
		if m.wide {
			m.VMOVAPS(no.vector(i), z[i]) // VBLENDMPS would do, but avo believes that it reads z
			m.VMOVAPS(yes.vector(i), c[i], z[i])
		} else {
			m.VBLENDVPS(c[i], yes.vector(i), no.vector(i), z[i])
		}
	}
	return z
}

// keep gives x where the condition holds, 0 elsewhere.
func (m *machine) keep(c condition, x values) group {
	z := make(group, m.count)
	for i := range z {
		z[i] = m.register()
		if m.wide {
			m.VMOVAPS_Z(x.vector(i), c[i], z[i])
		} else {
			m.VANDPS(x.vector(i), c[i], z[i])
		}
	}
	return z
}
