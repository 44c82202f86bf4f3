// What is said of a model beside its tensors: in the metadata of a file that this program wrote, in the hub's descriptions, in the settings of the
// run that PyTorch stored.

package checkpoint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"videomae/weights"
	"videomae/weights/torch"
)

// fromMetadata takes the description that this program wrote. Sizes must be those of the tensors.
func (c *Checkpoint) fromMetadata() (bool, error) {
	text, ok := c.Raw.Metadata()[weights.ModelKey]
	if !ok || c.Family != "official" && c.Family != hubFamily {
		return false, nil
	}
	if err := c.Model.fromText(text); err != nil {
		return false, fmt.Errorf("metadata %s: %w", weights.ModelKey, err)
	}
	return true, nil
}

// fromText takes a description as JSON.
func (m *Model) fromText(text string) error {
	var said Model
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		return err
	}
	for _, p := range []struct {
		what      string
		said, has int
	}{{"encoder_width", said.EncoderWidth, m.EncoderWidth}, {"encoder_depth", said.EncoderDepth, m.EncoderDepth}, {"patch", said.Patch, m.Patch}, {"tubelet", said.Tubelet, m.Tubelet}} {
		if p.said != p.has {
			return fmt.Errorf("%s is %d, but the tensors have %d", p.what, p.said, p.has)
		}
	}
	m.Frames, m.Height, m.Width = said.Frames, said.Height, said.Width
	m.EncoderHeads, m.DecoderHeads, m.Target = said.EncoderHeads, said.DecoderHeads, said.Target
	m.Stride, m.Mean, m.Std, m.Grid = said.Stride, said.Mean, said.Std, said.Grid
	if m.Kind == said.Kind && m.Kind == Classifier {
		m.Pooling, m.Norm = said.Pooling, said.Norm
	}
	if len(said.Classes) == m.Head {
		m.Classes = said.Classes
	}
	return nil
}

// fromBeside takes what other programs store.
func (c *Checkpoint) fromBeside(f family) error {
	m := &c.Model
	if file, ok := c.Raw.(*torch.File); ok {
		m.fromArgs(file.About().Args)
	}
	if f.image() {
		m.fromImage(c.Raw)
	}
	folder := c.Folder
	if folder == "" {
		folder = filepath.Dir(c.Tensors)
		if f.name != hubFamily { // a config beside a file of other names need not be of it
			return nil
		}
	}
	var p preprocessor
	if err := readJSON(filepath.Join(folder, preprocessorName), &p, true); err != nil {
		return err
	}
	if err := p.apply(m); err != nil {
		return fmt.Errorf("%s: %w", preprocessorName, err)
	}
	config := filepath.Join(folder, configName)
	if _, err := os.Stat(config); err != nil {
		return nil
	}
	if f.name != hubFamily {
		var second secondConfig
		if err := readJSON(config, &second, true); err != nil {
			return err
		}
		second.Model.apply(m)
		return nil
	}
	var h hubConfig
	if err := readJSON(config, &h, false); err != nil {
		return err
	}
	if err := h.apply(m, c.remark); err != nil {
		return fmt.Errorf("%s: %w", config, err)
	}
	return nil
}

// secondConfig is what the folders of VideoMAE V2 say, whose tensors have the official names.
type secondConfig struct {
	Model secondModel `json:"model_config"`
}

type secondModel struct {
	Size   int `json:"img_size"`
	Heads  int `json:"num_heads"`
	Frames int `json:"num_frames"`
	All    int `json:"all_frames"`
}

func (s secondModel) apply(m *Model) {
	if s.Size > 0 {
		m.Height, m.Width = s.Size, s.Size
	}
	if s.Heads > 0 {
		m.EncoderHeads = s.Heads
	}
	if n := max(s.Frames, s.All); n > 0 {
		m.Frames = n
	}
}

// licenceOf gives the licence that a folder's README states at its head, empty if none.
func licenceOf(folder string) string {
	text, err := readShort(filepath.Join(folder, "README.md"))
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if strings.TrimSpace(lines[0]) != "---" {
		return ""
	}
	for _, line := range lines[1:] {
		if strings.TrimSpace(line) == "---" {
			return ""
		}
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "license:"); ok {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}
