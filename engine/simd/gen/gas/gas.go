// Package gas gives tests of encoders what the system's assembler makes of the same instructions.
package gas

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Assemble gives the machine code of AT&T assembly. It skips the test where binutils is missing or too old for the instructions.
func Assemble(t *testing.T, source []byte) []byte {
	t.Helper()
	for _, tool := range []string{"as", "objcopy"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s: binutils is not installed", tool)
		}
	}
	object, code := filepath.Join(t.TempDir(), "o"), filepath.Join(t.TempDir(), "code")
	as := exec.Command("as", "--64", "-o", object, "-")
	as.Stdin = bytes.NewReader(source)
	if out, err := as.CombinedOutput(); err != nil {
		t.Skipf("as does not know these instructions: %v: %s", err, out)
	}
	if out, err := exec.Command("objcopy", "-O", "binary", "-j", ".text", object, code).CombinedOutput(); err != nil {
		t.Fatalf("objcopy: %v: %s", err, out)
	}
	machine, err := os.ReadFile(code)
	if err != nil {
		t.Fatal(err)
	}
	return machine
}
