package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sizes are numbers of pixels around those at which vector loops begin and end.
var sizes = []int{1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 17, 31, 64, 85}

func random(rng *rand.Rand, n int) []uint8 {
	b := make([]uint8, n)
	for i := range b {
		b[i] = uint8(rng.Uint32())
		if rng.IntN(4) == 0 {
			b[i] = 255 * (b[i] & 1)
		}
	}
	return b
}

// taps draws weights that sum up to one, negative ones too.
func taps(rng *rand.Rand, in, out int) *Taps {
	t := &Taps{Width: 12}
	for o := range out {
		count := 1 + rng.IntN(min(in, t.Width))
		first := min(o*in/out, in-count)
		if o > 0 {
			first = max(first, t.First[o-1])
			count = min(max(count, t.First[o-1]+t.Count[o-1]-first), in-first)
		}
		weights := make([]int32, t.Width)
		left := int32(1 << Fraction)
		for i := range count {
			weights[i] = left/2 - left/8
			if i == count-1 {
				weights[i] = left
			} else if i%3 == 2 {
				weights[i] = -left / 8
			}
			left -= weights[i]
		}
		t.First, t.Count, t.Weights = append(t.First, first), append(t.Count, count), append(t.Weights, weights...)
	}
	return t
}

func TestVectorsFilterLikePlainLoops(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, in := range sizes {
		for _, out := range sizes {
			w := taps(rng, in, out)
			for _, more := range []int{0, 1, 40} { // bytes after the row
				src := [2][]uint8{random(rng, 3*in+more), random(rng, 3*in+more)}
				var got, want [2][]uint8
				for i := range got {
					got[i], want[i] = make([]uint8, 3*out), make([]uint8, 3*out)
					filter3(want[i], src[i], w, 0)
				}
				FilterTwo(got[0], got[1], src[0], src[1], w)
				if !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[1], want[1]) {
					t.Fatalf("%d to %d pixels, %d bytes more: rows differ", in, out, more)
				}
			}
			// One channel three times as wide is the same sum down the columns.
			rows, stride := 1+rng.IntN(5), in+rng.IntN(3)
			src, dst := random(rng, rows*stride), make([]uint8, in)
			weights := taps(rng, 12, 1).Weights[:rows]
			AddRows(dst, src, stride, weights)
			for i := range dst {
				sum := int32(half)
				for k, weight := range weights {
					sum += weight * int32(src[k*stride+i])
				}
				if dst[i] != clip(sum>>Fraction) {
					t.Fatalf("%d rows of %d: byte %d is %d", rows, in, i, dst[i])
				}
			}
		}
	}
}

func TestVectorsMixLikePlainLoops(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, in := range sizes {
		for _, out := range sizes {
			p := new(Pairs)
			for o := range out {
				first := o * in / out
				second := min(first+1, in-1)
				share := int16(rng.IntN(2049))
				if second == first {
					share = 0
				}
				p.First, p.Second, p.Weights = append(p.First, first), append(p.Second, second), append(p.Weights, 2048-share, share)
			}
			for _, more := range []int{0, 40} {
				src := [2][]uint8{random(rng, 3*in+more), random(rng, 3*in+more)}
				var got, want [2][]int16
				for i := range got {
					got[i], want[i] = make([]int16, 3*out), make([]int16, 3*out)
					mix(want[i], src[i], 3, p, 0)
				}
				MixTwo(got[0], got[1], src[0], src[1], p)
				if !slices.Equal(got[0], want[0]) || !slices.Equal(got[1], want[1]) {
					t.Fatalf("%d to %d pixels, %d bytes more: rows differ", in, out, more)
				}
				share, row := int16(rng.IntN(2049)), make([]uint8, 3*out)
				MixRows(row, got[0], got[1], 2048-share, share)
				for i, v := range row {
					a, b := int32(2048-share)*int32(got[0][i])>>16, int32(share)*int32(got[1][i])>>16
					if v != uint8((a+b+2)>>2) {
						t.Fatalf("%d pixels: byte %d is %d", out, i, v)
					}
				}
			}
		}
	}
}

