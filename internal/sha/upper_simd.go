//go:build goexperiment.simd && amd64

package sha

import "simd/archsimd"

// clearUpper marks the upper halves of this thread's vector registers as unused. Go 1.26 built with GOEXPERIMENT=simd restores them whenever it
// takes the processor from a goroutine, used or not, and instructions of the older kind, such as those of SHA-256, then take many times
// as long.
func clearUpper() {
	if archsimd.X86.AVX() {
		archsimd.ClearAVXUpperBits()
	}
}
