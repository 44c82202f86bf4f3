// Command tile writes the assembly of package tile: products of register tiles and routines that lay out operands for them.
// The functions' declarations are in the package itself; this program looks them up there.
package main

import (
	"log"
	"os"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: tile multiply|matrix|layout|wide|split FILE.s")
	}
	bodies := map[string]func(*assembler){"multiply": products, "matrix": matrices, "layout": layouts, "wide": wideLayouts, "split": splitLayouts}
	body, known := bodies[os.Args[1]]
	if !known {
		log.Fatalf("%s: unknown: have multiply, matrix, layout, wide, split", os.Args[1])
	}
	if err := write(os.Args[2], body); err != nil {
		log.Fatal(err)
	}
}

// write generates a file of assembly.
func write(path string, body func(*assembler)) error {
	a := &assembler{build.NewContext()}
	a.Package("videomae/engine/simd/tile")
	body(a)
	file, err := a.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "gen/tile", Pkg: "tile"}).Print(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// assembler is avo's, with words for what this program does often.
type assembler struct{ *build.Context }

// argument is where the function's parameter of this name lies.
func (a *assembler) argument(name string) operand.Mem {
	parameter, err := a.Param(name).Resolve()
	if err != nil {
		log.Fatalf("parameter %s: %v", name, err)
	}
	return parameter.Addr
}

// load gives the value of a parameter of 64 bits.
func (a *assembler) load(name string) reg.GPVirtual {
	r := a.GP64()
	a.MOVQ(a.argument(name), r)
	return r
}

// function begins the function declared under this name. It needs no stack.
func (a *assembler) function(name string) {
	a.Implement(name)
	a.Attributes(attr.NOSPLIT)
}
