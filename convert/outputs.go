// Running a model of a checkpoint on a clip.

package convert

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/classify"
	"videomae/engine"
	"videomae/mae"
	"videomae/masking"
	"videomae/vit"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// Outputs runs a model with the weights of a source on B clips of normalised pixels, B x T x H x W x C, all with the same mask: the predictions
// of the masked cubes for a pre-training model, B x Nm x P; the scores of the classes for a classifier and a detector, B x classes, the
// detector's for a box around the whole picture; the mean features, B x D, for an encoder.
func Outputs(backend compute.Backend, m checkpoint.Model, source weights.Source, clips []float32, mask masking.Mask) ([]float32, error) {
	if err := m.CheckRunnable(); err != nil {
		return nil, err
	}
	specs, c := m.Specs(), m.Vit()
	size := c.Frames * c.Height * c.Width * c.Channels
	if len(clips) == 0 || len(clips)%size != 0 || len(mask) != c.Tokens() {
		return nil, fmt.Errorf("%d values and a mask of %d cubes, want clips of %d values with %d cubes", len(clips), len(mask), size, c.Tokens())
	}
	b := len(clips) / size
	inputs := []any{tensors.FromFlatDataAndDimensions(clips, b, c.Frames, c.Height, c.Width, c.Channels)}
	visible, masked := mask.Split()
	for _, index := range [][]int32{visible, masked} {
		var all []int32
		for range b {
			all = append(all, index...)
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(all, b, len(index)))
	}
	for _, s := range specs {
		t, err := source.Tensor(s.Name)
		if err != nil {
			return nil, err
		}
		values, err := t.Float32s()
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(values, s.Shape...))
	}
	var out []float32
	err := engine.Try(func() error {
		exec := MustNewExec(backend, func(n []*Node) *Node {
			return outputs(m, vit.NewParams(specs, n[3:]), n[0], n[1], n[2])
		})
		defer exec.Finalize()
		results, err := exec.Call(inputs...)
		if err != nil {
			return err
		}
		out, err = tensors.CopyFlatData[float32](results[0])
		return err
	})
	return out, err
}

func outputs(m checkpoint.Model, p vit.Params, clips, visible, masked *Node) *Node {
	how := vit.Compute{DType: dtypes.Float32}
	cubes := mae.Patchify(clips, m.Vit())
	if m.Kind == checkpoint.Pretrain {
		model := mae.Model{Config: m.MAE(), Params: p, Compute: how}
		batch := mae.Batch{Cubes: cubes, Visible: visible, Masked: masked}
		return model.Decode(model.Encode(batch), batch)
	}
	model := classify.Model{Config: m.Classify(), Params: p, Compute: how}
	if m.Kind != checkpoint.Encoder {
		return model.Logits(cubes, nil, nil)
	}
	x := model.Tokens(cubes, nil)
	if m.Norm == "norm" {
		x = vit.LayerNorm(p, "norm", x)
	}
	x = ReduceMean(x, 1)
	if m.Norm == "fc_norm" {
		x = vit.LayerNorm(p, "fc_norm", x)
	}
	return x
}
