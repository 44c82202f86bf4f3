package golden

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/optim"
	"videomae/train"
	"videomae/vit"
)

// climber is a case of any kind, as the ladder sees it.
type climber interface {
	shared() *Case
	specs() []vit.Spec
	rules() []optim.Rule // of the trajectory
	objective(how vit.Compute) train.Objective
	// pass is one forward pass on the nodes of batchTensors, with what outputs names.
	pass(how vit.Compute, weights, batch []*Node) (loss *Node, outputs []*Node)
	outputs() []output
	// batch makes the case's input; step is "" for the single pass, or the number of a training step.
	batch(t *testing.T, step string) train.Batch
	// autocastDrift bounds what training in bf16 does to the weights (compareDrift).
	autocastDrift() float64
}

// output is what cases of a kind store of a forward pass.
type output struct {
	name  string
	norm  float64                                 // 0 where the case does not state it
	slice func(v []float32, dims []int) []float32 // what full-size cases store as name_slice
}

// encoder is the case's encoder: the paper's cube, at the case's size.
func (c *Case) encoder() vit.Config {
	return vit.Config{Frames: c.Frames, Height: c.Image[0], Width: c.Image[1], Channels: 3, Tubelet: 2, Patch: 16,
		Dim: c.Width, Depth: c.Depth, Heads: c.Heads, MLP: 4 * c.Width}
}

// initial makes the weights of a case's tensors by the folder's formula.
func (c *Case) initial(specs []vit.Spec) [][]float32 {
	var out [][]float32
	for _, s := range specs {
		amplitude, offset := float32(math.Sqrt(3/float64(s.Size()/s.Shape[0]))), float32(0)
		switch {
		case strings.HasSuffix(s.Name, "norm.weight"), strings.HasSuffix(s.Name, "norm1.weight"), strings.HasSuffix(s.Name, "norm2.weight"):
			amplitude, offset = 0.1, 1
		case len(s.Shape) == 1, s.Name == "mask_token":
			amplitude = 0.02
		}
		out = append(out, Array(c.Salt+s.Name, s.Size(), amplitude, offset))
	}
	return out
}

// clips makes the clips of a step, or of the single pass.
func (c *Case) clips(t *testing.T, step string) *tensors.Tensor {
	t.Helper()
	video := Array(c.Salt+"video"+step, c.Batch*3*c.Frames*c.Image[0]*c.Image[1], 2, 0)
	if want, ok := c.array(t, "input.video"); ok && step == "" {
		compareMax(t, "formula for the video", video, want, 0)
	}
	return tensors.FromFlatDataAndDimensions(channelsLast(video, c.Batch, 3), c.Batch, c.Frames, c.Image[0], c.Image[1], 3)
}

// channelsLast turns B x C x (T H W) values into B x (T H W) x C.
func channelsLast(v []float32, b, channels int) []float32 {
	out := make([]float32, len(v))
	n := len(v) / b / channels
	for i := range b {
		for c := range channels {
			for j, x := range v[(i*channels+c)*n:][:n] {
				out[(i*n+j)*channels+c] = x
			}
		}
	}
	return out
}

// batchTensors lists what a batch of a case holds.
func batchTensors(b train.Batch) (list []any) {
	for _, x := range []*tensors.Tensor{b.Clips, b.Visible, b.Masked, b.Targets} {
		if x != nil {
			list = append(list, x)
		}
	}
	return list
}

// small tells whether the case stores whole gradients rather than norms.
func (c *Case) small() bool {
	for _, name := range c.Arrays.Names() {
		if strings.HasPrefix(name, "grad.") {
			return true
		}
	}
	return false
}

// array reads a stored array, if the case has it.
func (c *Case) array(t *testing.T, name string) ([]float32, bool) {
	t.Helper()
	if _, ok := c.Arrays.Spec(name); !ok {
		return nil, false
	}
	tensor, err := c.Arrays.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return values, true
}
