package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/masking"
	"videomae/seed"
)

func TestNewBatch(t *testing.T) {
	c := minute().Encoder
	masks := []masking.Mask{
		{true, false, false, true, true, false, false, true},
		{false, true, false, true, false, true, false, true},
	}
	keep := slices.Repeat([]float32{1}, 12)
	batch, err := NewBatch(c, noise(2, 0), masks, keep)
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]struct {
		tensor *tensors.Tensor
		dims   []int
	}{"clips": {batch.Clips, []int{2, 4, 32, 32, 3}}, "visible": {batch.Visible, []int{2, 4}}, "masked": {batch.Masked, []int{2, 4}}, "keep": {batch.Keep, []int{6, 2}}} {
		if got := part.tensor.Shape().Dimensions; !slices.Equal(got, part.dims) {
			t.Errorf("%s has shape %v, want %v", name, got, part.dims)
		}
	}
	if got := tensors.MustCopyFlatData[int32](batch.Visible); !slices.Equal(got, []int32{1, 2, 5, 6, 0, 2, 4, 6}) {
		t.Errorf("visible %v", got)
	}
	if got := tensors.MustCopyFlatData[int32](batch.Masked); !slices.Equal(got, []int32{0, 3, 4, 7, 1, 3, 5, 7}) {
		t.Errorf("masked %v", got)
	}
}

func TestBatchesThatCannotBe(t *testing.T) {
	c := minute().Encoder
	all := func(v bool, n int) masking.Mask { return slices.Repeat(masking.Mask{v}, n) }
	few, more := all(false, 8), all(false, 8)
	few[0], more[0], more[1] = true, true, true
	for _, b := range []struct {
		name  string
		bytes []uint8
		masks []masking.Mask
		keep  []float32
		want  string
	}{
		{"missing bytes", noise(2, 0)[1:], []masking.Mask{few, few}, nil, "24575 bytes, want 24576"},
		{"a clip too many", noise(3, 0), []masking.Mask{few, few}, nil, "36864 bytes, want 24576"},
		{"unequal masks", noise(2, 0), []masking.Mask{few, more}, nil, "mask 1 hides 2 of 8 cubes"},
		{"masks of different sizes", noise(2, 0), []masking.Mask{few, few[:7]}, nil, "mask 1 is for 7 cubes"},
		{"masks of another grid", noise(2, 0), []masking.Mask{few[:6], few[:6]}, nil, "mask 0 is for 6 cubes, the model has 8"},
		{"nothing masked", noise(1, 0), []masking.Mask{all(false, 8)}, nil, "hides 0 of 8"},
		{"all masked", noise(1, 0), []masking.Mask{all(true, 8)}, nil, "hides 8 of 8"},
		{"no clips", nil, nil, nil, "no clips"},
		{"factors for another number of clips", noise(2, 0), []masking.Mask{few, few}, make([]float32, 7), "7 drop-path factors"},
	} {
		t.Run(b.name, func(t *testing.T) {
			if _, err := NewBatch(c, b.bytes, b.masks, b.keep); err == nil || !strings.Contains(err.Error(), b.want) {
				t.Errorf("got %v, want an error with %q", err, b.want)
			}
		})
	}
}

// Each branch of each block is dropped at its block's rate, and what is kept makes up for it.
func TestDropPathFactors(t *testing.T) {
	const b, draws = 5, 4000
	c := minute()
	c.Encoder.DropPath, c.Decoder.Depth, c.Decoder.DropPath = 0.3, 2, 0.5
	rates := []float64{0, 0.3, 0, 0.5}
	sums := make([]float64, 2*len(rates))
	for i := range uint64(draws) {
		factors := DropPathFactors(c, b, seed.Rand(1, "drop", i))
		if len(factors) != len(sums)*b {
			t.Fatalf("%d factors, want %d", len(factors), len(sums)*b)
		}
		for j, v := range factors {
			rate := rates[j/b/2]
			if v != 0 && v != float32(1/(1-rate)) || v == 0 && rate == 0 {
				t.Fatalf("factor %v of a block with rate %v", v, rate)
			}
			sums[j/b] += float64(v)
		}
	}
	for row, sum := range sums {
		rate, n := rates[row/2], float64(draws*b)
		deviation := math.Sqrt(rate / (1 - rate) / n) // of the mean of n factors
		if mean := sum / n; math.Abs(mean-1) > 4*deviation+1e-6 {
			t.Errorf("row %d, rate %v: mean %v, expected 1 within %v", row, rate, mean, 4*deviation)
		}
	}
}

func TestDropPathFactorsRepeat(t *testing.T) {
	c := minute()
	if factors := DropPathFactors(c, 4, seed.Rand(1, "drop")); factors != nil {
		t.Errorf("a rate of 0 gave factors %v", factors)
	}
	c.Encoder.DropPath = 0.5
	a, b, other := DropPathFactors(c, 16, seed.Rand(1, "drop", 1)), DropPathFactors(c, 16, seed.Rand(1, "drop", 1)), DropPathFactors(c, 16, seed.Rand(1, "drop", 2))
	if !slices.Equal(a, b) || slices.Equal(a, other) {
		t.Error("factors do not depend on the generator alone")
	}
}
