package amx

import (
	"bytes"
	"fmt"
	"testing"

	"videomae/engine/simd/gen/gas"
)

// The bytes were worked out by hand from the instruction set manual's description of the VEX prefix.
func TestKnownBytes(t *testing.T) {
	for _, c := range []struct{ got, want []byte }{
		{TILEZERO(3), []byte{0xC4, 0xE2, 0x7B, 0x49, 0xD8}},
		{TDPBF16PS(0, 1, 2), []byte{0xC4, 0xE2, 0x6A, 0x5C, 0xC1}},
		{TILELOADD(4, 6, 8, 0), []byte{0xC4, 0xA2, 0x7B, 0x4B, 0x24, 0x06}},
		{TILESTORED(2, 1, 64, 5), []byte{0xC4, 0xE2, 0x7A, 0x4B, 0x6C, 0x0A, 0x40}},
		{LDTILECFG(7), []byte{0xC4, 0xE2, 0x78, 0x49, 0x07}},
		{STTILECFG(7), []byte{0xC4, 0xE2, 0x79, 0x49, 0x07}},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("got % X, want % X", c.got, c.want)
		}
	}
}

var registers = []string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

func TestAgreesWithTheSystemAssembler(t *testing.T) {
	var source, want bytes.Buffer
	for base, name := range registers {
		fmt.Fprintf(&source, "ldtilecfg (%%%s)\nsttilecfg (%%%s)\n", name, name)
		want.Write(append(LDTILECFG(base), STTILECFG(base)...))
		for stride, distance := range registers {
			if stride == rsp {
				continue
			}
			fmt.Fprintf(&source, "tileloadd 64(%%%s,%%%s,1), %%tmm%d\n", name, distance, base%8)
			want.Write(TILELOADD(base%8, base, stride, 64))
			fmt.Fprintf(&source, "tilestored %%tmm%d, (%%%s,%%%s,1)\n", stride%8, name, distance)
			want.Write(TILESTORED(base, stride, 0, stride%8))
		}
	}
	for i := range 8 {
		sum, left, right := i, (i+3)%8, (i+5)%8
		fmt.Fprintf(&source, "tilezero %%tmm%d\ntdpbf16ps %%tmm%d, %%tmm%d, %%tmm%d\n", i, right, left, sum)
		want.Write(TILEZERO(i))
		want.Write(TDPBF16PS(sum, left, right))
	}
	if got := gas.Assemble(t, source.Bytes()); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes differ from the assembler's %d", want.Len(), len(got))
	}
}

func TestWrongOperandsPanic(t *testing.T) {
	for name, encode := range map[string]func() []byte{
		"tile":         func() []byte { return TILEZERO(8) },
		"equal tiles":  func() []byte { return TDPBF16PS(1, 1, 2) },
		"register":     func() []byte { return LDTILECFG(16) },
		"stride":       func() []byte { return TILELOADD(0, 0, rsp, 0) },
		"displacement": func() []byte { return TILESTORED(0, 0, 128, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a wrong %s is encoded", name)
				}
			}()
			encode()
		}()
	}
}
