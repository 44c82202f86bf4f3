// Architectures without loops of their own run the portable ones.

//go:build !amd64

package attention

import (
	"videomae/engine/simd/isa"
	"videomae/engine/simd/tile"
)

func softmaxFor(_ isa.Level, form tile.Form) softmax { return portable(form) }
