//go:build goexperiment.simd && amd64

package jpeg

import (
	"encoding/binary"
	"simd/archsimd"
)

// vector tells whether the CPU has what these loops use.
var vector = archsimd.X86.AVX2()

// inverseVector is the inverse transform with a column of coefficients, later a row of pixels, in each vector.
func inverseVector(b *block, out []uint8, stride int) bool {
	if !vector {
		return false
	}
	v0, v1, v2, v3, v4, v5, v6, v7 := b.rows()
	v0, v1, v2, v3, v4, v5, v6, v7 = inverseLines(v0, v1, v2, v3, v4, v5, v6, v7, 1<<(rowBits-1))
	row := func(x archsimd.Int32x8) archsimd.Int32x8 { return x.ShiftAllRight(rowBits) }
	v0, v1, v2, v3, v4, v5, v6, v7 = transpose(row(v0), row(v1), row(v2), row(v3), row(v4), row(v5), row(v6), row(v7))
	v0, v1, v2, v3, v4, v5, v6, v7 = inverseLines(v0, v1, v2, v3, v4, v5, v6, v7, columnBias)
	column := func(x archsimd.Int32x8) archsimd.Int32x8 { return x.ShiftAllRight(columnBits) }
	storeRows(out, stride, column(v0), column(v1), column(v2), column(v3))
	storeRows(out[4*stride:], stride, column(v4), column(v5), column(v6), column(v7))
	archsimd.ClearAVXUpperBits()
	return true
}

// inverseLines transforms along the vectors: place i of each of the results comes from place i of each of the arguments.
func inverseLines(x0, x1, x2, x3, x4, x5, x6, x7 archsimd.Int32x8, bias int32) (_, _, _, _, _, _, _, _ archsimd.Int32x8) {
	times := func(x archsimd.Int32x8, c int32) archsimd.Int32x8 { return x.Mul(archsimd.BroadcastInt32x8(c)) }
	turn := times(x2.Add(x6), c0_541)
	low, high := turn.Sub(times(x6, c1_847)), turn.Add(times(x2, c0_765))
	sum := x0.Add(x4).ShiftAllLeft(fraction).Add(archsimd.BroadcastInt32x8(bias))
	difference := x0.Sub(x4).ShiftAllLeft(fraction).Add(archsimd.BroadcastInt32x8(bias))
	e0, e1, e2, e3 := sum.Add(high), difference.Add(low), difference.Sub(low), sum.Sub(high)

	both := times(x7.Add(x3).Add(x5.Add(x1)), c1_175)
	z1, z2 := times(x7.Add(x1), -c0_899), times(x5.Add(x3), -c2_562)
	z3, z4 := both.Sub(times(x7.Add(x3), c1_961)), both.Sub(times(x5.Add(x1), c0_390))
	o0, o1 := times(x1, c1_501).Add(z1).Add(z4), times(x3, c3_072).Add(z2).Add(z3)
	o2, o3 := times(x5, c2_053).Add(z2).Add(z4), times(x7, c0_298).Add(z1).Add(z3)

	return e0.Add(o0), e1.Add(o1), e2.Add(o2), e3.Add(o3), e3.Sub(o3), e2.Sub(o2), e1.Sub(o1), e0.Sub(o0)
}

// forwardVector is the forward transform with a row of pixels, later a column of coefficients, in each vector, and their quantisation.
func forwardVector(b *block, reciprocal *[64]float32) bool {
	if !vector {
		return false
	}
	v0, v1, v2, v3, v4, v5, v6, v7 := b.rows()
	v0, v1, v2, v3, v4, v5, v6, v7 = forwardLines(v0, v1, v2, v3, v4, v5, v6, v7, 1<<(fraction-keep-1))
	row := func(x archsimd.Int32x8) archsimd.Int32x8 { return x.ShiftAllRight(fraction - keep) }
	v0, v1, v2, v3, v4, v5, v6, v7 = transpose(row(v0), row(v1), row(v2), row(v3), row(v4), row(v5), row(v6), row(v7))
	v0, v1, v2, v3, v4, v5, v6, v7 = forwardLines(v0, v1, v2, v3, v4, v5, v6, v7, 1<<(fraction+keep-1))
	for i, v := range [8]archsimd.Int32x8{v0, v1, v2, v3, v4, v5, v6, v7} {
		inverse := archsimd.LoadFloat32x8((*[8]float32)(reciprocal[8*i:]))
		q := v.ShiftAllRight(fraction + keep).ConvertToFloat32().Mul(inverse).RoundToEven().ConvertToInt32()
		q.Store((*[8]int32)(b[8*i:]))
	}
	archsimd.ClearAVXUpperBits()
	return true
}

// rows loads a block.
func (b *block) rows() (_, _, _, _, _, _, _, _ archsimd.Int32x8) {
	load := func(i int) archsimd.Int32x8 { return archsimd.LoadInt32x8((*[8]int32)(b[8*i:])) }
	return load(0), load(1), load(2), load(3), load(4), load(5), load(6), load(7)
}

