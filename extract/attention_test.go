package extract

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/internal/graphtest"
	"videomae/mae"
	"videomae/masking"
	"videomae/train"
	"videomae/vit"
)

// attend runs an encoder's attention once.
func attend(t *testing.T, e train.Encoder, dtype dtypes.DType, o AttentionOptions, clips *tensors.Tensor) []float32 {
	t.Helper()
	a, err := NewAttention(graphtest.Open(t), e, vit.Compute{DType: dtype}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	matrices, err := a.Run(local(t, clips))
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Config.Tokens(); len(matrices) != clips.Shape().Dim(0)*a.Matrices()*n*n {
		t.Fatalf("%d values of %d matrices", len(matrices), a.Matrices())
	}
	return matrices
}

// Heads and their mean agree, rows are distributions, and the rollout is the product of the layers in double precision.
func TestAttentionAndRollout(t *testing.T) {
	eachReference(t, func(t *testing.T, r reference) {
		e, clips := r.encoder(), r.clips()
		n, heads, b := e.Config.Tokens(), e.Config.Heads, r.Batch
		var rollout []float64
		for layer := 1; layer <= e.Config.Depth; layer++ {
			each := attend(t, e, dtypes.Float32, AttentionOptions{Layer: layer, Head: HeadEach}, clips)
			for row := range slices.Chunk(each, n) {
				sum := 0.0
				for _, v := range row {
					sum += float64(v)
				}
				if math.Abs(sum-1) > 1e-5 {
					t.Fatalf("layer %d: a row sums to %v", layer, sum)
				}
			}
			mean := make([]float64, b*n*n)
			for i, v := range each {
				mean[i/(heads*n*n)*n*n+i%(n*n)] += float64(v) / float64(heads)
			}
			graphtest.Near(t, "mean over heads", attend(t, e, dtypes.Float32, AttentionOptions{Layer: layer, Head: HeadMean}, clips), mean, 1e-5)
			var last []float64
			for i := range b {
				last = append(last, graphtest.Doubles(each[((i+1)*heads-1)*n*n:(i+1)*heads*n*n])...)
			}
			graphtest.Near(t, "one head", attend(t, e, dtypes.Float32, AttentionOptions{Layer: layer, Head: heads - 1}, clips), last, 1e-5)
			rollout = roll(rollout, mean, n)
		}
		o := AttentionOptions{Head: HeadMean, Rollout: true}
		graphtest.Near(t, "rollout", attend(t, e, dtypes.Float32, o, clips), rollout, 1e-5)
		graphtest.Near(t, "rollout in bf16", attend(t, e, dtypes.BFloat16, o, clips), rollout, 3e-2)
	})
}

// roll multiplies half of attention and half of the identity with the rollout before it, for each of the n x n matrices.
func roll(before, attention []float64, n int) []float64 {
	out := make([]float64, len(attention))
	for at := 0; at < len(out); at += n * n {
		for i := range n {
			for k := range n {
				share := attention[at+i*n+k] / 2
				if i == k {
					share += .5
				}
				if before == nil {
					out[at+i*n+k] = share
					continue
				}
				for j := range n {
					out[at+i*n+j] += share * before[at+k*n+j]
				}
			}
		}
	}
	return out
}

func TestReceivedAndPaid(t *testing.T) {
	matrix := []float32{.5, .25, .25, 0, 1, 0, .25, .25, .5}
	if got := Received(matrix, 3); math.Abs(got[0]-.25)+math.Abs(got[1]-.5)+math.Abs(got[2]-.25) > 1e-12 {
		t.Errorf("received %v", got)
	}
	if got := Paid(matrix, 3, 2); !slices.Equal(got, []float64{.25, .25, .5}) {
		t.Errorf("paid %v", got)
	}
}

func TestImpossibleChoicesAreErrors(t *testing.T) {
	eachReference(t, func(t *testing.T, r reference) {
		e, backend := r.encoder(), graphtest.Open(t)
		how := vit.Compute{DType: dtypes.Float32}
		for say, o := range map[string]AttentionOptions{
			"layer -1":                  {Layer: -1},
			"are 1 to":                  {Layer: e.Config.Depth + 1},
			"are 0 to":                  {Head: e.Config.Heads},
			"head -3":                   {Head: -3},
			"rollout averages heads; i": {Head: 0, Rollout: true},
		} {
			if _, err := NewAttention(backend, e, how, o); err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("error %v, want one that says %q", err, say)
			}
		}
		for say, o := range map[string]Options{
			"layer -1":   {Layer: -1},
			"has none":   {Layer: 1, Norm: true},
			`"max" (hav`: {Pool: "max"},
		} {
			if _, err := New(backend, e, how, o); err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("error %v, want one that says %q", err, say)
			}
		}
		x, err := New(backend, e, how, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if _, err := x.Run(tensors.FromFlatDataAndDimensions(make([]uint8, 10), 10)); err == nil {
			t.Error("a clip of another shape is no error")
		}
	})
}

// The encoder of a classifier whose positions are interpolated gives that classifier's features, under either norm.
func TestFeaturesAreTheClassifiersOwn(t *testing.T) {
	eachReference(t, func(t *testing.T, r reference) {
		e := r.encoder()
		grid := e.Config.Grid()
		e.Positions = masking.Grid{Slots: grid.Slots, Rows: grid.Rows + 2, Cols: grid.Cols + 2}
		for norm, pooling := range map[string]classify.Pooling{"fc_norm": classify.Mean, "norm": classify.NormMean} {
			for i, s := range e.Specs {
				if rest, ok := strings.CutPrefix(s.Name, e.Norm+"."); ok {
					e.Specs[i].Name = norm + "." + rest
				}
			}
			e.Norm = norm
			c := classify.Config{Encoder: e.Config, Classes: 2, Pooling: pooling, Source: e.Positions}
			inputs := append([]*tensors.Tensor{r.clips()}, train.Tensors(e.Specs, e.Weights)...)
			want := graphtest.Run(t, func(in []*Node) []*Node {
				m := classify.Model{Config: c, Params: vit.NewParams(e.Specs, in[1:]), Compute: vit.Compute{DType: dtypes.Float32}}
				return []*Node{m.Features(mae.Patchify(in[0], c.Encoder), nil)}
			}, inputs...)[0]
			graphtest.Near(t, norm, extract(t, e, dtypes.Float32, Options{Norm: true}, r.clips()), graphtest.Doubles(graphtest.Flat(t, want)), 1e-5)
		}
	})
}
