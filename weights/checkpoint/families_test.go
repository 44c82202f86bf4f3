package checkpoint

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/vit"
	"videomae/weights"
)

// small describes a small model of a kind.
func small(k Kind) Model {
	m := Model{Kind: k, Frames: 4, Height: 16, Width: 16, Channels: 3, Tubelet: 2, Patch: 8, EncoderWidth: 12, EncoderDepth: 2, EncoderHeads: 3, EncoderMLP: 48}
	switch k {
	case Pretrain:
		m.DecoderWidth, m.DecoderDepth, m.DecoderHeads, m.DecoderMLP, m.Target = 6, 1, 2, 24, "normalised"
	case Classifier:
		m.Norm, m.Pooling, m.Head = "fc_norm", "mean", 5
	case Detector:
		m.Norm, m.Head = "norm", 5
	case Encoder:
		m.Norm = "norm"
	}
	return m
}

// drawn gives values to the tensors of a model.
func drawn(t testing.TB, specs []vit.Spec) []weights.Tensor {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var out []weights.Tensor
	for _, s := range specs {
		values := make([]float32, s.Size())
		for i := range values {
			values[i] = rng.Float32()
		}
		tensor, err := weights.FromFloat32s(s.Name, s.Shape, values)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tensor)
	}
	return out
}

