package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// nearest is the number nearest to x with so many bits of fraction, halves to even, that is a multiple of the smallest
// number, or an infinity from the limit on.
func nearest(x float32, fraction int, smallest, limit float64) float64 {
	v := float64(x)
	if v == 0 || v != v || math.IsInf(v, 0) {
		return v
	}
	_, exponent := math.Frexp(v)
	unit := max(math.Ldexp(1, exponent-1-fraction), smallest)
	v = math.RoundToEven(v/unit) * unit
	if math.Abs(v) >= limit {
		return math.Inf(int(math.Copysign(1, v)))
	}
	return v
}

func nearestBF16(x float32) float64 { return nearest(x, 7, 0x1p-133, 0x1p128) }
func nearestF16(x float32) float64  { return nearest(x, 10, 0x1p-24, 0x1p16) }

// ties are numbers in the middle of two bfloat16 or two float16, and beside it.
func ties(n int) []float32 {
	x := numbers(n, 7)
	random := rand.New(rand.NewPCG(8, 8))
	for i := range x {
		switch bits := random.Uint32(); i % 4 {
		case 0:
			x[i] = math.Float32frombits(bits&^0xffff | 0x8000 + uint32(random.IntN(3)) - 1)
		case 1:
			x[i] = float32(math.Ldexp(float64(2*random.IntN(4096)+1), random.IntN(20)-36))
		}
	}
	return x
}

func TestBF16(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range append(lengths, 100_003) {
			x, short, rounded := ties(n), guard[uint16](n, 777), guard[float32](n, 77)
			k.ToBF16(short.inner(), x)
			k.RoundBF16(rounded.inner(), x)
			short.check(t, "ToBF16")
			rounded.check(t, "RoundBF16")
			back := guard[float32](n, 77)
			k.FromBF16(back.inner(), short.inner())
			back.check(t, "FromBF16")
			for i, v := range x {
				want := float32(nearestBF16(v))
				if got := back.inner()[i]; !same(got, want) || !same(rounded.inner()[i], want) {
					t.Fatalf("%v (%08x) is %v and %v in bfloat16, want %v", v, math.Float32bits(v), got, rounded.inner()[i], want)
				}
				if v != v && short.inner()[i]&0x40 == 0 {
					t.Fatalf("NaN %08x becomes the signalling %04x", math.Float32bits(v), short.inner()[i])
				}
			}
		}
	})
}

func TestFromBF16IsExact(t *testing.T) {
	all := make([]uint16, 1<<16)
	for i := range all {
		all[i] = uint16(i)
	}
	dst := make([]float32, len(all))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		k.FromBF16(dst, all)
		for i, v := range dst {
			if math.Float32bits(v) != uint32(i)<<16 {
				t.Fatalf("bfloat16 %04x becomes %08x", i, math.Float32bits(v))
			}
		}
	})
}

func TestF16(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		x := append(ties(20_000), 65519, 65520, -65520, 0x1p-25, 0x1.000002p-25, 0x1p-24, 0x1p-14, 0x1.ffcp-15, 0x1.ffep-15)
		short, back := guard[uint16](len(x), 777), guard[float32](len(x), 77)
		k.ToF16(short.inner(), x)
		short.check(t, "ToF16")
		k.FromF16(back.inner(), short.inner())
		back.check(t, "FromF16")
		for i, v := range x {
			if got, want := back.inner()[i], float32(nearestF16(v)); !same(got, want) {
				t.Fatalf("%v is %v in float16, want %v", v, got, want)
			}
		}
	})
}

func TestIntegers(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range lengths {
			bytes, ints := make([]uint8, n), make([]int32, n)
			for i := range n {
				bytes[i], ints[i] = uint8(random.Uint32()), int32(random.Uint32())>>random.IntN(31)
			}
			dst := guard[float32](n, 77)
			k.FromUint8(dst.inner(), bytes)
			dst.check(t, "FromUint8")
			for i, v := range bytes {
				if got := dst.inner()[i]; got != float32(v) {
					t.Fatalf("byte %d becomes %v", v, got)
				}
			}
			k.FromInt32(dst.inner(), ints)
			dst.check(t, "FromInt32")
			for i, v := range ints {
				if got := dst.inner()[i]; float64(got) != nearest(float32(float64(v)), 23, 1, math.Inf(1)) {
					t.Fatalf("%d becomes %v", v, got)
				}
			}
			checkToIntegers(t, k, numbers(n, 10))
		}
	})
}

func checkToIntegers(t *testing.T, k *Kernels, x []float32) {
	ints, bytes := guard[int32](len(x), 777), guard[uint8](len(x), 77)
	k.ToInt32(ints.inner(), x)
	ints.check(t, "ToInt32")
	k.ToBool(bytes.inner(), x)
	bytes.check(t, "ToBool")
	for i, v := range x {
		want := math.Trunc(min(max(float64(v), math.MinInt32), math.MaxInt32))
		if v != v {
			want = 0
		}
		if got := ints.inner()[i]; float64(got) != want {
			t.Fatalf("%v becomes %d, want %v", v, got, want)
		}
		if got := bytes.inner()[i]; float64(got) != bound(v != 0) {
			t.Fatalf("%v is %d as a boolean", v, got)
		}
	}
}

func TestTransposes(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 10))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		sizes := []int{0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100, 160}
		for _, rows := range sizes {
			for _, cols := range sizes {
				lds, ldd := cols+random.IntN(3), rows+random.IntN(3)
				checkTranspose(t, k.Transpose32, ldd, lds, rows, cols, 1e7)
				checkTranspose(t, k.Transpose16, ldd, lds, rows, cols, 65535)
			}
		}
	})
}

func checkTranspose[T float32 | uint16](t *testing.T, transpose func(dst []T, ldd int, src []T, lds, rows, cols int), ldd, lds, rows, cols int, mark T) {
	t.Helper()
	src := make([]T, max(0, (rows-1)*lds+cols))
	for i := range src {
		src[i] = T(i)
	}
	dst := guard(max(0, (cols-1)*ldd+rows), mark)
	transpose(dst.inner(), ldd, src, lds, rows, cols)
	dst.check(t, "a transpose")
	for i, got := range dst.inner() {
		want := mark // between the rows
		if r, c := i%ldd, i/ldd; r < rows {
			want = src[r*lds+c]
		}
		if got != want {
			t.Fatalf("transpose of [%d, %d], strides %d and %d: element %d is %v, want %v", rows, cols, lds, ldd, i, got, want)
		}
	}
}
