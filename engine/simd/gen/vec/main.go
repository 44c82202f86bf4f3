// Command vec writes the assembly of package vec for one instruction set, with the declarations of its functions and the
// method that enters them into a set of kernels.
package main

import (
	"fmt"
	"log"
	"os"
	"regexp"
	"strings"

	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 || (os.Args[1] != "avx2" && os.Args[1] != "avx512") {
		log.Fatal("usage: vec avx2|avx512 (writes AVX2_amd64.s and .go of that name into the current folder)")
	}
	level := os.Args[1]
	m := newMachine(level == "avx512")
	arithmetic(m)
	comparisons(m)
	mathematics(m)
	reductions(m)
	conversions(m)
	transposes(m)
	overRows(m)
	if err := write(m, level); err != nil {
		log.Fatal(err)
	}
}

// write prints what the machine has gathered.
func write(m *machine, level string) error {
	file, err := m.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	config := printer.Config{Name: "gen/vec", Pkg: "vec"}
	assembly, err := printer.NewGoAsm(config).Print(file)
	if err != nil {
		return err
	}
	if high := regexp.MustCompile(`\b[XY](1[6-9]|[23][0-9])\b`).Find(assembly); !m.wide && high != nil {
		return fmt.Errorf("a function needs register %s, which AVX2 lacks: make its group smaller", high)
	}
	stubs, err := printer.NewStubs(config).Print(file)
	if err != nil {
		return err
	}
	stubs = fmt.Appendf(stubs, "\n// %s enters the functions above.\nfunc (k *Kernels) %[1]s() {\n\t%s\n}\n", level, strings.Join(m.table, "\n\t"))
	stubs = fmt.Appendf(stubs, "\n// %sRows enters those over rows.\nfunc (k *Kernels) %[1]sRows() {\n\t%s\n}\n", level, strings.Join(m.rowTable, "\n\t"))
	if err := os.WriteFile(level+"_amd64.s", assembly, 0o644); err != nil {
		return err
	}
	return os.WriteFile(level+"_amd64.go", stubs, 0o644)
}
