// Comparison with a whole checkpoint's answers: bytes in, target, features, prediction and loss out.

package mae

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/vit"
	"videomae/weights"
)

// reference is what these tests read of checkpoints.json, with the folder it lies in.
type reference struct {
	Config struct {
		Dim          int `json:"D"`
		Depth        int `json:"L"`
		Heads        int
		DecoderDim   int `json:"decoder_D"`
		DecoderDepth int `json:"decoder_L"`
		DecoderHeads int `json:"decoder_heads"`
		Image        int
		Frames       int
		Tubelet      int
		Patch        int
	}
	Files map[string]struct {
		Kind    string
		Tensors json.RawMessage // a list, or a word on which other file has the same
	}
	LossNormalised float64 `json:"pretrain_loss_norm_target"`
	LossRaw        float64 `json:"pretrain_loss_raw_target"`

	folder string
}

func open(t *testing.T) (r reference, expected *weights.File) {
	t.Helper()
	r.folder = given.Golden(t, "pipeline", "checkpoints")
	data, err := os.ReadFile(filepath.Join(r.folder, "checkpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r, openArrays(t, filepath.Join(r.folder, "expected.safetensors"))
}

func openArrays(t *testing.T, path string) *weights.File {
	t.Helper()
	file, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func array(t *testing.T, file *weights.File, name string) []float32 {
	t.Helper()
	tensor, err := file.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// config is the model of the reference checkpoints.
func (r reference) config() Config {
	c := r.Config
	encoder := vit.Config{Frames: c.Frames, Height: c.Image, Width: c.Image, Channels: 3, Tubelet: c.Tubelet, Patch: c.Patch,
		Dim: c.Dim, Depth: c.Depth, Heads: c.Heads, MLP: 4 * c.Dim}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = c.DecoderDim, c.DecoderDepth, c.DecoderHeads, 4*c.DecoderDim
	return Config{Encoder: encoder, Decoder: decoder, Target: Normalised, Loss: MSE}
}

func TestSpecsAreThoseOfACheckpoint(t *testing.T) {
	r, _ := open(t)
	var got []string
	for _, s := range r.config().Specs() {
		got = append(got, fmt.Sprint(s.Name, s.Shape))
	}
	checked := 0
	for name, file := range r.Files {
		if file.Kind != "pretrain" || file.Tensors[0] != '[' {
			continue
		}
		checked++
		var list []struct {
			Name  string
			Shape []int
		}
		if err := json.Unmarshal(file.Tensors, &list); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, tensor := range list {
			want = append(want, fmt.Sprint(tensor.Name, tensor.Shape))
		}
		if !slices.Equal(got, want) {
			t.Errorf("tensors %v\n%s has %v", got, name, want)
		}
	}
	if checked == 0 {
		t.Error("checkpoints.json lists no pre-training checkpoint")
	}
}

// hugging gives the values of a tensor from a file with Hugging Face's names. Source: spec 2.5.
func hugging(t *testing.T, file *weights.File, name string) []float32 {
	t.Helper()
	if before, ok := strings.CutSuffix(name, "attn.qkv.weight"); ok {
		var joined []float32
		for _, part := range []string{"query", "key", "value"} {
			joined = append(joined, array(t, file, huggingNames.Replace(before)+"attention.attention."+part+".weight")...)
		}
		return joined
	}
	return array(t, file, huggingNames.Replace(name))
}

var huggingNames = strings.NewReplacer(
	"encoder.patch_embed.proj", "videomae.embeddings.patch_embeddings.projection",
	"encoder.blocks.", "videomae.encoder.layer.", "decoder.blocks.", "decoder.decoder_layers.", "encoder.norm.", "videomae.layernorm.",
	"norm1", "layernorm_before", "norm2", "layernorm_after", "mlp.fc1", "intermediate.dense", "mlp.fc2", "output.dense",
	"attn.proj", "attention.output.dense", "attn.q_bias", "attention.attention.q_bias", "attn.v_bias", "attention.attention.v_bias",
)

// inputs are the checkpoint's weights, its two clips as bytes, and their masks.
func (r reference) inputs(t *testing.T, expected *weights.File) []*tensors.Tensor {
	t.Helper()
	c := r.config()
	file := openArrays(t, filepath.Join(r.folder, "hf_pretrain_old", "model.safetensors"))
	var list []*tensors.Tensor
	for _, s := range c.Specs() {
		list = append(list, tensors.FromFlatDataAndDimensions(hugging(t, file, s.Name), s.Shape...))
	}
	clips, err := expected.Tensor("clip_u8_BTHWC")
	if err != nil {
		t.Fatal(err)
	}
	mask, err := expected.Tensor("mask")
	if err != nil {
		t.Fatal(err)
	}
	var visible, masked [][]int32
	for row := range slices.Chunk(mask.Data, c.Encoder.Tokens()) {
		m := make(masking.Mask, len(row))
		for i, v := range row {
			m[i] = v == 1
		}
		v, h := m.Split()
		visible, masked = append(visible, v), append(masked, h)
	}
	return append(list, tensors.FromFlatDataAndDimensions(clips.Data, clips.Shape...), index(visible...), index(masked...))
}

// Targets and losses are the official training loop's, features and predictions the official model's on the same weights.
func TestAnswersOfACheckpoint(t *testing.T) {
	r, expected := open(t)
	c := r.config()
	specs := c.Specs()
	outputs := graphtest.Run(t, func(in []*Node) []*Node {
		m := Model{Config: c, Params: vit.NewParams(specs, in), Compute: vit.Compute{DType: dtypes.Float32}}
		in = in[len(specs):]
		batch := Batch{Cubes: Patchify(NormalisePixels(in[0]), c.Encoder), Visible: in[1], Masked: in[2]}
		loss, prediction, target := m.Loss(batch)
		m.Target = Raw
		rawLoss, _, raw := m.Loss(batch)
		return []*Node{m.Encode(batch), prediction, target, raw, loss, rawLoss}
	}, r.inputs(t, expected)...)
	for i, want := range []struct {
		name  string
		limit float64
	}{{"pretrain_encoder_visible", 1e-4}, {"pretrain_recon", 1e-4}, {"target_norm", 1e-4}, {"target_raw", 1e-6}} {
		values := array(t, expected, want.name)
		graphtest.Near(t, want.name, graphtest.Flat(t, outputs[i])[:len(values)], graphtest.Doubles(values), want.limit) // some are stored for the first cubes only
	}
	graphtest.Near(t, "loss", graphtest.Flat(t, outputs[4]), []float64{r.LossNormalised}, 1e-5)
	graphtest.Near(t, "loss of the raw target", graphtest.Flat(t, outputs[5]), []float64{r.LossRaw}, 1e-5)
}
