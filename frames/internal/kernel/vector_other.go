//go:build !(goexperiment.simd && amd64)

package kernel

func filterTwoVector(_, _, _, _ []uint8, _ *Taps) int { return 0 }

func addRowsVector(_, _ []uint8, _ int, _ []int32) int { return 0 }

func mixTwoVector(_, _ []int16, _, _ []uint8, _ *Pairs) int { return 0 }

func mixRowsVector(_ []uint8, _, _ []int16, _, _ int16) int { return 0 }

func lerpVector(_, _ []float32, _ *Lerps) int { return 0 }

func lerpRowsVector(_, _, _ []float32, _, _ float32) int { return 0 }

func blendVector(_, _, _ []uint8, _ float32) int { return 0 }

func cubicRowVector(_, _ []uint8, _, _, x, _ int, _ *Affine) int { return x }

func smoothVector(_, _, _, _ []uint8) int { return 3 }
