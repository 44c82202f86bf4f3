package ops

import (
	"math"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// The tensors of ViT-B: 1568 tokens of width 768 in 12 heads, of which 160 are visible; clips of 16 x 224 x 224.
// The GB/s are of the bytes written (of those read, where less is written), on one core, in the best of all rounds: other
// programs make most rounds slower. BenchmarkCopy is what to compare them with.

func bench(b *testing.B, k Kernel, err error, out shapes.Shape, ins ...shapes.Shape) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	var in [][]byte
	for _, s := range ins {
		in = append(in, filled(s, func(i int) float64 { return float64(i * 7 % 1500) }).data)
	}
	outs := [][]byte{aligned(int(out.ByteSize()))}
	bytes := out.ByteSize()
	for _, s := range ins {
		bytes = max(bytes, s.ByteSize()*int64(min(1, s.Size()/max(out.Size(), 1)/64)))
	}
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		begin := time.Now()
		for task := range k.Tasks() {
			k.Do(task, 0, in, outs)
		}
		best = min(best, time.Since(begin))
	}
	b.ReportMetric(float64(bytes)/float64(best.Nanoseconds()), "GB/s")
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns")
}

func BenchmarkCopy(b *testing.B) {
	s := shapes.Make(dtypes.Float32, 1568, 768)
	k, err := NewCopy(compute.OpTypeIdentity, s, s)
	bench(b, k, err, s, s)
}

func BenchmarkTranspose(b *testing.B) {
	for _, c := range []struct {
		name        string
		dtype       dtypes.DType
		dims        []int
		permutation []int
	}{
		{"heads/f32", dtypes.Float32, []int{1, 1568, 12, 64}, []int{0, 2, 1, 3}},
		{"heads/bf16", dtypes.BFloat16, []int{1, 1568, 12, 64}, []int{0, 2, 1, 3}},
		{"matrix/f32", dtypes.Float32, []int{1568, 768}, []int{1, 0}},
		{"matrix/bf16", dtypes.BFloat16, []int{1568, 768}, []int{1, 0}},
		{"power/f32", dtypes.Float32, []int{1024, 1024}, []int{1, 0}},
		{"power/bf16", dtypes.BFloat16, []int{1024, 1024}, []int{1, 0}},
		{"keys/f32", dtypes.Float32, []int{1, 1568, 12, 64}, []int{0, 2, 3, 1}},
		{"patchify/f32", dtypes.Float32, []int{1, 8, 2, 14, 16, 14, 16, 3}, []int{0, 1, 3, 5, 2, 4, 6, 7}},
		{"unpatchify/f32", dtypes.Float32, []int{1, 8, 14, 14, 2, 16, 16, 3}, []int{0, 1, 4, 2, 5, 3, 6, 7}},
		{"patchify/u8", dtypes.Uint8, []int{1, 8, 2, 14, 16, 14, 16, 3}, []int{0, 1, 3, 5, 2, 4, 6, 7}},
		{"channels/f32", dtypes.Float32, []int{16, 224, 224, 3}, []int{3, 0, 1, 2}},
		{"colours/f32", dtypes.Float32, []int{3, 16, 224, 224}, []int{1, 2, 3, 0}},
	} {
		b.Run(c.name, func(b *testing.B) {
			x := shapes.Make(c.dtype, c.dims...)
			out, _ := shapeinference.Transpose(x, c.permutation)
			k, err := NewTranspose(x, c.permutation, out)
			bench(b, k, err, out, x)
		})
	}
}

