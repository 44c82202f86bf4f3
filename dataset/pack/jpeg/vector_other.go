//go:build !goexperiment.simd || !amd64

package jpeg

// vector tells that there are vector loops here.
var vector = false

func forwardVector(*block, *[64]float32) bool { return false }

func inverseVector(*block, []uint8, int) bool { return false }

func emitVector(_, _, _, _ []uint8) int { return 0 }

func loadVector(_ []uint8, _, _, _ []int32, _ bool) int { return 0 }
