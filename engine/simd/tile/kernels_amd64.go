package tile

import (
	"unsafe"

	"videomae/engine/simd/isa"
)

// For gives the kernels of an instruction set, which the CPU must have.
func For(level isa.Level) *Kernels {
	if level == isa.Portable {
		return portable()
	}
	if level == isa.AVX2 {
		return &Kernels{Level: level, NR: 16, F32: Product{multiplyAVX2, 6, 8, peakAVX2}, moves: vectorMoves}
	}
	k := &Kernels{Level: level, NR: 32, F32: Product{multiplyAVX512, 12, 8, peakAVX512}, moves: vectorMoves}
	if level < isa.AVX512BF16 {
		return k
	}
	k.BF16, k.moves = Product{multiplyBF16, 12, 16, peakPairs}, wideMoves
	if level == isa.AMX {
		k.BF16 = Product{multiplyAMX, matrixMR, matrixDepth, peakAMX}
		k.Split = Product{multiplySplit, matrixMR, splitDepth, peakSplit}
	}
	return k
}

func peakPairs(depth int) { peakBF16((depth + 1) / 2) }

var vectorMoves = [types][forms]moves{
	F32: {
		Float:   {copyPlain, transposePlain, copyPlain, transposePlain},
		Rounded: {copyRounded, transposeRounded, copyRounded, transposeRounded},
		Pair:    {copyPairs, transposePairs, copyZipFloats, transposeZipFloats},
	},
	BF16: {
		Float:   {copyWidened, transposeWidened, copyWidened, transposeWidened},
		Rounded: {copyWidened, transposeWidened, copyWidened, transposeWidened},
		Pair:    {copyPlain, transposePlain, copyZipHalves, transposeZipHalves},
	},
}

// wideMoves take sixteen words at a time, and the last eight of a row as vectorMoves do.
var wideMoves = [types][forms]moves{
	F32: {
		Float:   {copyPlains, transposePlains, copyPlains, transposePlains},
		Rounded: vectorMoves[F32][Rounded],
		Pair: {
			wider(copyWidePairs, copyPairs, 32*4, false), wider(transposeWidePairs, transposePairs, 32*4, true),
			wider(copyWideZipFloats, copyZipFloats, 16*4, false), wider(transposeWideZipFloats, transposeZipFloats, 16*4, true),
		},
		Split: {copySteps: copySplit, copyLanes: copySplitZip},
	},
	BF16: {
		Float:   vectorMoves[BF16][Float],
		Rounded: vectorMoves[BF16][Rounded],
		Pair: {
			copyPlains, transposePlains,
			wider(copyWideZipHalves, copyZipHalves, 16*2, false), wider(transposeWideZipHalves, transposeZipHalves, 16*2, true),
		},
	},
}

var (
	copyPlains      = wider(copyWidePlain, copyPlain, 16*Word, false)
	transposePlains = wider(transposeWidePlain, transposePlain, 16*Word, true)
)

// wider joins a routine that takes sixteens of words, which lie in so many bytes of a row of the source, and one that takes eights.
func wider(wide, narrow move, bytes int, transposes bool) move {
	return func(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int) {
		sixteens := eights / 2
		if sixteens > 0 {
			wide(dst, dstStep, src, srcStep, count, sixteens)
		}
		if eights%2 == 0 {
			return
		}
		word := Word
		if transposes {
			word = dstStep
		}
		narrow(unsafe.Add(dst, 16*sixteens*word), dstStep, unsafe.Add(src, sixteens*bytes), srcStep, count, 1)
	}
}
