package tile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"videomae/engine/simd/isa"
)

// guard is what memory around results holds, to see that it stays.
const guard = 0x7FAB_CDEF

// matrix is an operand over random values, with its values.
func matrix(random *rand.Rand, kind Type, lanes, steps, lane, step int) Operand {
	n := 1 + max(0, lanes-1)*lane + max(0, steps-1)*step
	if kind == BF16 {
		data := make([]uint16, n)
		for i := range data {
			data[i] = uint16(round(math.Float32bits(float32(random.NormFloat64()))) >> 16)
		}
		return Operand{unsafe.Pointer(&data[0]), BF16, lane, step}
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(random.NormFloat64())
	}
	return Operand{unsafe.Pointer(&data[0]), F32, lane, step}
}

func (o Operand) value(lane, step int) float64 {
	return float64(math.Float32frombits(o.bits(lane, step)))
}

// arrangements of so many lanes and steps: neighbours along steps, along lanes, or neither; with gaps.
func arrangements(lanes, steps int) [][2]int {
	return [][2]int{{steps, 1}, {steps + 3, 1}, {1, lanes}, {1, lanes + 5}, {2, 2*lanes + 1}, {2*steps + 1, 2}}
}

func sizes(mr int) []int { return []int{0, 1, 2, 3, mr/2 + 1, mr - 1, mr, mr + 1, 3*mr + 2, 40} }

func TestProductsAreThoseOfFloat64(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	onEveryLevel(t, func(t *testing.T, k *Kernels) {
		for _, form := range []Form{Float, Rounded, Pair, Split} {
			if k.Product(form).Multiply == nil {
				continue
			}
			for _, rows := range sizes(k.Product(form).MR) {
				for _, depth := range []int{0, 1, 2, 3, 4, 5, 8, 19, 64, 131} {
					for _, load := range []bool{false, true} {
						testProduct(t, random, k, form, rows, depth, load)
					}
				}
			}
		}
	})
}

// onEveryLevel tests the kernels that this CPU runs.
func onEveryLevel(t *testing.T, test func(t *testing.T, k *Kernels)) {
	for _, level := range isa.Levels() {
		t.Run(level.String(), func(t *testing.T) { test(t, For(level)) })
	}
}

func testProduct(t *testing.T, random *rand.Rand, k *Kernels, form Form, rows, depth int, load bool) {
	kind := F32
	if form == Pair {
		kind = BF16
	}
	ldc := k.NR + random.IntN(5)
	strides := arrangements(rows, depth)[random.IntN(6)]
	a := matrix(random, kind, rows, depth, strides[0], strides[1])
	b := matrix(random, kind, k.NR, depth, 1, k.NR)
	left, ok := a.InPlace(form, depth)
	data := a.Data
	if !ok {
		left = Copied(form, depth)
		copied := make([]byte, rows*left.Row+1)
		data = unsafe.Pointer(&copied[0])
		k.PackA(data, left.Row, form, a, rows, depth)
	}
	panel := make([]byte, k.PanelBytes(form, depth)+1)
	k.PackB(unsafe.Pointer(&panel[0]), form, b, k.NR, depth)
	c := make([]float32, rows*ldc+k.NR+1)
	for i := range c {
		c[i] = float32(i % 7)
	}
	alpha := []float32{0.75, 1}[random.IntN(2)]
	k.Product(form).Multiply(rows, form.Steps(depth), data, left.Row, left.Step, unsafe.Pointer(&panel[0]), k.NR*Word, &c[0], ldc, alpha, load)
	for i, got := range c {
		row, col := i/ldc, i%ldc
		want, size := float64(i%7), 0.0
		if row < rows && col < k.NR {
			var sum float64
			for p := range depth {
				x, y := a.value(row, p), b.value(col, p)
				if form == Rounded {
					x, y = rounded(x), rounded(y)
				}
				sum += x * y
				size += math.Abs(x * y)
			}
			if !load {
				want = 0
			}
			want += float64(alpha) * sum
		}
		if diff := math.Abs(float64(got) - want); diff > 1e-6*(size+math.Abs(want)) || math.IsNaN(diff) {
			t.Fatalf("%v, form %d, %d rows, depth %d, load %v: row %d column %d is %v, want %v", k.Level, form, rows, depth, load, row, col, got, want)
		}
	}
}

func rounded(x float64) float64 {
	return float64(math.Float32frombits(round(math.Float32bits(float32(x)))))
}