func BenchmarkMoves(b *testing.B) {
	tokens := shapes.Make(dtypes.Float32, 1, 1568, 768)
	b.Run("slice/qkv", func(b *testing.B) {
		x, out := shapes.Make(dtypes.Float32, 1568, 3, 768), shapes.Make(dtypes.Float32, 1568, 1, 768)
		k, err := NewSlice(x, []int{0, 1, 0}, []int{1568, 2, 768}, []int{1, 1, 1}, out)
		bench(b, k, err, out, x)
	})
	b.Run("slice/strided", func(b *testing.B) {
		x, out := shapes.Make(dtypes.Float32, 4<<20), shapes.Make(dtypes.Float32, 1<<20)
		k, err := NewSlice(x, []int{0}, []int{4 << 20}, []int{4}, out)
		bench(b, k, err, out, x)
	})
	b.Run("pad/qkv", func(b *testing.B) {
		x, out := shapes.Make(dtypes.Float32, 1568, 1, 768), shapes.Make(dtypes.Float32, 1568, 3, 768)
		k, err := NewPad(x, shapes.Make(dtypes.Float32), []compute.PadAxis{{}, {Start: 1, End: 1}}, out)
		bench(b, k, err, out, x, shapes.Make(dtypes.Float32))
	})
	b.Run("concatenate/tokens", func(b *testing.B) {
		parts := []shapes.Shape{shapes.Make(dtypes.Float32, 1, 160, 768), shapes.Make(dtypes.Float32, 1, 1408, 768)}
		k, err := NewConcatenate(parts, 1, tokens)
		bench(b, k, err, tokens, parts...)
	})
	b.Run("concatenate/last", func(b *testing.B) {
		part := shapes.Make(dtypes.Float32, 1, 1568, 256)
		k, err := NewConcatenate([]shapes.Shape{part, part, part}, 2, tokens)
		bench(b, k, err, tokens, part, part, part)
	})
	b.Run("broadcast/row", func(b *testing.B) {
		x := shapes.Make(dtypes.Float32, 768)
		k, err := NewBroadcastInDim(x, []int{2}, tokens)
		bench(b, k, err, tokens, x)
	})
	b.Run("broadcast/column", func(b *testing.B) {
		x := shapes.Make(dtypes.Float32, 1568)
		k, err := NewBroadcastInDim(x, []int{1}, tokens)
		bench(b, k, err, tokens, x)
	})
	b.Run("reverse/rows", func(b *testing.B) {
		k, err := NewReverse(tokens, []int{1}, tokens)
		bench(b, k, err, tokens, tokens)
	})
	b.Run("where/scalar", func(b *testing.B) {
		condition := shapes.Make(dtypes.Bool)
		k, err := NewWhere(condition, tokens, tokens, tokens)
		bench(b, k, err, tokens, condition, tokens, tokens)
	})
	b.Run("where/full", func(b *testing.B) {
		condition := shapes.Make(dtypes.Bool, tokens.Dimensions...)
		k, err := NewWhere(condition, tokens, tokens, tokens)
		bench(b, k, err, tokens, condition, tokens, tokens)
	})
}

func BenchmarkGather(b *testing.B) {
	for _, width := range []int{1, 16, 768} {
		x, index, out := shapes.Make(dtypes.Float32, 1568, width), shapes.Make(dtypes.Int32, 1408, 1), shapes.Make(dtypes.Float32, 1408, width)
		b.Run(x.String(), func(b *testing.B) {
			k, err := NewGather(x, index, 1, []int{1}, []int{0}, []int{0}, []int{1, width}, out)
			bench(b, k, err, out, x, index)
		})
	}
}

func BenchmarkScatter(b *testing.B) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float16} {
		x, index, updates := shapes.Make(dtype, 1568, 768), shapes.Make(dtypes.Int32, 1408, 1), shapes.Make(dtype, 1408, 768)
		b.Run(dtype.String(), func(b *testing.B) {
			k, err := NewScatter(compute.OpTypeScatterSum, x, index, updates, 1, []int{1}, []int{0}, []int{0}, x)
			bench(b, k, err, x, x, index, updates)
		})
	}
}

func BenchmarkElements(b *testing.B) {
	for _, dtype := range []dtypes.DType{dtypes.Int32, dtypes.Float32, dtypes.BFloat16} {
		s := shapes.Make(dtype, 1568, 768)
		b.Run("add/"+dtype.String(), func(b *testing.B) {
			k, err := NewBinary(compute.OpTypeAdd, s, s, s)
			bench(b, k, err, s, s, s)
		})
		b.Run("sum over rows/"+dtype.String(), func(b *testing.B) {
			out := shapes.Make(dtype, 768)
			k, err := NewReduce(compute.OpTypeReduceSum, s, []int{0}, out)
			bench(b, k, err, out, s)
		})
		b.Run("sum of rows/"+dtype.String(), func(b *testing.B) {
			out := shapes.Make(dtype, 1568)
			k, err := NewReduce(compute.OpTypeReduceSum, s, []int{1}, out)
			bench(b, k, err, out, s)
		})
	}
	b.Run("convert/u8 to f32", func(b *testing.B) {
		x, out := shapes.Make(dtypes.Uint8, 1568, 1536), shapes.Make(dtypes.Float32, 1568, 1536)
		k, err := NewConvert(x, out)
		bench(b, k, err, out, x)
	})
}
