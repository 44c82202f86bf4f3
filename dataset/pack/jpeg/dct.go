package jpeg

import "math"

// The transforms are those of C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications"
// (ICASSP 1989), in integers with 13 fraction bits. Eight values come out sqrt(8) times those of the orthonormal transform each way.

// Sums and differences of cosines, with 13 fraction bits.
const (
	fraction = 13
	c0_298   = 2446  // .298631336
	c0_390   = 3196  // .390180644
	c0_541   = 4433  // .541196100
	c0_765   = 6270  // .765366865
	c0_899   = 7373  // .899976223
	c1_175   = 9633  // 1.175875602
	c1_501   = 12299 // 1.501321110
	c1_847   = 15137 // 1.847759065
	c1_961   = 16069 // 1.961570560
	c2_053   = 16819 // 2.053119869
	c2_562   = 20995 // 2.562915447
	c3_072   = 25172 // 3.072711026
)

// keep is how many fraction bits stay between the two passes.
const keep = 2

// block is 8 x 8 values, row by row.
type block [64]int32

// forward transforms pixels, less 128 and row by row, to coefficients 8 times those of the orthonormal transform, column by column: first
// along columns, then along rows.
func (b *block) forward() {
	for x := range 8 {
		c := (*[57]int32)(b[x:])
		c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = forwardLine(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56], fraction-keep)
	}
	b.transpose()
	for y := range 8 {
		c := (*[57]int32)(b[y:])
		c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = forwardLine(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56], fraction+keep)
	}
}

func (b *block) transpose() {
	for y := range 8 {
		for x := range y {
			b[8*y+x], b[8*x+y] = b[8*x+y], b[8*y+x]
		}
	}
}

// forwardLine transforms 8 values, and takes down bits off what comes out with fraction more.
func forwardLine(x0, x1, x2, x3, x4, x5, x6, x7 int32, down int) (_, _, _, _, _, _, _, _ int32) {
	s0, s1, s2, s3 := x0+x7, x1+x6, x2+x5, x3+x4
	d0, d1, d2, d3 := x0-x7, x1-x6, x2-x5, x3-x4
	half := int32(1) << (down - 1)

	turn := (s1-s2+s0-s3)*c0_541 + half
	y0, y4 := (s0+s3+s1+s2)<<fraction+half, (s0+s3-s1-s2)<<fraction+half
	y2, y6 := turn+(s0-s3)*c0_765, turn-(s1-s2)*c1_847

	both := (d3+d1+d2+d0)*c1_175 + half
	z1, z2 := -(d3+d0)*c0_899, -(d2+d1)*c2_562
	z3, z4 := both-(d3+d1)*c1_961, both-(d2+d0)*c0_390
	y1, y3, y5, y7 := d0*c1_501+z1+z4, d1*c3_072+z2+z3, d2*c2_053+z2+z4, d3*c0_298+z1+z3
	return y0 >> down, y1 >> down, y2 >> down, y3 >> down, y4 >> down, y5 >> down, y6 >> down, y7 >> down
}

// quantise divides coefficients by the steps of which reciprocal has the inverses, to the nearest whole number. Both are column by column.
func (b *block) quantise(reciprocal *[64]float32) {
	for i, v := range b {
		b[i] = int32(math.RoundToEven(float64(float32(v) * reciprocal[i])))
	}
}

// inverse transforms coefficients, not scaled and column by column, to pixels at out, whose rows are stride apart: first along rows,
// then along columns. The block is used up.
func (b *block) inverse(out []uint8, stride int) {
	if inverseVector(b, out, stride) {
		return
	}
	for y := range 8 {
		b.inverseRow(y)
	}
	for x := range 8 {
		b.inverseColumn(x, out[x:], stride)
	}
}

// inverseRow transforms row y in place.
func (b *block) inverseRow(y int) {
	c := (*[57]int32)(b[y:])
	if c[8]|c[16]|c[24]|c[32]|c[40]|c[48]|c[56] == 0 {
		v := c[0] << keep
		c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = v, v, v, v, v, v, v, v
		return
	}
	e0, e1, e2, e3 := inverseEven(c[0], c[16], c[32], c[48], 1<<(rowBits-1))
	o0, o1, o2, o3 := inverseOdd(c[8], c[24], c[40], c[56])
	c[0], c[56] = (e0+o0)>>rowBits, (e0-o0)>>rowBits
	c[8], c[48] = (e1+o1)>>rowBits, (e1-o1)>>rowBits
	c[16], c[40] = (e2+o2)>>rowBits, (e2-o2)>>rowBits
	c[24], c[32] = (e3+o3)>>rowBits, (e3-o3)>>rowBits
}

// inverseColumn transforms column x to pixels at out.
func (b *block) inverseColumn(x int, out []uint8, stride int) {
	c := (*[8]int32)(b[8*x:])
	e0, e1, e2, e3 := inverseEven(c[0], c[2], c[4], c[6], columnBias)
	o0, o1, o2, o3 := inverseOdd(c[1], c[3], c[5], c[7])
	out[0], out[7*stride] = clamp((e0+o0)>>columnBits), clamp((e0-o0)>>columnBits)
	out[stride], out[6*stride] = clamp((e1+o1)>>columnBits), clamp((e1-o1)>>columnBits)
	out[2*stride], out[5*stride] = clamp((e2+o2)>>columnBits), clamp((e2-o2)>>columnBits)
	out[3*stride], out[4*stride] = clamp((e3+o3)>>columnBits), clamp((e3-o3)>>columnBits)
}

// How many bits the passes of the inverse take off, and what makes the second round and moves pixels back by 128.
const (
	rowBits    = fraction - keep
	columnBits = fraction + keep + 3
	columnBias = 1<<(columnBits-1) + 128<<columnBits
)

// inverseEven gives what the even coefficients add to the first four of 8 values, plus bias; to the last four they add the same, mirrored.
func inverseEven(x0, x2, x4, x6, bias int32) (e0, e1, e2, e3 int32) {
	turn := (x2 + x6) * c0_541
	low, high := turn-x6*c1_847, turn+x2*c0_765
	sum, difference := (x0+x4)<<fraction+bias, (x0-x4)<<fraction+bias
	return sum + high, difference + low, difference - low, sum - high
}

// inverseOdd gives what the odd coefficients add to the first four of 8 values; from the last four they take the same, mirrored.
func inverseOdd(x1, x3, x5, x7 int32) (o0, o1, o2, o3 int32) {
	both := (x7 + x3 + x5 + x1) * c1_175
	z1, z2 := -(x7+x1)*c0_899, -(x5+x3)*c2_562
	z3, z4 := both-(x7+x3)*c1_961, both-(x5+x1)*c0_390
	return x1*c1_501 + z1 + z4, x3*c3_072 + z2 + z3, x5*c2_053 + z2 + z4, x7*c0_298 + z1 + z3
}

// clamp brings a value into a pixel's range.
func clamp(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31)) // 0 below, 255 above
	}
	return uint8(v)
}
