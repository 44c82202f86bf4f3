package evex

import (
	"bytes"
	"fmt"
	"testing"

	"videomae/engine/simd/gen/gas"
)

// The bytes were worked out by hand from the instruction set manual's description of the EVEX prefix.
func TestKnownBytes(t *testing.T) {
	for _, c := range []struct {
		got  [6]byte
		want []byte
	}{
		{VDPBF16PS.Encode(0, 0, 0), []byte{0x62, 0xF2, 0x7E, 0x48, 0x52, 0xC0}},
		{VDPBF16PS.Encode(1, 2, 3), []byte{0x62, 0xF2, 0x6E, 0x48, 0x52, 0xCB}},
		{VDPBF16PS.Encode(31, 30, 29), []byte{0x62, 0x02, 0x0E, 0x40, 0x52, 0xFD}},
		{VCVTNE2PS2BF16.Encode(8, 16, 24), []byte{0x62, 0x12, 0x7F, 0x40, 0x72, 0xC0}},
		{VCVTNEPS2BF16.Encode(5, 0, 9), []byte{0x62, 0xD2, 0x7E, 0x48, 0x72, 0xE9}},
	} {
		if !bytes.Equal(c.got[:], c.want) {
			t.Errorf("got % X, want % X", c.got, c.want)
		}
	}
}

func TestAgreesWithTheSystemAssembler(t *testing.T) {
	var source, want bytes.Buffer
	for dst := range 32 {
		for _, src1 := range []int{0, 7, 8, 15, 16, 31} {
			for _, src2 := range []int{0, 7, 8, 15, 16, 31} {
				fmt.Fprintf(&source, "vdpbf16ps %%zmm%d, %%zmm%d, %%zmm%d\n", src2, src1, dst)
				emit(&want, VDPBF16PS.Encode(dst, src1, src2))
				fmt.Fprintf(&source, "vcvtne2ps2bf16 %%zmm%d, %%zmm%d, %%zmm%d\n", src2, src1, dst)
				emit(&want, VCVTNE2PS2BF16.Encode(dst, src1, src2))
				fmt.Fprintf(&source, "vcvtneps2bf16 %%zmm%d, %%ymm%d\n", src2, dst)
				emit(&want, VCVTNEPS2BF16.Encode(dst, 0, src2))
			}
		}
	}
	if got := gas.Assemble(t, source.Bytes()); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes differ from the assembler's %d", want.Len(), len(got))
	}
}

func emit(to *bytes.Buffer, code [6]byte) { to.Write(code[:]) }

func TestWrongRegistersPanic(t *testing.T) {
	for _, registers := range [][3]int{{32, 0, 0}, {0, -1, 0}, {0, 0, 99}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("registers %v are encoded", registers)
				}
			}()
			VDPBF16PS.Encode(registers[0], registers[1], registers[2])
		}()
	}
}