func TestVectorsInterpolateLikePlainLoops(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, in := range sizes {
		for _, out := range sizes {
			l := new(Lerps)
			for o := range out {
				first := (out - 1 - o) * in / out // from right to left, as in a flip
				share := rng.Float32()
				l.First, l.Second, l.Weights = append(l.First, first), append(l.Second, min(first+1, in-1)), append(l.Weights, 1-share, share)
			}
			src := make([]float32, 3*in+1)
			for i := range src[:3*in] {
				src[i] = rng.Float32()
			}
			src[3*in] = float32(math.NaN())
			got := make([]float32, 3*out)
			Lerp(got, src, 3, l)
			for i, v := range got {
				o, c := i/3, i%3
				if want := float32(l.Weights[2*o]*src[3*l.First[o]+c]) + float32(l.Weights[2*o+1]*src[3*l.Second[o]+c]); v != want {
					t.Fatalf("%d to %d pixels: value %d is %v, want %v", in, out, i, v, want)
				}
			}
			rows := make([]float32, 3*out)
			LerpRows(rows, got, got, .25, .5)
			for i, v := range rows {
				if want := float32(.25*got[i]) + float32(.5*got[i]); v != want {
					t.Fatalf("%d values: value %d is %v, want %v", 3*out, i, v, want)
				}
			}
		}
	}
}

func TestVectorsBlendAndSmoothLikePlainLoops(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range sizes {
		a, b, c := random(rng, 3*n), random(rng, 3*n), random(rng, 3*n)
		for _, alpha := range []float32{0, .1, .37, 1, 1.63, 1.9} {
			got := make([]uint8, 3*n)
			Blend(got, a, b, alpha)
			for i, v := range got {
				if want := BlendOne(a[i], b[i], alpha); v != want {
					t.Fatalf("blend of %d and %d by %v: %d, want %d", a[i], b[i], alpha, v, want)
				}
			}
		}
		got := slices.Clone(b)
		Smooth(got, a, b, c)
		for i, v := range got {
			want := b[i]
			if i >= 3 && i < 3*n-3 {
				total := 4 * int(b[i])
				for _, row := range [][]uint8{a, b, c} {
					total += int(row[i-3]) + int(row[i]) + int(row[i+3])
				}
				want = uint8(math.Floor(float64(total)/13 + .5))
			}
			if v != want {
				t.Fatalf("%d pixels: smooth value %d is %d, want %d", n, i, v, want)
			}
		}
	}
}

func TestVectorsCubicLikePlainLoops(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, size := range [][2]int{{1, 1}, {4, 4}, {5, 9}, {40, 31}, {17, 40}} {
		w, h := size[0], size[1]
		src := random(rng, 3*w*h)
		for range 20 {
			turn := (rng.Float64() - .5) / 2
			m := Affine{1, turn * float64(rng.IntN(2)), float64(rng.IntN(5)) / 2, -turn * float64(rng.IntN(2)), 1, float64(rng.IntN(3))}
			for y := range h {
				row := make([]uint8, 3*w)
				for x := 0; x < w; x++ {
					end := CubicRow(row, src, w, h, x, y, &m)
					for ; x < end; x++ {
						for c := range 3 {
							if want := plainCubic(src, w, x, y, c, &m); row[3*x+c] != want {
								t.Fatalf("%dx%d by %v: (%d, %d) channel %d is %d, want %d", w, h, m, x, y, c, row[3*x+c], want)
							}
						}
					}
				}
			}
		}
	}
}

// plainCubic is one value inside the picture.
func plainCubic(src []uint8, w, x, y, c int, m *Affine) uint8 {
	px, py := m.At(x, y)
	px, py = px-.5, py-.5
	left, top := int(px), int(py)
	var v [4]float64
	for k := range v {
		at := func(i int) float64 { return float64(src[((top-1+k)*w+left-1+i)*3+c]) }
		v[k] = Cubic(at(0), at(1), at(2), at(3), px-float64(left))
	}
	return uint8(max(0, min(Cubic(v[0], v[1], v[2], v[3], py-float64(top)), 255)))
}
