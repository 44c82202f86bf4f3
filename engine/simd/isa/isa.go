// Package isa names the instruction sets that the engine's kernels are written for, and finds the best one of this CPU.
package isa

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// Level is a set of vector instructions. Each includes the ones before it.
type Level uint8

// The levels, slowest first.
const (
	Portable   Level = iota // plain Go
	AVX2                    // AVX2 with FMA: 8 float32 to a register
	AVX512                  // AVX-512 F, BW, DQ, VL: 16 float32 to a register
	AVX512BF16              // AVX-512 with products of bfloat16 pairs (VDPBF16PS)
	AMX                     // and products of whole tiles of them (TDPBF16PS)
)

// Switch is the environment variable that limits the level below what the CPU can do. It holds a level's name.
const Switch = "VIDEOMAE_SIMD"

var names = [...]string{"portable", "avx2", "avx512", "avx512bf16", "amx"}

// String gives the name that Switch takes.
func (l Level) String() string { return names[l] }

// Levels lists what this CPU runs, slowest first.
func Levels() []Level {
	var list []Level
	for level := Portable; level <= best(); level++ {
		list = append(list, level)
	}
	return list
}

// Choose gives the level to run on: the one named by Switch, or else the CPU's fastest.
func Choose() (Level, error) { return parse(os.Getenv(Switch), best(), slowPairs()) }

// parse takes a level's name, or none for the fastest: the best one, but the one before if pairs of bfloat16 are slow.
func parse(name string, best Level, slowPairs bool) (Level, error) {
	if name == "" && best == AVX512BF16 && slowPairs {
		return AVX512, nil
	}
	for level, known := range names {
		if cmp.Or(name, best.String()) != known {
			continue
		}
		if Level(level) > best {
			return 0, fmt.Errorf("%s=%s: this CPU has no more than %s", Switch, name, best)
		}
		return Level(level), nil
	}
	return 0, fmt.Errorf("%s=%s: unknown instruction set (have %s)", Switch, name, strings.Join(names[:], ", "))
}
