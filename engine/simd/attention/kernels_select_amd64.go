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
		return softmax{rescale: rescaleAVX2, soften: softenAVX2, weigh: weighAVX2}
	case form == tile.Pair && level == isa.AMX:
		return softmax{rescaleAVX512, softenBF16, weighBF16, softenOverlap}
	case form == tile.Pair:
		return softmax{rescale: rescaleAVX512, soften: softenBF16, weigh: weighBF16}
	case form == tile.Split:
		return softmax{rescale: rescaleAVX512, soften: softenSplit, weigh: weighSplit}
	}
	return softmax{rescale: rescaleAVX512, soften: softenAVX512, weigh: weighAVX512}
}
