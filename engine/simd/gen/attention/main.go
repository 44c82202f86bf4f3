// Command attention writes the assembly of package attention: the soft-max, its gradient, and the scaling of a panel.
package main

import (
	"log"
	"math"
	"os"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

const output = "kernels_amd64"

func main() {
	c := build.NewContext()
	c.ConstraintExpr("amd64")
	none := c.StaticGlobal("none")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	c.AddDatum(0, operand.U32(math.Float32bits(float32(math.Inf(-1)))))
	avx2 := machine{c, newTable(c, "exponential", append([]float32{lowest, shift}, power...)...), none, "AVX2", reg.S256}
	avx512 := machine{c, newTable(c, "scaledExponential", append([]float32{lowestScaled}, wholePower...)...), none, "AVX512", reg.S512}
	for _, m := range []machine{avx2, avx512} {
		m.rescale()
		m.soften("soften"+m.suffix, atOnce, m.expRows)
		m.weigh()
	}
	avx512.pairs()
	avx512.parts()

	file, err := c.Result()
	if err != nil {
		log.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		log.Fatal(err)
	}
	config := printer.Config{Name: "gen/attention", Pkg: "attention"}
	save(output+".s", printer.NewGoAsm(config), file)
	save(output+".go", printer.NewStubs(config), file)
}

func save(name string, p printer.Printer, file *ir.File) {
	text, err := p.Print(file)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		log.Fatal(err)
	}
}

// machine is what the kernels of two instruction sets differ in. A panel is two vectors wide on either.
type machine struct {
	*build.Context
	powers table
	none   operand.Mem // the score of no key
	suffix string
	spec   reg.Spec
}

// v is a vector register. They are given out by hand: the encoder of what the assembler lacks takes numbers.
func (m machine) v(i int) reg.Register { return reg.Vector.Lookup(reg.Index(i), m.spec) }

// at is vector j of the row that p points to, or of one some rows below.
func (m machine) at(p reg.Register, row, j int) operand.Mem {
	return operand.Mem{Base: p, Disp: row*m.panel() + j*int(m.spec.Size())}
}

// panel is the size of a panel's row in bytes.
func (m machine) panel() int { return 2 * int(m.spec.Size()) }

// begin starts a function.
func (m machine) begin(name, signature string) {
	m.Function(name)
	m.Attributes(attr.NOSPLIT)
	m.Pragma("noescape")
	m.SignatureExpr(signature)
}

func (m machine) end() {
	m.VZEROUPPER()
	m.RET()
}

// param loads an argument.
func (m machine) param(name string) reg.GPVirtual {
	r := m.GP64()
	m.Load(m.Param(name), r)
	return r
}

// base loads the address of a slice's first element.
func (m machine) base(name string) reg.GPVirtual {
	r := m.GP64()
	m.Load(m.Param(name).Base(), r)
	return r
}

// spread loads an argument into all lanes of register i. It comes before other vector instructions: while the upper halves of
// registers are clear, since the load is one of the older kind that has to keep them.
func (m machine) spread(name string, i int) {
	lane := reg.Vector.Lookup(reg.Index(i), reg.S128)
	m.Load(m.Param(name), lane)
	m.VBROADCASTSS(lane, m.v(i))
}

// loop generates a loop over n rows, which may be none, step at a time; body is told how many. An odd row out comes last.
func (m machine) loop(label string, n reg.GPVirtual, step int, body func(rows int)) {
	m.Label(label)
	m.CMPQ(n, operand.U8(step))
	m.JLT(operand.LabelRef(label + "Rest"))
	body(step)
	m.SUBQ(operand.U8(step), n)
	m.JMP(operand.LabelRef(label))
	m.Label(label + "Rest")
	if step == 1 {
		return
	}
	m.TESTQ(n, n)
	m.JEQ(operand.LabelRef(label + "End"))
	body(1)
	m.Label(label + "End")
}

// advance moves a pointer into a panel.
func (m machine) advance(p reg.GPVirtual, rows int) { m.ADDQ(operand.U32(rows*m.panel()), p) }

func (m machine) clear(i int) { m.VXORPS(m.v(i), m.v(i), m.v(i)) }
