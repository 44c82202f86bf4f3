//go:build !goexperiment.simd || !amd64

package extract

// clearUpper has nothing to do in this build.
func clearUpper() {}
