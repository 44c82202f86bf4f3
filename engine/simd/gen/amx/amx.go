// Package amx encodes the tile instructions of AMX, which Go's assembler lacks, for tiles 0 to 7. Memory is addressed by
// registers 0 to 15 in the order of the manual: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15.
package amx

import "fmt"

// The mandatory prefixes, as the VEX field pp counts them.
const (
	prefixNone = 0
	prefix66   = 1
	prefixF3   = 2
	prefixF2   = 3
)

// The opcodes, all of map 0F38.
const (
	opConfig = 0x49 // configure, release, zero, and tell the configuration
	opMove   = 0x4B // load and store
	opDot    = 0x5C
)

// Registers of special meaning in an address.
const (
	rsp = 4 // as an index: none
	rbp = 5
)

// LDTILECFG sets the shapes of all tiles from the 64 bytes that a register points to.
func LDTILECFG(base int) []byte { return configuration(prefixNone, base) }

// STTILECFG writes the shapes of all tiles where a register points to, as LDTILECFG reads them: all 0 if they were never set.
func STTILECFG(base int) []byte { return configuration(prefix66, base) }

func configuration(prefix byte, base int) []byte {
	code := append(vex(prefix, 0, base, 0), opConfig)
	switch base & 7 {
	case rsp: // RSP and R12 announce a second byte of address
		return append(code, address(0, base, rsp, 0)...)
	case rbp: // RBP and R13 have no form without a displacement
		return append(code, 1<<6|rbp, 0)
	}
	return append(code, byte(base&7))
}

// TILEZERO clears a tile.
func TILEZERO(tile int) []byte {
	checkTile(tile)
	return append(vex(prefixF2, 0, 0, 0), opConfig, byte(0xC0|tile<<3))
}

// TILELOADD reads a tile whose rows lie stride bytes apart, from base plus displacement on.
func TILELOADD(tile, base, stride, displacement int) []byte {
	return move(prefixF2, tile, base, stride, displacement)
}

// TILESTORED writes a tile as TILELOADD reads it.
func TILESTORED(base, stride, displacement, tile int) []byte {
	return move(prefixF3, tile, base, stride, displacement)
}

func move(prefix byte, tile, base, stride, displacement int) []byte {
	checkTile(tile)
	if stride == rsp {
		panic("amx: RSP cannot be the distance of rows")
	}
	code := append(vex(prefix, stride, base, 0), opMove)
	return append(code, address(tile, base, stride, displacement)...)
}

// TDPBF16PS adds to a tile of float32 the product of a tile of pairs of bfloat16, row by row, and one whose rows are pairs of
// neighbours along the sum.
func TDPBF16PS(sum, left, right int) []byte {
	for _, tile := range []int{sum, left, right} {
		checkTile(tile)
	}
	if sum == left || left == right || sum == right {
		panic(fmt.Sprintf("amx: tiles %d, %d, %d: the processor wants three of them", sum, left, right))
	}
	return append(vex(prefixF3, 0, 0, right), opDot, byte(0xC0|sum<<3|left))
}

// vex is the prefix of three bytes, without W and with the shortest length; source is the register beside the operands.
func vex(prefix byte, index, base, source int) []byte {
	checkRegister(index)
	checkRegister(base)
	const map0F38 = 2
	return []byte{0xC4, 1<<7 | high(index)<<6 | high(base)<<5 | map0F38, byte(^source&15)<<3 | prefix}
}

// high is the fourth bit of a register's number, flipped as the prefix stores it.
func high(register int) byte { return byte(^register>>3) & 1 }

// address is what follows the opcode: memory at base + index + displacement, which fits into a byte.
func address(field, base, index, displacement int) []byte {
	if displacement < -128 || displacement > 127 {
		panic(fmt.Sprintf("amx: displacement %d does not fit into a byte", displacement))
	}
	mode := byte(0)
	if displacement != 0 || base&7 == rbp { // as above
		mode = 1
	}
	code := []byte{mode<<6 | byte(field)<<3 | 4, byte(index&7)<<3 | byte(base&7)}
	if mode == 1 {
		code = append(code, byte(int8(displacement)))
	}
	return code
}

func checkTile(tile int) {
	if tile < 0 || tile > 7 {
		panic(fmt.Sprintf("amx: no tile %d: have 0 to 7", tile))
	}
}

func checkRegister(register int) {
	if register < 0 || register > 15 {
		panic(fmt.Sprintf("amx: no register %d: have 0 to 15", register))
	}
}
