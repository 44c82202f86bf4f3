package tile

import "unsafe"

//go:generate go run ../gen/tile multiply multiply_amd64.s
//go:generate go run ../gen/tile matrix matrix_amd64.s
//go:generate go run ../gen/tile layout layout_amd64.s
//go:generate go run ../gen/tile wide wide_amd64.s
//go:generate go run ../gen/tile split split_amd64.s

// The products, each of type Multiply; their arithmetic alone; and the routines that lay operands out, each of type move.

//go:noescape
func multiplyAVX2(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

//go:noescape
func multiplyAVX512(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

//go:noescape
func multiplyBF16(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

// multiplyTiles computes rows of tiles, height rows each (at most 32; rows is a multiple), with tiles shaped for them.
//
//go:noescape
func multiplyTiles(shape *shape, rows, height, blocks int, a unsafe.Pointer, aRow int, b unsafe.Pointer, bStep int, c *float32, ldc int, load bool)

// multiplySplitTiles does it for split numbers.
//
//go:noescape
func multiplySplitTiles(shape *shape, rows, height, blocks int, a unsafe.Pointer, aRow int, b unsafe.Pointer, bStep int, c *float32, ldc int, load bool)

// storeScaled stores at least one row of 32 sums, times alpha, or adds that to c.
//
//go:noescape
func storeScaled(rows int, sums *float32, c *float32, ldc int, alpha float32, load bool)

//go:noescape
func spinTiles(shape *shape, blocks int)

//go:noescape
func peakAVX2(steps int)

//go:noescape
func peakAVX512(steps int)

//go:noescape
func peakBF16(steps int)

//go:noescape
func copyPlain(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func copyRounded(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func copyWidened(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func copyPairs(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func copyZipFloats(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func copyZipHalves(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func transposePlain(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func transposeRounded(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func transposeWidened(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func transposePairs(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func transposeZipFloats(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func transposeZipHalves(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, eights int)

//go:noescape
func copyWidePlain(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func copyWidePairs(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func copyWideZipFloats(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func copyWideZipHalves(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func transposeWidePlain(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func transposeWidePairs(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func transposeWideZipFloats(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

//go:noescape
func transposeWideZipHalves(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)

// unseen returns p, so that memory on the stack stays there though a pointer to it goes to a function that the compiler does not know.
//
//go:noescape
func unseen(p unsafe.Pointer) unsafe.Pointer

// The routines that split numbers, each of type move: copySplit counts rows and blocks, copySplitZip blocks and sixteens of words.

//go:noescape
func copySplit(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, blocks int)

//go:noescape
func copySplitZip(dst unsafe.Pointer, dstStep int, src unsafe.Pointer, srcStep, count, sixteens int)
