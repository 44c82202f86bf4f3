package tile

import "videomae/engine/simd/isa"

// For gives the kernels of an instruction set, which the CPU must have.
func For(level isa.Level) *Kernels {
	if level == isa.Portable {
		return portable()
	}
	if level == isa.AVX2 {
		return &Kernels{Level: level, MR: 6, NR: 16, F32: multiplyAVX2, PeakF32: peakAVX2, moves: vectorMoves}
	}
	k := &Kernels{Level: level, MR: 12, NR: 32, F32: multiplyAVX512, PeakF32: peakAVX512, moves: vectorMoves}
	if level == isa.AVX512BF16 {
		k.BF16, k.PeakBF16 = multiplyBF16, peakBF16
	}
	return k
}

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
