// Comparison with the official classifier's numbers: features, logits, loss and the gradient of every tensor.

package classify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/mae"
	"videomae/vit"
	"videomae/weights"
)

// reference is what these tests read of a finetune_*.json, with its arrays.
type reference struct {
	Name    string
	Salt    string
	Image   int
	Frames  int
	Width   int
	Depth   int
	Heads   int
	Batch   int
	Classes int
	Loss    float64

	arrays *weights.File
}

// TestGolden runs the cases that store whole gradients, which are small.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(given.Golden(t, "model"), "finetune_*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		r := read(t, file)
		t.Run(r.Name, func(t *testing.T) {
			if _, stored := r.arrays.Spec("grad.head.weight"); !stored {
				t.Skip("full size")
			}
			r.check(t)
		})
	}
}

func read(t *testing.T, file string) (r reference) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if r.arrays, err = weights.Open(strings.TrimSuffix(file, ".json") + ".safetensors"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.arrays.Close() })
	return r
}

func (r reference) config() Config {
	return Config{Classes: r.Classes, Pooling: Mean, Encoder: vit.Config{Frames: r.Frames, Height: r.Image, Width: r.Image, Channels: 3, Tubelet: 2, Patch: 16,
		Dim: r.Width, Depth: r.Depth, Heads: r.Heads, MLP: 4 * r.Width}}
}

// array reads a stored array.
func (r reference) array(t *testing.T, name string) []float32 {
	t.Helper()
	tensor, err := r.arrays.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// check compares one pass with the reference, within the limits that its README states for Float32.
func (r reference) check(t *testing.T) {
	config := r.config()
	specs := config.Specs()
	inputs := []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(r.array(t, "input.video"), r.Batch, 3, r.Frames, r.Image, r.Image),
		tensors.FromFlatDataAndDimensions(r.array(t, "input.soft"), r.Batch, r.Classes),
	}
	for _, s := range specs {
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(r.array(t, "param."+s.Name), s.Shape...))
	}
	out := graphtest.Run(t, func(in []*Node) []*Node {
		model := Model{Config: config, Params: vit.NewParams(specs, in[2:]), Compute: vit.Compute{DType: dtypes.Float32}}
		cubes := mae.Patchify(TransposeAllAxes(in[0], 0, 2, 3, 4, 1), config.Encoder)
		logits := model.Logits(cubes, nil, nil)
		loss := CrossEntropy(logits, in[1])
		return append([]*Node{loss, model.Features(cubes, nil), logits}, Gradient(loss, in[2:]...)...)
	}, inputs...)
	graphtest.Near(t, "loss", graphtest.Flat(t, out[0]), []float64{r.Loss}, 1e-5)
	for i, name := range []string{"out.features", "out.logits"} {
		graphtest.Near(t, name, graphtest.Flat(t, out[1+i]), graphtest.Doubles(r.array(t, name)), 1e-4)
	}
	for i, s := range specs {
		graphtest.Near(t, "gradient of "+s.Name, graphtest.Flat(t, out[3+i]), graphtest.Doubles(r.array(t, "grad."+s.Name)), 1e-4)
	}
}
