package weights

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// Every half and brain float comes back from float32 as it was; what lies between two of them goes to the nearer one, and from the middle to
// the one whose last bit is 0.
func TestRounding(t *testing.T) {
	for _, d := range []DType{F16, BF16} {
		infinity := map[DType]uint16{F16: 0x7c00, BF16: 0x7f80}[d]
		value := func(bits uint16) float32 {
			v, err := (Tensor{Name: "x", DType: d, Data: binary.LittleEndian.AppendUint16(nil, bits)}).Float32s()
			if err != nil {
				t.Fatal(err)
			}
			return v[0]
		}
		round := func(v float32) uint16 {
			out, err := tensor(t, "x", nil, v).As(d)
			if err != nil {
				t.Fatal(err)
			}
			return binary.LittleEndian.Uint16(out.Data)
		}
		for bits := uint16(0); bits < infinity; bits += 7 {
			v, next := value(bits), value(bits+1)
			if got := round(-v); got != bits|0x8000 {
				t.Fatalf("%s %#x came back as %#x", d, bits, got)
			}
			if bits+1 == infinity {
				continue
			}
			middle := float32((float64(v) + float64(next)) / 2)
			for v, want := range map[float32]uint16{middle: bits + bits&1, math.Nextafter32(middle, v): bits, math.Nextafter32(middle, next): bits + 1} {
				if got := round(v); got != want {
					t.Fatalf("%s: %v became %#x, want %#x", d, v, got, want)
				}
			}
		}
		if _, err := tensor(t, "w", []int{2}, 1, math.MaxFloat32).As(d); err == nil || !strings.Contains(err.Error(), `"w": value 1 is`) {
			t.Errorf("%s: a value beyond the range gave %v", d, err)
		}
		if out, err := tensor(t, "w", []int{2}, float32(math.Inf(1)), float32(math.NaN())).As(d); err != nil || out.CheckFinite() == nil {
			t.Errorf("%s: infinity and NaN became finite, or %v", d, err)
		}
	}
}

func TestWideningIsExact(t *testing.T) {
	wide, err := tensor(t, "w", []int{3}, 0.1, -2, 3e-40).As(F64)
	if err != nil {
		t.Fatal(err)
	}
	back, err := wide.As(F32)
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.Float32s()
	if err != nil || !slices.Equal(got, []float32{0.1, -2, 3e-40}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := (Tensor{Name: "i", DType: I64, Data: make([]byte, 8)}).As(F16); err == nil {
		t.Error("integers became halves")
	}
}