func save(t testing.TB, path string, list []weights.Tensor, metadata map[string]string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := weights.Save(path, metadata, list); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// renamed gives copies of tensors under other names.
func renamed(list []weights.Tensor, name func(string) string) []weights.Tensor {
	out := slices.Clone(list)
	for i := range out {
		out[i].Name = name(out[i].Name)
	}
	return out
}

// equal compares all tensors of a source with those that it was made of.
func equal(t *testing.T, what string, c *Checkpoint, want []weights.Tensor) {
	t.Helper()
	if report, err := c.Match(); err != nil {
		t.Errorf("%s: %v\n%s", what, err, report)
	}
	for _, w := range want {
		got, err := c.Tensor(w.Name)
		if err != nil || !slices.Equal(got.Data, w.Data) || !slices.Equal(got.Shape, w.Shape) || got.DType != w.DType {
			t.Errorf("%s: %s changed (%v)", what, w.Name, err)
		}
	}
}

// The names of MMAction2's own code, as its model files build them, and the prefixes that programs put before the official ones.
func TestNamesOfOtherPrograms(t *testing.T) {
	mmaction := strings.NewReplacer("patch_embed.proj.", "backbone.patch_embed.projection.", "mlp.fc1.", "mlp.layers.0.0.", "mlp.fc2.", "mlp.layers.1.",
		"blocks.", "backbone.blocks.", "fc_norm.", "backbone.fc_norm.", "head.", "cls_head.fc_cls.")
	prefix := func(p string) func(string) string { return func(n string) string { return p + n } }
	for name, c := range map[string]struct {
		kind   Kind
		rename func(string) string
		family string
	}{
		"mmaction":         {Classifier, mmaction.Replace, "mmaction2"},
		"official":         {Classifier, prefix(""), "official"},
		"pretraining":      {Pretrain, prefix(""), "official"},
		"data parallel":    {Pretrain, prefix("module."), "official"},
		"compiled":         {Pretrain, prefix("_orig_mod.module."), "official"},
		"V2 of the hub":    {Encoder, prefix("model."), "official"},
		"encoder alone":    {Encoder, prefix("encoder."), "official"},
		"a part of others": {Encoder, prefix("backbone."), "official"},
		"detector":         {Detector, prefix(""), "official"},
	} {
		m := small(c.kind)
		want := drawn(t, m.Specs())
		path := save(t, filepath.Join(t.TempDir(), "m.safetensors"), renamed(want, c.rename), nil)
		got := open(t, path, Options{Heads: 3, DecoderHeads: 2, Frames: 4, Height: 16, Width: 16})
		if got.Family != c.family || got.Model.Kind != c.kind {
			t.Errorf("%s: a %s under the names %s", name, got.Model.Kind, got.Family)
		}
		equal(t, name, got, want)
		if got.Model.String() != m.String() {
			t.Errorf("%s: %s, want %s", name, got.Model, m)
		}
	}
}

// A folder of VideoMAE V2 on the hub: official names behind a prefix, and a description of its own form.
func TestSecondVersionOnTheHub(t *testing.T) {
	m := small(Encoder)
	m.Norm, m.EncoderHeads, m.Frames, m.Height, m.Width = "fc_norm", 2, 8, 32, 32
	want := drawn(t, m.Specs())
	folder := t.TempDir()
	save(t, filepath.Join(folder, "model.safetensors"), renamed(want, func(n string) string { return "model." + n }), map[string]string{"format": "pt"})
	writeFile(t, filepath.Join(folder, "config.json"), `{"model_type":"VideoMAEv2_Base","model_config":{"img_size":32,"num_heads":2,"num_frames":8,"embed_dim":12}}`)
	c := open(t, folder, Options{})
	equal(t, "V2", c, want)
	if c.Model.String() != m.String() || c.Model.Norm != "fc_norm" {
		t.Errorf("%s, want %s", c.Model, m)
	}
}

// A table of positions is left without a word if it is the model's own, and unexpected if it is another one.
func TestStoredPositions(t *testing.T) {
	m := small(Classifier)
	table, err := weights.FromFloat32s("pos_embed", []int{1, 8, 12}, vit.Positions(8, 12))
	if err != nil {
		t.Fatal(err)
	}
	list := append(drawn(t, m.Specs()), table)
	c := open(t, save(t, filepath.Join(t.TempDir(), "m.safetensors"), list, nil), Options{})
	if _, err := c.Match(); err != nil || len(c.Lost) != 1 || c.Lost[0].Change {
		t.Errorf("lost %v, %v", c.Lost, err)
	}
	list[len(list)-1].Data[3] ^= 0x40
	c = open(t, save(t, filepath.Join(t.TempDir(), "m.safetensors"), list, nil), Options{})
	if _, err := c.Match(); err == nil || !strings.Contains(err.Error(), "pos_embed") {
		t.Errorf("learned positions were left without an error: %v", err)
	}
}

// A masked autoencoder of pictures gives its encoder, with patches made cubes; its decoder is lost.
func TestImageEncoder(t *testing.T) {
	m := small(Encoder)
	var list []weights.Tensor
	for _, w := range drawn(t, m.Specs()) {
		switch {
		case w.Name == "patch_embed.proj.weight":
			w.Shape = []int{12, 3, 8, 8}
			w.Data = w.Data[:len(w.Data)/2]
		case strings.HasSuffix(w.Name, "q_bias"):
			w.Name, w.Shape = strings.Replace(w.Name, "q_bias", "qkv.bias", 1), []int{36}
			w.Data = slices.Concat(w.Data, w.Data, w.Data)
		case strings.HasSuffix(w.Name, "v_bias"):
			continue
		}
		list = append(list, w)
	}
	for _, extra := range []struct {
		name  string
		shape []int
	}{{"cls_token", []int{1, 1, 12}}, {"pos_embed", []int{1, 5, 12}}, {"mask_token", []int{1, 1, 6}}, {"decoder_embed.weight", []int{6, 12}}, {"decoder_embed.bias", []int{6}},
		{"decoder_blocks.0.attn.qkv.weight", []int{18, 6}}, {"decoder_pred.weight", []int{192, 6}}, {"decoder_norm.bias", []int{6}}, {"decoder_pos_embed", []int{1, 5, 6}}} {
		list = append(list, drawn(t, []vit.Spec{{Name: extra.name, Shape: extra.shape}})...)
	}
	path := save(t, filepath.Join(t.TempDir(), "m.safetensors"), list, nil)
	c := open(t, path, Options{})
	if c.Family != "mae" || c.Model.Kind != Encoder || len(c.Lost) != 9 || c.Model.Height != 16 { // 4 patches of 8 pixels
		t.Errorf("%s, of the family %s, lost %v", c.Model, c.Family, c.Lost)
	}
	if report, err := c.Match(); err != nil {
		t.Errorf("%v\n%s", err, report)
	}
	cube, err := c.Tensor("patch_embed.proj.weight")
	if err != nil {
		t.Fatal(err)
	}
	values, _ := cube.Float32s()
	patch, _ := list[0].Float32s()
	for i, v := range patch {
		at := i/64*128 + i%64
		if values[at] != v/2 || values[at+64] != v/2 {
			t.Fatalf("value %d became %v and %v, want half of %v", i, values[at], values[at+64], v)
		}
	}
	if _, err := Open(path, Options{As: Pretrain}); err == nil {
		t.Error("a decoder of video was made of one of pictures")
	}
}

// What differs from the model ends in a table, but for the exceptions.
func TestCompleteIsStrict(t *testing.T) {
	m := small(Classifier)
	list := drawn(t, m.Specs())
	list[len(list)-1].Name = "head.b"
	path := save(t, filepath.Join(t.TempDir(), "m.safetensors"), list, nil)
	first := func(s vit.Spec) []float32 { return make([]float32, s.Size()) }
	_, err := open(t, path, Options{}).Complete(first)
	if err == nil || !strings.Contains(err.Error(), "head.bias  missing") || !strings.Contains(err.Error(), "head.b     unexpected") {
		t.Errorf("got %v, want a table with both tensors", err)
	}
	c := open(t, path, Options{Allow: []string{"head.b*"}})
	source, err := c.Complete(first)
	if err != nil {
		t.Fatal(err)
	}
	bias, err := source.Tensor("head.bias")
	if err != nil || len(bias.Data) != 20 || len(source.Names()) != len(list) || len(c.Lost) != 1 {
		t.Errorf("%v of %d tensors, lost %v, %v", bias, len(source.Names()), c.Lost, err)
	}
}

func TestTwoTensorsOfOneName(t *testing.T) {
	m := small(Classifier)
	list := renamed(drawn(t, m.Specs()), func(n string) string { return "backbone." + n })
	for _, extra := range []string{"blocks.0.norm1.weight", "module.head.bias"} {
		path := save(t, filepath.Join(t.TempDir(), "m.safetensors"), append(slices.Clone(list), drawn(t, []vit.Spec{{Name: extra, Shape: []int{12}}})...), nil)
		c, err := Open(path, Options{})
		if err != nil {
			continue
		}
		if _, err := c.Match(); err == nil {
			t.Errorf("%s was taken twice, or left without a word: %v", extra, c.Names())
		}
		_ = c.Close()
	}
	hub := hubFolder(t, m)
	c := open(t, hub, Options{})
	whole := append([]weights.Tensor{}, drawn(t, []vit.Spec{{Name: "head.weight", Shape: []int{5, 12}}})...)
	for _, name := range c.Raw.Names() {
		tensor, err := c.Raw.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, tensor)
	}
	if _, err := Open(save(t, filepath.Join(t.TempDir(), "m.safetensors"), whole, nil), Options{}); err == nil || !strings.Contains(err.Error(), "head.weight") {
		t.Errorf("a tensor beside the one that is renamed to it: %v", err)
	}
}

func TestUnknownFiles(t *testing.T) {
	path := save(t, filepath.Join(t.TempDir(), "m.safetensors"), drawn(t, []vit.Spec{{Name: "layer.weight", Shape: []int{2, 2}}}), nil)
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "layer.weight") || !strings.Contains(err.Error(), "MMAction2") {
		t.Errorf("got %v, want an error that names tensors and what is known", err)
	}
	c, unknown, err := Look(path, Options{})
	if err != nil || unknown == nil || len(c.Raw.Names()) != 1 {
		t.Errorf("looking: %v, %v", unknown, err)
	}
	if _, err := Open(filepath.Dir(path), Options{}); err == nil || !strings.Contains(err.Error(), "holds no checkpoint") {
		t.Errorf("a folder without a checkpoint: %v", err)
	}
}