// forwardLines transforms along the vectors: place i of each of the results comes from place i of each of the arguments.
func forwardLines(x0, x1, x2, x3, x4, x5, x6, x7 archsimd.Int32x8, bias int32) (_, _, _, _, _, _, _, _ archsimd.Int32x8) {
	times := func(x archsimd.Int32x8, c int32) archsimd.Int32x8 { return x.Mul(archsimd.BroadcastInt32x8(c)) }
	s0, s1, s2, s3 := x0.Add(x7), x1.Add(x6), x2.Add(x5), x3.Add(x4)
	d0, d1, d2, d3 := x0.Sub(x7), x1.Sub(x6), x2.Sub(x5), x3.Sub(x4)
	half := archsimd.BroadcastInt32x8(bias)

	outer, inner := s0.Add(s3), s1.Add(s2)
	y0, y4 := outer.Add(inner).ShiftAllLeft(fraction).Add(half), outer.Sub(inner).ShiftAllLeft(fraction).Add(half)
	outer, inner = s0.Sub(s3), s1.Sub(s2)
	turn := times(outer.Add(inner), c0_541).Add(half)
	y2, y6 := turn.Add(times(outer, c0_765)), turn.Sub(times(inner, c1_847))

	both := times(d3.Add(d1).Add(d2.Add(d0)), c1_175).Add(half)
	z1, z2 := times(d3.Add(d0), -c0_899), times(d2.Add(d1), -c2_562)
	z3, z4 := both.Sub(times(d3.Add(d1), c1_961)), both.Sub(times(d2.Add(d0), c0_390))
	y1, y3 := times(d0, c1_501).Add(z1).Add(z4), times(d1, c3_072).Add(z2).Add(z3)
	y5, y7 := times(d2, c2_053).Add(z2).Add(z4), times(d3, c0_298).Add(z1).Add(z3)
	return y0, y1, y2, y3, y4, y5, y6, y7
}

// transpose swaps the number of a vector with the place in it.
func transpose(x0, x1, x2, x3, x4, x5, x6, x7 archsimd.Int32x8) (_, _, _, _, _, _, _, _ archsimd.Int32x8) {
	a0, a1, a2, a3 := quarter(x0, x1, x2, x3)
	b0, b1, b2, b3 := quarter(x4, x5, x6, x7)
	return a0.Select128FromPair(0, 2, b0), a1.Select128FromPair(0, 2, b1), a2.Select128FromPair(0, 2, b2), a3.Select128FromPair(0, 2, b3),
		a0.Select128FromPair(1, 3, b0), a1.Select128FromPair(1, 3, b1), a2.Select128FromPair(1, 3, b2), a3.Select128FromPair(1, 3, b3)
}

// quarter transposes the lower and the upper four places of four vectors.
func quarter(x0, x1, x2, x3 archsimd.Int32x8) (_, _, _, _ archsimd.Int32x8) {
	low01, high01 := x0.InterleaveLoGrouped(x1).AsInt64x4(), x0.InterleaveHiGrouped(x1).AsInt64x4()
	low23, high23 := x2.InterleaveLoGrouped(x3).AsInt64x4(), x2.InterleaveHiGrouped(x3).AsInt64x4()
	return low01.InterleaveLoGrouped(low23).AsInt32x8(), low01.InterleaveHiGrouped(low23).AsInt32x8(),
		high01.InterleaveLoGrouped(high23).AsInt32x8(), high01.InterleaveHiGrouped(high23).AsInt32x8()
}

// gap in a shuffle leaves a zero byte.
const gap = -1

// shuffles of bytes within 16.
var (
	lowBytes  = [32]int8{0, 2, 4, 6, 8, 10, 12, 14, gap, gap, gap, gap, gap, gap, gap, gap, 0, 2, 4, 6, 8, 10, 12, 14, gap, gap, gap, gap, gap, gap, gap, gap}
	highBytes = [32]int8{gap, gap, gap, gap, gap, gap, gap, gap, 0, 2, 4, 6, 8, 10, 12, 14, gap, gap, gap, gap, gap, gap, gap, gap, 0, 2, 4, 6, 8, 10, 12, 14}
	byRow     = [8]uint32{0, 4, 1, 5, 2, 6, 3, 7} // quarters of four rows, lower halves first, to rows
)

// storeRows clamps four rows of a block to pixels.
func storeRows(out []uint8, stride int, r0, r1, r2, r3 archsimd.Int32x8) {
	zero, white := archsimd.Int16x16{}, archsimd.BroadcastInt16x16(255)
	first := r0.SaturateToInt16ConcatGrouped(r1).Max(zero).Min(white).AsUint8x32()
	second := r2.SaturateToInt16ConcatGrouped(r3).Max(zero).Min(white).AsUint8x32()
	bytes := first.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&lowBytes)).Or(second.PermuteOrZeroGrouped(archsimd.LoadInt8x32(&highBytes)))
	rows := bytes.AsInt32x8().Permute(archsimd.LoadUint32x8(&byRow)).AsUint64x4()
	low, high := rows.GetLo(), rows.GetHi()
	binary.LittleEndian.PutUint64(out, low.GetElem(0))
	binary.LittleEndian.PutUint64(out[stride:], low.GetElem(1))
	binary.LittleEndian.PutUint64(out[2*stride:], high.GetElem(0))
	binary.LittleEndian.PutUint64(out[3*stride:], high.GetElem(1))
}
