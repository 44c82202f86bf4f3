package vit

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/internal/graphtest"
	"videomae/seed"
)

var inFloat32 = Compute{DType: dtypes.Float32}

// blocks runs x [B, N, D] through tiny's blocks.
func blocks(t *testing.T, x, keep *tensors.Tensor) []float32 {
	t.Helper()
	specs := BlockSpecs("", tiny)
	inputs := append(blockTensors(tiny, blockWeights(tiny)), x)
	if keep != nil {
		inputs = append(inputs, keep)
	}
	return run(t, func(in []*Node) []*Node {
		var factors *Node
		if keep != nil {
			factors = in[len(specs)+1]
		}
		return []*Node{Blocks(NewParams(specs, in), in[len(specs)], tiny, inFloat32, factors)}
	}, inputs...)[0]
}

func TestBlocksAreTheFormula(t *testing.T) {
	const b, n = 2, 7
	x := of(seed.Rand(1, "x"), b, n, tiny.Dim)
	values := tensors.MustCopyFlatData[float32](x)
	for name, keep := range map[string][]float32{
		"all kept":     {1, 1, 1, 1, 1, 1, 1, 1},
		"some dropped": {1, 1, 0, 1.25, 1.25, 0, 2, 2}, // rows: attention and MLP of block 0, then of block 1; columns: clips
	} {
		var want []float64
		for clip, tokens := range [][]float32{values[:n*tiny.Dim], values[n*tiny.Dim:]} {
			var factors []float64
			for row := range 2 * tiny.Depth {
				factors = append(factors, float64(keep[row*b+clip]))
			}
			want = append(want, blocks64(tiny, blockWeights(tiny), graphtest.Doubles(tokens), factors)...)
		}
		graphtest.Near(t, name, blocks(t, x, tensors.FromFlatDataAndDimensions(keep, 2*tiny.Depth, b)), want, 1e-5)
		if name == "all kept" {
			graphtest.Near(t, "without factors", blocks(t, x, nil), want, 1e-5)
		}
	}
}

func TestDroppedBranchesLeaveTheInput(t *testing.T) {
	x := of(seed.Rand(1, "x"), 2, 5, tiny.Dim)
	got := blocks(t, x, tensors.FromFlatDataAndDimensions(make([]float32, 4*tiny.Depth), 2*tiny.Depth, 2))
	if want := tensors.MustCopyFlatData[float32](x); !slices.Equal(got, want) {
		t.Error("blocks of which every branch is dropped changed their input")
	}
}

// A transformer without positions does not know the order of its tokens.
func TestPermutedTokensGivePermutedOutputs(t *testing.T) {
	const n = 9
	x := tensors.MustCopyFlatData[float32](of(seed.Rand(1, "x"), 1, n, tiny.Dim))
	order := seed.Rand(1, "order").Perm(n)
	permute := func(v []float32) (out []float32) {
		for _, i := range order {
			out = append(out, v[i*tiny.Dim:(i+1)*tiny.Dim]...)
		}
		return out
	}
	straight := blocks(t, tensors.FromFlatDataAndDimensions(x, 1, n, tiny.Dim), nil)
	permuted := blocks(t, tensors.FromFlatDataAndDimensions(permute(x), 1, n, tiny.Dim), nil)
	graphtest.Near(t, "permuted", permuted, graphtest.Doubles(permute(straight)), 1e-5)
	if slices.Equal(permuted, straight) {
		t.Error("permuting tokens left the outputs as they were")
	}
}

func TestClipsOfABatchDoNotMeet(t *testing.T) {
	const n = 5
	x := tensors.MustCopyFlatData[float32](of(seed.Rand(1, "x"), 2, n, tiny.Dim))
	both := blocks(t, tensors.FromFlatDataAndDimensions(x, 2, n, tiny.Dim), nil)
	alone := blocks(t, tensors.FromFlatDataAndDimensions(x[n*tiny.Dim:], 1, n, tiny.Dim), nil)
	graphtest.Near(t, "second clip", both[n*tiny.Dim:], graphtest.Doubles(alone), 1e-6)
}

// gradients returns the blocks' output and the gradient of a sum of its squares by x and each weight, in one way of computing.
func gradients(t *testing.T, how Compute) [][]float32 {
	t.Helper()
	specs := BlockSpecs("", tiny)
	inputs := append(blockTensors(tiny, blockWeights(tiny)), of(seed.Rand(1, "x"), 2, 6, tiny.Dim))
	return run(t, func(in []*Node) []*Node {
		y := Blocks(NewParams(specs, in), in[len(specs)], tiny, how, nil)
		return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, y)), in...)...)
	}, inputs...)
}

func TestCheckpointingDoesNotChangeGradients(t *testing.T) {
	stored, anew := gradients(t, inFloat32), gradients(t, Compute{DType: dtypes.Float32, Checkpoint: true})
	for i := range stored {
		graphtest.Near(t, fmt.Sprintf("output %d", i), anew[i], graphtest.Doubles(stored[i]), 1e-6)
	}
}

func TestBrainFloatsAreCloseToFloats(t *testing.T) {
	dtype, roundOnly, err := engine.Precision(graphtest.Open(t), "bf16")
	if err != nil {
		t.Fatal(err)
	}
	exact, rounded := gradients(t, inFloat32), gradients(t, Compute{DType: dtype, RoundOnly: roundOnly})
	for i := range exact {
		difference, size := 0.0, 0.0
		for j, v := range exact[i] {
			difference += math.Pow(float64(rounded[i][j]-v), 2)
			size += math.Pow(float64(v), 2)
		}
		if e := math.Sqrt(difference / size); !(e < 0.03) {
			t.Errorf("output %d: relative L2 error %.2g", i, e)
		} else if i == 0 && e < 1e-5 {
			t.Errorf("relative L2 error %.2g: nothing was rounded", e)
		}
	}
}
