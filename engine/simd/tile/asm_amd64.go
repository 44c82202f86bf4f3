package tile

import "unsafe"

//go:generate go run ../gen/tile multiply multiply_amd64.s
//go:generate go run ../gen/tile layout layout_amd64.s

// The products, each of type Multiply; their arithmetic alone; and the routines that lay operands out, each of type move.

//go:noescape
func multiplyAVX2(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

//go:noescape
func multiplyAVX512(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

//go:noescape
func multiplyBF16(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool)

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
