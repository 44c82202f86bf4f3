package isa

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

func best() Level {
	x := cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return Portable
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512DQ || !x.HasAVX512VL:
		return AVX2
	case !x.HasAVX512BF16:
		return AVX512
	case !x.HasAMXTile || !x.HasAMXBF16 || !tilesAllowed():
		return AVX512BF16
	}
	return AMX
}

// slowPairs tells whether the CPU multiplies pairs of bfloat16 (VDPBF16PS) no faster than it widens them and multiplies float32:
// Intel's do that at half their rate of float32 (bench peak).
func slowPairs() bool { return cpuid.CPU.IsVendor(cpuid.Intel) }
