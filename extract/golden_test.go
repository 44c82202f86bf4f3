// Comparison with the official classifier's features, and what the other poolings must agree with.

package extract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/train"
	"videomae/vit"
	"videomae/weights"
)

// reference is what these tests read of a finetune_*.json, with its arrays.
type reference struct {
	Name   string
	Image  int
	Frames int
	Width  int
	Depth  int
	Heads  int
	Batch  int

	arrays *weights.File
	t      *testing.T
}

// eachReference runs a test on every case whose weights are stored.
func eachReference(t *testing.T, test func(*testing.T, reference)) {
	files, err := filepath.Glob(filepath.Join(given.Golden(t, "model"), "finetune_*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r reference
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		t.Run(r.Name, func(t *testing.T) {
			if r.arrays, err = weights.Open(strings.TrimSuffix(file, ".json") + ".safetensors"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.arrays.Close() })
			if _, stored := r.arrays.Spec("param.head.weight"); !stored {
				t.Skip("full size")
			}
			r.t = t
			test(t, r)
		})
	}
}

// array reads a stored array.
func (r reference) array(name string) []float32 {
	r.t.Helper()
	tensor, err := r.arrays.Tensor(name)
	if err != nil {
		r.t.Fatal(err)
	}
	values, err := tensor.Float32s()
	if err != nil {
		r.t.Fatal(err)
	}
	return values
}

// encoder is the case's, of a classifier.
func (r reference) encoder() train.Encoder {
	c := vit.Config{Frames: r.Frames, Height: r.Image, Width: r.Image, Channels: 3, Tubelet: 2, Patch: 16,
		Dim: r.Width, Depth: r.Depth, Heads: r.Heads, MLP: 4 * r.Width}
	e := train.Encoder{Config: c, Norm: "fc_norm"}
	e.Specs = append(append(vit.EmbeddingSpecs("", c), vit.BlockSpecs("", c)...), vit.NormSpecs("fc_norm", c.Dim)...)
	for _, s := range e.Specs {
		e.Weights = append(e.Weights, r.array("param."+s.Name))
	}
	return e
}

// clips is the case's input, [B, T, H, W, C].
func (r reference) clips() *tensors.Tensor {
	video := r.array("input.video") // [B, C, T, H, W]
	plane := r.Frames * r.Image * r.Image
	clips := make([]float32, len(video))
	for i, v := range video {
		sample, channel, pixel := i/plane/3, i/plane%3, i%plane
		clips[(sample*plane+pixel)*3+channel] = v
	}
	return tensors.FromFlatDataAndDimensions(clips, r.Batch, r.Frames, r.Image, r.Image, 3)
}

// extract runs an encoder once.
func extract(t *testing.T, e train.Encoder, dtype dtypes.DType, o Options, clips *tensors.Tensor) []float32 {
	t.Helper()
	x, err := New(graphtest.Open(t), e, vit.Compute{DType: dtype}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	features, err := x.Run(local(t, clips))
	if err != nil {
		t.Fatal(err)
	}
	if want := clips.Shape().Dim(0) * x.Rows() * x.Width(); len(features) != want {
		t.Fatalf("%d values, want %d", len(features), want)
	}
	return features
}

func TestFeaturesEqualOfficialOnes(t *testing.T) {
	eachReference(t, func(t *testing.T, r reference) {
		want := graphtest.Doubles(r.array("out.features"))
		graphtest.Near(t, "features", extract(t, r.encoder(), dtypes.Float32, Options{Norm: true}, r.clips()), want, 1e-4)
		graphtest.Near(t, "features in bf16", extract(t, r.encoder(), dtypes.BFloat16, Options{Norm: true}, r.clips()), want, 3e-2)
	})
}

// Pooling the cubes by hand gives what the poolings give; so does pooling the time slots, as all have as many cubes.
func TestPoolingsAgree(t *testing.T) {
	eachReference(t, func(t *testing.T, r reference) {
		e := r.encoder()
		d, g := e.Config.Dim, e.Config.Grid()
		for _, layer := range []int{1, e.Config.Depth} {
			run := func(p Pool) []float32 {
				return extract(t, e, dtypes.Float32, Options{Layer: layer, Pool: p}, r.clips())
			}
			cubes, slots, mean := run(None), run(Slot), run(Mean)
			graphtest.Near(t, "time slots", slots, means(cubes, g.Rows*g.Cols, d), 1e-5)
			graphtest.Near(t, "mean", mean, means(slots, g.Slots, d), 1e-5)
		}
	})
}

// means averages every n rows of d values.
func means(rows []float32, n, d int) []float64 {
	out := make([]float64, len(rows)/n)
	for i, v := range rows {
		out[i/(n*d)*d+i%d] += float64(v) / float64(n)
	}
	return out
}

// local copies a tensor, which would otherwise stay bound to one engine.
func local(t *testing.T, x *tensors.Tensor) *tensors.Tensor {
	t.Helper()
	clone, err := x.LocalClone()
	if err != nil {
		t.Fatal(err)
	}
	return clone
}
