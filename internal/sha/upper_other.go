//go:build !goexperiment.simd || !amd64

package sha

// clearUpper has nothing to do in this build.
func clearUpper() {}
