// Package tile multiplies small tiles of matrices held in registers, and lays operands out for that.
//
// A product C = A·B is summed over steps along K. A step is one 32-bit word of a row of A times one of a column of B: a float32,
// or a pair of bfloat16 that are neighbours along K. A is read in place or from a copy, whatever its strides. B is read in
// panels of NR columns, whose words for one step are neighbours.
//
// Where the CPU multiplies bfloat16 many times faster than float32, float32 is multiplied as such: each number is the sum of three
// bfloat16 (form Split), and six of the nine products of the parts hold all that a float32 can.
package tile

import (
	"unsafe"

	"videomae/engine/simd/isa"
)

// Multiply computes, for i < rows and j < NR,
//
//	c[i*ldc+j] = alpha · Σ a(i,p)·b(p,j)  (+ c[i*ldc+j] if load)   over p < steps
//
// where a(i,p) is the word at a + i*aRow + p*aStep bytes and b(p,j) the one at b + p*bStep + 4*j bytes. The sum runs over p in
// order, so no element depends on rows; its error is at most (steps+1)·2^-24·Σ|a·b|. The products of bfloat16 take and give
// subnormal numbers as 0. Any number of rows is allowed, also 0; ldc counts float32. Kernels of bfloat16 ask for aStep to be a word,
// those of split numbers for whole blocks of steps.
type Multiply func(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

// Kernels are what one instruction set has.
type Kernels struct {
	Level isa.Level
	NR    int     // columns of a tile, a multiple of 4
	F32   Product // of words that are float32
	BF16  Product // of words that are pairs of bfloat16, with float32 sums; its Multiply is nil where the CPU has no such instruction
	Split Product // of float32 in three parts; its Multiply is nil where it would be slower than F32's

	moves [types][forms]moves
}

// Product is a kernel. Rows of A are cheapest in multiples of MR, elements along K in multiples of Depth; both divide 96.
type Product struct {
	Multiply  Multiply
	MR, Depth int
	// Peak does the arithmetic of so many elements along K (at least 1) of a tile on registers alone, to see how fast that can be:
	// 2·MR·NR operations each.
	Peak func(depth int)
}

// moves lay words out, many at a time, from sources whose steps are neighbours or whose lanes are.
type moves struct{ copySteps, transposeSteps, copyLanes, transposeLanes move }

// move copies rows of words: count rows of eights·8 words, or transposing, count·8 rows. The rows are dstStep and srcStep bytes
// apart. Neither count nor eights may be 0.
type move func(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

// Word is the size in bytes of what a step multiplies.
const Word = 4

// Form is what the words of a step are.
type Form uint8

// The forms of words.
const (
	Float   Form = iota // a float32
	Rounded             // a float32 that was rounded to the nearest bfloat16, ties to even
	Pair                // two bfloat16, neighbours along K; the last is 0 if K is odd
	// Split is three words for each pair of float32: of the nearest bfloat16, of the upper halves of what they leave, and of what
	// both leave, which makes their sum exact down to 2^-110. The words of splitDepth elements follow each other, the sixteen of the
	// first kind in front; the last elements are 0 if K is no multiple. What is not finite makes NaN of all it meets.
	Split
	forms
)

// splitDepth elements along K are splitSteps words, the same number of each part.
const (
	splitDepth = 32
	splitParts = 3
	splitSteps = splitParts * splitDepth / 2
)

// Steps is the number of words that hold so many elements along K.
func (f Form) Steps(depth int) int {
	fewest := (depth + f.Elements() - 1) / f.Elements()
	if f == Split {
		return fewest * splitSteps
	}
	return fewest
}

// Product is the kernel for words of a form.
func (k *Kernels) Product(f Form) Product {
	switch f {
	case Pair:
		return k.BF16
	case Split:
		return k.Split
	}
	return k.F32
}

// Elements is the fewest elements along K that fill whole words.
func (f Form) Elements() int {
	switch f {
	case Pair:
		return 2
	case Split:
		return splitDepth
	}
	return 1
}
