//go:build !amd64

package tile

import "videomae/engine/simd/isa"

// For gives the kernels of an instruction set, which the CPU must have.
func For(isa.Level) *Kernels { return portable() }

// laySplit is not needed: no kernel here takes split numbers.
func (k *Kernels) laySplit(place, Operand, int, int) {}
