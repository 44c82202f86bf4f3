// Package evex encodes the bfloat16 instructions of AVX-512 that Go's assembler lacks, in their register form:
// EVEX.512.W0 with no masking, map 0F38.
package evex

import "fmt"

// Instruction is one of the encodable instructions: an opcode and a mandatory prefix.
type Instruction struct{ opcode, prefix byte }

// The mandatory prefixes, as the EVEX field pp counts them.
const (
	prefixF3 = 2
	prefixF2 = 3
)

// The instructions on 512-bit registers. Encode takes registers in the order destination, first source, second source.
var (
	// VDPBF16PS adds to each float32 of the destination the products of a pair of bfloat16 of both sources.
	VDPBF16PS = Instruction{0x52, prefixF3}
	// VCVTNE2PS2BF16 rounds to nearest even: the second source fills the low half of the destination, the first the high one.
	VCVTNE2PS2BF16 = Instruction{0x72, prefixF2}
	// VCVTNEPS2BF16 rounds 16 float32 of the second source to nearest even; the first source is not used and must be 0.
	VCVTNEPS2BF16 = Instruction{0x72, prefixF3}
)

// Encode gives the six bytes of an instruction on registers 0 to 31. It panics on any other register.
func (in Instruction) Encode(dst, src1, src2 int) [6]byte {
	for _, r := range []int{dst, src1, src2} {
		if r < 0 || r > 31 {
			panic(fmt.Sprintf("evex: no register %d: have 0 to 31", r))
		}
	}
	if in == VCVTNEPS2BF16 && src1 != 0 {
		panic("evex: VCVTNEPS2BF16 has one source: give 0 for the first")
	}
	const map0F38, length512 = 2, 2
	return [6]byte{
		0x62,
		inverted(dst, 3)<<7 | inverted(src2, 4)<<6 | inverted(src2, 3)<<5 | inverted(dst, 4)<<4 | map0F38,
		byte(^src1&15)<<3 | 1<<2 | in.prefix,
		length512<<5 | inverted(src1, 4)<<3,
		in.opcode,
		0xC0 | byte(dst&7)<<3 | byte(src2&7),
	}
}

// inverted is a bit of a register's number, flipped as the prefix stores it.
func inverted(register, bit int) byte { return byte(^register>>bit) & 1 }
