// Copying between two strided arrangements, whatever the element type: the work of every op that only moves data.

package ops

import (
	"slices"
	"unsafe"
)

const (
	copyGrain  = 128 << 10 // bytes that make a task of their own worth while: some 10 us of copying
	widestUnit = 16        // bytes that are copied by one load and one store
)

// transfer copies from the places of operand 0 of a nest to those of operand 1. Its places count bytes.
type transfer interface {
	// Tasks is the number of parts.
	Tasks() int

	// run does one part, with all places in src and dst moved on by so many bytes.
	run(part int, src, dst []byte, srcAt, dstAt int)
}

// newTransfer copies one element of size bytes at each place of the nest. The distances by which run is to move it must be
// multiples of steps. It takes the widest unit of memory that everything is a multiple of, so that two of every four
// Float32 are copied as 8 bytes, and rows by memmove. No part has less than grain bytes.
func newTransfer(axes []axis, base offsets, size, grain int, steps ...int) transfer {
	p := newNest(append(slices.Clone(axes), axis{size, rowStep}), base)
	unit := unitOf(p, steps)
	for k, a := range p.axes {
		if a.step == rowStep {
			p.axes[k].n /= unit
		} else {
			p.axes[k].step = offsets{a.step[0] / unit, a.step[1] / unit}
		}
	}
	p = ordered(newNest(p.axes, offsets{base[0] / unit, base[1] / unit}))
	list := p.split(max(grain/unit, 1))
	switch unit {
	case 1:
		return copies[uint8]{list}
	case 2:
		return copies[uint16]{list}
	case 4:
		return copies[uint32]{list}
	case 8:
		return copies[uint64]{list}
	}
	return copies[[2]uint64]{list}
}

// rowStep is the step of a loop that runs along both operands.
var rowStep = offsets{1, 1}

// unitOf gives the greatest power of two, up to the widest unit, that divides all places of a nest, the length of its rows,
// and the given steps.
func unitOf(p nest, steps []int) int {
	multiples := p.base[0] | p.base[1]
	if p.inner().step != rowStep {
		return 1 // single bytes
	}
	for _, a := range p.axes {
		if a.step == rowStep {
			multiples |= a.n
		} else {
			multiples |= a.step[0] | a.step[1]
		}
	}
	for _, step := range steps {
		multiples |= step
	}
	return min(multiples&-multiples, widestUnit)
}

// ordered puts the loops in the order in which memory is used best. Rows are taken as they lie in the source, since loads
// have to wait for memory but stores do not. Where no rows are left, the loop that runs along the source goes next to the
// one that runs along the destination: the inner pair is then the transpose of a matrix.
func ordered(p nest) nest {
	axes, last := slices.Clone(p.axes), len(p.axes)-1
	if p.inner().step == rowStep {
		if !slices.ContainsFunc(axes, func(a axis) bool { return a.step[0] <= 0 }) {
			slices.SortStableFunc(axes[:last], func(a, b axis) int { return b.step[0] - a.step[0] })
		}
		return nest{axes, p.base}
	}
	k := slices.IndexFunc(axes, func(a axis) bool { return a.step[0] == 1 })
	if k >= 0 && p.inner().step[0] > 1 && p.inner().step[1] == 1 {
		axes = slices.Insert(slices.Delete(axes, k, k+1), last-1, p.axes[k])
	}
	return nest{axes, p.base}
}

// copies is a transfer in units of type T.
type copies[T any] struct{ parts }

func (c copies[T]) run(part int, src, dst []byte, srcAt, dstAt int) {
	var unit T
	p, from, to := c.parts[part], view[T](src), view[T](dst)
	p.base = p.base.plus(1, offsets{srcAt / int(unsafe.Sizeof(unit)), dstAt / int(unsafe.Sizeof(unit))})
	outer, inner := p.axes[len(p.axes)-2], p.inner()
	if outer.step[0] == 1 && inner.step[1] == 1 && inner.step[0] > 1 {
		p.rows(2, func(at offsets) {
			transpose(to[at[1]:], from[at[0]:], outer.n, inner.n, outer.step[1], inner.step[0])
		})
		return
	}
	p.rows(2, func(at offsets) { copyRows(to, from, at[1], at[0], outer, inner) })
}

// copyRows copies a row for each turn of rows, from place i of src to place o of dst.
func copyRows[T any](dst, src []T, o, i int, rows, row axis) {
	n, across, down := row.n, row.step, rows.step
	switch {
	case across[0] == 1 && across[1] == 1:
		for range rows.n {
			copy(dst[o:o+n], src[i:i+n])
			i, o = i+down[0], o+down[1]
		}
	case across[0] == 0 && across[1] == 1:
		for range rows.n {
			fill(dst[o:o+n], src[i])
			i, o = i+down[0], o+down[1]
		}
	default:
		for range rows.n {
			from, to := i, o
			for range n {
				dst[to] = src[from]
				from, to = from+across[0], to+across[1]
			}
			i, o = i+down[0], o+down[1]
		}
	}
}

// fill sets all of dst to one value. After the first few it copies what is there already, in pieces that stay in the cache.
func fill[T any](dst []T, value T) {
	const first, most = 16, 2048
	for i := range dst[:min(first, len(dst))] {
		dst[i] = value
	}
	for done := first; done < len(dst); {
		done += copy(dst[done:], dst[:min(done, most)])
	}
}

// transpose writes the matrix dst of rows x cols, of which src has the columns as its rows. It goes in blocks, eight rows of
// src at a time, so that each cache line of src and of dst is in the cache for as long as it is of use.
func transpose[T any](dst, src []T, rows, cols, dstStep, srcStep int) {
	const tall, wide = 128, 8
	for r := 0; r < rows; r += tall {
		h := min(tall, rows-r)
		c := 0
		for ; c+wide <= cols; c += wide {
			s := src[c*srcStep+r:]
			s0, s1, s2, s3 := s[:h], s[srcStep:][:h], s[2*srcStep:][:h], s[3*srcStep:][:h]
			s4, s5, s6, s7 := s[4*srcStep:][:h], s[5*srcStep:][:h], s[6*srcStep:][:h], s[7*srcStep:][:h]
			o := r*dstStep + c
			for i := range s0 {
				d := dst[o:][:wide]
				d[0], d[1], d[2], d[3] = s0[i], s1[i], s2[i], s3[i]
				d[4], d[5], d[6], d[7] = s4[i], s5[i], s6[i], s7[i]
				o += dstStep
			}
		}
		for ; c < cols; c++ {
			for i, v := range src[c*srcStep+r:][:h] {
				dst[(r+i)*dstStep+c] = v
			}
		}
	}
}
