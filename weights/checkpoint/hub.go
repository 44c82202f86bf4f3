// Folders in the layout of the Hugging Face hub: config.json, one file of tensors or several with an index, preprocessor_config.json.

package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Names of files in such a folder.
const (
	configName       = "config.json"
	preprocessorName = "preprocessor_config.json"
	safeName         = "model.safetensors"
	torchName        = "pytorch_model.bin"
	indexSuffix      = ".index.json"
)

// maxText is the longest description that is read, in bytes; an index of 10,000 tensors has 1 MB.
const maxText = 16 << 20

// hubConfig is what config.json says of a VideoMAE model. Source: spec 2.5.
type hubConfig struct {
	ModelType     string            `json:"model_type"`
	Architectures []string          `json:"architectures"`
	ImageSize     size              `json:"image_size"`
	PatchSize     size              `json:"patch_size"`
	Channels      int               `json:"num_channels"`
	Frames        int               `json:"num_frames"`
	Tubelet       int               `json:"tubelet_size"`
	Width         int               `json:"hidden_size"`
	Depth         int               `json:"num_hidden_layers"`
	Heads         int               `json:"num_attention_heads"`
	MLP           int               `json:"intermediate_size"`
	Activation    string            `json:"hidden_act"`
	Eps           *float64          `json:"layer_norm_eps"`
	MeanPooling   *bool             `json:"use_mean_pooling"`
	QKVBias       *bool             `json:"qkv_bias"`
	QVBias        *bool             `json:"qv_bias"`
	DecoderHeads  int               `json:"decoder_num_attention_heads"`
	DecoderWidth  int               `json:"decoder_hidden_size"`
	DecoderDepth  int               `json:"decoder_num_hidden_layers"`
	DecoderMLP    int               `json:"decoder_intermediate_size"`
	NormPix       *bool             `json:"norm_pix_loss"`
	Labels        map[string]string `json:"id2label"`
}

// size is a number of pixels, or one for height and one for width.
type size [2]int

// UnmarshalJSON reads either form.
func (s *size) UnmarshalJSON(text []byte) error {
	var one int
	if json.Unmarshal(text, &one) == nil {
		*s = size{one, one}
		return nil
	}
	var two []int
	if err := json.Unmarshal(text, &two); err != nil || len(two) != 2 {
		return fmt.Errorf("a size is a number or two, not %.40s", text)
	}
	*s = size{two[0], two[1]}
	return nil
}

// preprocessor is what preprocessor_config.json says of pixels.
type preprocessor struct {
	Mean      []float64 `json:"image_mean"`
	Std       []float64 `json:"image_std"`
	Normalise *bool     `json:"do_normalize"`
	Rescale   *bool     `json:"do_rescale"`
	Factor    *float64  `json:"rescale_factor"`
}

// readJSON reads a description. A file that does not exist leaves v as it is and is no error if optional.
func readJSON(path string, v any, optional bool) error {
	text, err := readShort(path)
	if err != nil {
		if optional && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readShort reads a file of text.
func readShort(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxText+1))
	if err == nil && len(text) > maxText {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxText)
	}
	return text, err
}

