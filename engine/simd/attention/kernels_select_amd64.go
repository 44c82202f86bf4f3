// The loops of the soft-max that this architecture has.

package attention

import (
	"videomae/engine/simd/isa"
	"videomae/engine/simd/tile"
)

//go:generate go run ../gen/attention

func softmaxFor(level isa.Level, form tile.Form) softmax {
	switch {
	case level == isa.Portable:
		return portable(form)
	case level == isa.AVX2:
		return softmax{rescaleAVX2, softenAVX2, weighAVX2}
	case form == tile.Pair:
		return softmax{rescaleAVX512, softenBF16, weighBF16}
	case form == tile.Split:
		return softmax{rescaleAVX512, softenSplit, weighSplit}
	}
	return softmax{rescaleAVX512, softenAVX512, weighAVX512}
}