// The nearest bfloat16 is found among the two on either side, in float64.
func TestRoundIsToNearestEven(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		bits := random.Uint32()
		x := float64(math.Float32frombits(bits))
		if math.IsNaN(x) {
			if got := math.Float32frombits(round(bits)); got == got {
				t.Fatalf("NaN %#x becomes %v", bits, got)
			}
			continue
		}
		low, high := bits&0xFFFF0000, bits&0xFFFF0000+0x10000
		// beyond the greatest bfloat16 the next value would be 2^128
		below, above := float64(math.Float32frombits(low)), math.Copysign(0x1p128, x)
		if high&0x7F800000 != 0x7F800000 {
			above = float64(math.Float32frombits(high))
		}
		want := low
		if up, down := math.Abs(above-x), math.Abs(x-below); up < down || up == down && low>>16&1 == 1 {
			want = high
		}
		if got := round(bits); got != want && !math.IsInf(x, 0) {
			t.Fatalf("%#x becomes %#x, want %#x", bits, got, want)
		}
	}
}

func TestPackingPutsEveryWordInItsPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	onEveryLevel(t, func(t *testing.T, k *Kernels) {
		for range 60 {
			lanes, depth := random.IntN(3*k.NR), random.IntN(200)
			for _, strides := range arrangements(lanes, depth) {
				for _, kind := range []Type{F32, BF16} {
					for _, form := range []Form{Float, Rounded, Pair} {
						o := matrix(random, kind, lanes, depth, strides[0], strides[1])
						name := fmt.Sprintf("%d lanes, depth %d, strides %v, type %d, form %d", lanes, depth, strides, kind, form)
						testPackA(t, k, form, o, lanes, depth, name)
						testPackB(t, k, form, o, lanes, depth, name)
					}
				}
			}
		}
	})
}

func TestStoreConvertsAndKeepsToItsRows(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	onEveryLevel(t, func(t *testing.T, k *Kernels) {
		for range 300 {
			rows, cols := random.IntN(9), random.IntN(50)
			row, ld := cols+random.IntN(4), cols+random.IntN(4)
			sums := matrix(random, F32, rows, cols, ld, 1)
			list := unsafe.Slice((*float32)(sums.Data), max(0, rows-1)*ld+max(1, cols))
			for _, kind := range []Type{F32, BF16} {
				got := guarded(rows * row)
				k.Store(unsafe.Pointer(&got[0]), kind, row, list, ld, rows, cols)
				want := Operand{unsafe.Pointer(&guarded(rows * row)[0]), kind, row, 1}
				for i := range rows * cols {
					put(want, i/cols, i%cols, math.Float32frombits(sums.bits(i/cols, i%cols)))
				}
				compare(t, got, unsafe.Slice((*uint32)(want.Data), len(got)), fmt.Sprintf("%d x %d of type %d", rows, cols, kind))
			}
		}
	})
}

func put(o Operand, lane, step int, x float32) {
	if o.Type == BF16 {
		*(*uint16)(o.at(lane, step)) = uint16(math.Float32bits(float32(rounded(float64(x)))) >> 16)
	} else {
		*(*float32)(o.at(lane, step)) = x
	}
}

func testPackA(t *testing.T, k *Kernels, form Form, a Operand, rows, depth int, name string) {
	left := Copied(form, depth)
	got := guarded(rows * left.Row / Word)
	k.PackA(unsafe.Pointer(&got[0]), left.Row, form, a, rows, depth)
	want := guarded(rows * left.Row / Word)
	for i := range rows {
		for p := range form.Steps(depth) {
			want[i*left.Row/Word+p] = wanted(form, a, i, p, depth)
		}
	}
	compare(t, got, want, "A, "+name)
}

func testPackB(t *testing.T, k *Kernels, form Form, b Operand, cols, depth int, name string) {
	words := k.Panels(cols) * k.PanelBytes(form, depth) / Word
	got := guarded(words)
	k.PackB(unsafe.Pointer(&got[0]), form, b, cols, depth)
	want := guarded(words)
	clear(want[:words])
	for j := range cols {
		for p := range form.Steps(depth) {
			want[j/k.NR*form.Steps(depth)*k.NR+p*k.NR+j%k.NR] = wanted(form, b, j, p, depth)
		}
	}
	compare(t, got, want, "B, "+name)
}

func guarded(words int) []uint32 {
	list := make([]uint32, words+16)
	for i := range list {
		list[i] = guard
	}
	return list
}

// wanted is the word of a step, from its definition.
func wanted(form Form, o Operand, lane, step, depth int) uint32 {
	nearest := func(p int) uint32 {
		if p >= depth {
			return 0
		}
		return math.Float32bits(float32(rounded(o.value(lane, p))))
	}
	switch form {
	case Pair:
		return nearest(2*step)>>16 | nearest(2*step+1)
	case Rounded:
		return nearest(step)
	}
	return math.Float32bits(float32(o.value(lane, step)))
}

func compare(t *testing.T, got, want []uint32, name string) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: word %d is %#x, want %#x", name, i, got[i], want[i])
		}
	}
}
