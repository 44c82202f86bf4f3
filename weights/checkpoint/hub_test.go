package checkpoint

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"videomae/weights"
)

// hubFolder writes the tensors of a model under the names of transformers, without a description.
func hubFolder(t testing.TB, m Model) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "hub")
	c, err := Open(save(t, filepath.Join(folder, "m.safetensors"), drawn(t, m.Specs()), nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	hub, err := ForHub(c, m)
	if err == nil {
		err = weights.Write(filepath.Join(folder, "model.safetensors"), nil, weights.Specs(hub), func(i int) ([]byte, error) {
			tensor, err := hub.Tensor(hub.Names()[i])
			return tensor.Data, err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// The head count that the published small models state is wrong.
func TestHubTraps(t *testing.T) {
	m := small(Classifier)
	m.EncoderWidth, m.EncoderMLP, m.EncoderDepth = 384, 1536, 1
	folder := hubFolder(t, m)
	config := map[string]any{"hidden_size": 384, "num_attention_heads": 16, "num_hidden_layers": 1, "intermediate_size": 1536, "patch_size": []int{8, 8}, "image_size": 16, "num_frames": 4,
		"id2label": map[string]string{"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}}
	write := func() {
		text, _ := json.Marshal(config)
		writeFile(t, filepath.Join(folder, "config.json"), string(text))
	}
	write()
	writeFile(t, filepath.Join(folder, "preprocessor_config.json"), `{"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5]}`)
	writeFile(t, filepath.Join(folder, "README.md"), "---\ntags:\n- video\nlicense: cc-by-nc-4.0\n---\ntext")
	c := open(t, folder, Options{})
	remarks := strings.Join(c.Remarks, "\n")
	if c.Model.EncoderHeads != 6 || !strings.Contains(remarks, "not 16") || !strings.Contains(remarks, "1e-12") || c.Model.Mean[1] != 0.5 || c.Model.Classes[4] != "e" || c.Model.Frames != 4 {
		t.Errorf("%+v\n%s", c.Model, remarks)
	}
	origin, err := c.FindOrigin(t.Context(), "", nil)
	if err != nil || origin.Licence != "cc-by-nc-4.0" || !origin.NonCommercial || !origin.Stated || origin.Source != "hub" || len(origin.SHA256) != 64 {
		t.Errorf("origin %+v, %v", origin, err)
	}
	for key, value := range map[string]any{"hidden_size": 768, "num_hidden_layers": 2, "hidden_act": "relu", "patch_size": 16, "id2label": map[string]string{"0": "a"}, "image_size": "big"} {
		kept := config[key]
		config[key] = value
		write()
		if _, err := Open(folder, Options{}); err == nil || !strings.Contains(err.Error(), "config.json") {
			t.Errorf("%s %v: %v", key, value, err)
		}
		config[key] = kept
	}
}

// Several files and their index are one checkpoint; an index that points elsewhere, or says another thing than the files, is refused.
func TestShards(t *testing.T) {
	m := small(Classifier)
	want := drawn(t, m.Specs())
	dir := t.TempDir()
	where := map[string]string{}
	for i := range 3 {
		name := fmt.Sprintf("model-%05d-of-00003.safetensors", i+1)
		part := want[i*len(want)/3 : (i+1)*len(want)/3]
		save(t, filepath.Join(dir, name), part, nil)
		for _, tensor := range part {
			where[tensor.Name] = name
		}
	}
	index := filepath.Join(dir, "model.safetensors.index.json")
	write := func(change func()) {
		change()
		text, _ := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 1}, "weight_map": where})
		writeFile(t, index, string(text))
	}
	write(func() {})
	for _, path := range []string{dir, index} {
		c := open(t, path, Options{})
		equal(t, path, c, want)
		if origin, err := c.FindOrigin(t.Context(), "mine", nil); err != nil || origin.Licence != "mine" || origin.NonCommercial || len(c.Files) != 3 {
			t.Errorf("%s: origin %+v of %v, %v", path, origin, c.Files, err)
		}
	}
	kept := where["head.bias"]
	for _, wrong := range []string{"../model-00003-of-00003.safetensors", "/etc/passwd", "", "model-00001-of-00003.safetensors", "model-00004-of-00003.safetensors"} {
		write(func() { where["head.bias"] = wrong })
		if _, err := Open(dir, Options{}); err == nil {
			t.Errorf("%q was taken for the file of a tensor", wrong)
		}
	}
	write(func() { where["head.bias"], where["ghost"] = kept, kept })
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "ghost") {
		t.Errorf("a tensor that is in no file: %v", err)
	}
}

// Whatever the descriptions beside a model say, opening it ends without a panic, and the model that comes out can be described.
func FuzzDescriptions(f *testing.F) {
	f.Add(`{"hidden_size":12,"num_hidden_layers":2,"num_attention_heads":3,"intermediate_size":48,"patch_size":8,"image_size":[16,16]}`, `{"image_mean":[0,0,0],"image_std":[1,1,1]}`, `{}`)
	f.Add(`{"model_config":{"num_heads":3}}`, `{"do_normalize":false}`, `{"kind":"pretrain","encoder_width":12}`)
	m := small(Classifier)
	folder := hubFolder(f, m)
	f.Fuzz(func(t *testing.T, config, processor, model string) {
		described := m
		if described.fromText(model) == nil && described.CheckRunnable() == nil {
			_ = described.Specs()
		}
		writeFile(t, filepath.Join(folder, "config.json"), config)
		writeFile(t, filepath.Join(folder, "preprocessor_config.json"), processor)
		c, err := Open(folder, Options{})
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.Model.String()
		if c.Model.CheckRunnable() == nil {
			if _, err := c.Match(); err != nil {
				t.Error(err)
			}
		}
	})
}