// defaults are what transformers takes where the config is silent.
func (c *hubConfig) defaults() {
	for _, d := range []struct {
		value *int
		usual int
	}{{&c.Channels, 3}, {&c.Frames, 16}, {&c.Tubelet, 2}, {&c.Width, 768}, {&c.Depth, 12}, {&c.Heads, 12}, {&c.MLP, 3072},
		{&c.DecoderHeads, 6}, {&c.DecoderWidth, 384}, {&c.DecoderDepth, 4}, {&c.DecoderMLP, 1536}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if c.ImageSize == (size{}) {
		c.ImageSize = size{224, 224}
	}
	if c.PatchSize == (size{}) {
		c.PatchSize = size{16, 16}
	}
}

// check is an error for a model that computes something else than ours, or that does not agree with its tensors.
func (c hubConfig) check(m Model) error {
	if c.Activation != "" && c.Activation != "gelu" {
		return fmt.Errorf("hidden_act is %q, where the model has gelu", c.Activation)
	}
	type pair struct {
		key       string
		said, has int
	}
	pairs := []pair{{"num_channels", c.Channels, m.Channels}, {"tubelet_size", c.Tubelet, m.Tubelet}, {"patch_size", c.PatchSize[0], m.Patch},
		{"patch_size", c.PatchSize[1], m.Patch}, {"hidden_size", c.Width, m.EncoderWidth}, {"num_hidden_layers", c.Depth, m.EncoderDepth},
		{"intermediate_size", c.MLP, m.EncoderMLP}}
	if m.Kind == Pretrain {
		pairs = append(pairs, pair{"decoder_hidden_size", c.DecoderWidth, m.DecoderWidth}, pair{"decoder_num_hidden_layers", c.DecoderDepth, m.DecoderDepth},
			pair{"decoder_intermediate_size", c.DecoderMLP, m.DecoderMLP})
	}
	for _, p := range pairs {
		if p.said != p.has {
			return fmt.Errorf("%s is %d, but the tensors have %d", p.key, p.said, p.has)
		}
	}
	return nil
}

// apply puts what the config says into a model whose sizes are known, and remarks on what differs from ours.
func (c hubConfig) apply(m *Model, remark func(string, ...any)) error {
	c.defaults()
	if err := c.check(*m); err != nil {
		return err
	}
	m.Frames, m.Height, m.Width, m.EncoderHeads = c.Frames, c.ImageSize[0], c.ImageSize[1], c.Heads
	m.smallTrap(remark)
	if m.Kind == Pretrain {
		m.DecoderHeads = c.DecoderHeads
		m.Target = "normalised"
		if c.NormPix != nil && !*c.NormPix {
			m.Target = "raw"
		}
	}
	if c.Eps == nil || *c.Eps != officialEps {
		eps := 1e-12
		if c.Eps != nil {
			eps = *c.Eps
		}
		remark("layer_norm_eps is %g, of norms outside of the blocks 1e-5; the official %g is used in all: outputs differ by about 1e-5", eps, officialEps)
	}
	var err error
	m.Classes, err = classesOf(c.Labels, m.Head)
	if m.Kind != Classifier {
		return nil
	}
	return err
}

// officialEps is added to the variance in every norm of the official code. Source: spec 1.4.
const officialEps = 1e-6

// apply puts the normalisation of pixels into a model.
func (p preprocessor) apply(m *Model) error {
	if p.Factor != nil && (*p.Factor < 0.0039215 || *p.Factor > 0.0039216) || p.Rescale != nil && !*p.Rescale {
		return errors.New("its pixels are not rescaled from 0..255 to 0..1")
	}
	if p.Normalise != nil && !*p.Normalise {
		m.Mean, m.Std = make([]float64, m.Channels), slices.Repeat([]float64{1}, m.Channels)
		return nil
	}
	if len(p.Mean) == 0 && len(p.Std) == 0 {
		return nil
	}
	if len(p.Mean) != m.Channels || len(p.Std) != m.Channels || slices.Contains(p.Std, 0) {
		return fmt.Errorf("image_mean %v and image_std %v do not fit %d channels", p.Mean, p.Std, m.Channels)
	}
	m.Mean, m.Std = p.Mean, p.Std
	return nil
}

// shardsOf lists the files of an index, which must lie in its folder, and which file has which tensor.
func shardsOf(index string) (files []string, where map[string]string, err error) {
	var content struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := readJSON(index, &content, false); err != nil {
		return nil, nil, err
	}
	for name, file := range content.Map {
		if file == "" || !filepath.IsLocal(file) || strings.ContainsAny(file, `/\`) {
			return nil, nil, fmt.Errorf("%s: tensor %q is said to be in %q, which is not a file of the folder", index, name, file)
		}
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("%s names no files", index)
	}
	slices.Sort(files)
	return files, content.Map, nil
}
