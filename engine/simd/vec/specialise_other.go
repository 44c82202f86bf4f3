//go:build !amd64

package vec

import "videomae/engine/simd/isa"

// specialise does nothing: other architectures run the portable kernels.
func (k *Kernels) specialise(isa.Level) {}
