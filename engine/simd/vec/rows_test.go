package vec

import (
	"slices"
	"testing"
	"unsafe"
)

// Kernels over rows give what those over slices give for each row, to the last bit, wherever the rows lie.
func TestRows(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, width := range []int{0, 1, 7, 8, 16, 31, 64, 100, 192, 1024, 1030} {
			for _, rows := range []int{0, 1, 2, 5} {
				for _, gap := range []int{0, 3, -width} { // the last: the same row again and again
					checkRows(t, k, rows, width, width+gap)
				}
			}
		}
	})
}

// checkRows compares kernels on a matrix x, whose rows lie ld apart, and dense others.
func checkRows(t *testing.T, k *Kernels, rows, width, ld int) {
	t.Helper()
	x, y, z := numbers(rows*ld+width, 1), numbers(rows*width, 2), numbers(rows*width, 3)
	s := numbers(rows, 4)
	first := func(list []float32) *float32 { return unsafe.SliceData(list) }
	line := func(list []float32, ld, r int) []float32 { return list[r*ld:][:width] }
	check := func(what string, run func(dst *float32, ldd int), want func(dst []float32, r int)) {
		t.Helper()
		dst, row := guard[float32](rows*width, 77), make([]float32, width)
		run(first(dst.inner()), width)
		dst.check(t, what)
		for r := range rows {
			want(row, r)
			if !slices.EqualFunc(line(dst.inner(), width, r), row, same) {
				t.Fatalf("%s: row %d of %d, of %d numbers, is %v, want %v", what, r, rows, width, line(dst.inner(), width, r), row)
			}
		}
	}
	for op := range numBinary {
		if op >= And {
			break // of masks
		}
		check(op.String(), func(dst *float32, ldd int) { k.BinaryRows[op](dst, ldd, first(x), ld, first(y), width, rows, width) },
			func(dst []float32, r int) { k.Binary[op](dst, line(x, ld, r), line(y, width, r)) })
		check(op.String()+" with a number a row", func(dst *float32, ldd int) { k.RightRows[op](dst, ldd, first(x), ld, first(s), 1, rows, width) },
			func(dst []float32, r int) { k.BinaryScalarRight[op](dst, line(x, ld, r), s[r]) })
	}
	check("MulAdd", func(dst *float32, ldd int) {
		k.MulAddRows(dst, ldd, first(x), ld, first(y), width, first(z), width, rows, width)
	}, func(dst []float32, r int) { k.MulAdd(dst, line(x, ld, r), line(y, width, r), line(z, width, r)) })
	check("AddScaled", func(dst *float32, ldd int) {
		k.AddScaledRows(dst, ldd, first(x), ld, first(s), 1, first(y), width, rows, width)
	}, func(dst []float32, r int) { k.AddScaled(dst, line(x, ld, r), s[r], line(y, width, r)) })

	checkConversions(t, k, rows, width, ld, x)
	sums := func(what string, run func(dst *float32), want func(r int) float32) {
		t.Helper()
		dst := guard[float32](rows, 77)
		run(first(dst.inner()))
		dst.check(t, what)
		for r, got := range dst.inner() {
			if !same(got, want(r)) {
				t.Fatalf("%s of row %d of %d, of %d numbers, is %v, want %v", what, r, rows, width, got, want(r))
			}
		}
	}
	sums("Sum", func(dst *float32) { k.SumRows(dst, 1, first(x), ld, rows, width) }, func(r int) float32 { return k.Sum(line(x, ld, r)) })
	sums("Dot", func(dst *float32) { k.DotRows(dst, 1, first(x), ld, first(y), width, rows, width) },
		func(r int) float32 { return k.Dot(line(x, ld, r), line(y, width, r)) })
}

func checkConversions(t *testing.T, k *Kernels, rows, width, ld int, x []float32) {
	t.Helper()
	short, row := guard[uint16](rows*width, 777), make([]uint16, width)
	k.ToBF16Rows(unsafe.SliceData(short.inner()), width, unsafe.SliceData(x), ld, rows, width)
	short.check(t, "ToBF16Rows")
	back, wide := guard[float32](rows*width, 77), make([]float32, width)
	k.FromBF16Rows(unsafe.SliceData(back.inner()), width, unsafe.SliceData(short.inner()), width, rows, width)
	back.check(t, "FromBF16Rows")
	for r := range rows {
		k.ToBF16(row, x[r*ld:][:width])
		k.FromBF16(wide, row)
		if !slices.Equal(short.inner()[r*width:][:width], row) || !slices.EqualFunc(back.inner()[r*width:][:width], wide, same) {
			t.Fatalf("row %d of %d, of %d numbers, is not converted as alone", r, rows, width)
		}
	}
}
