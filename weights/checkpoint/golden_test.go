package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/internal/given"
	"videomae/weights"
)

// golden is the list of the reference checkpoints.
type golden struct {
	Config struct {
		Heads        int `json:"heads"`
		DecoderHeads int `json:"decoder_heads"`
	} `json:"config"`
	Files map[string]goldenFile `json:"files"`
	Init  struct {
		Loaded    []string `json:"loaded"`
		NotLoaded []string `json:"not_loaded"`
		Unused    []string `json:"unused"`
	} `json:"finetune_init_from_pretrain"`
}

type goldenFile struct {
	Kind    string          `json:"kind"`
	Tensors json.RawMessage `json:"tensors"` // a list, or "same as FILE"
	Keys    []string        `json:"hf_keys"`
	Missing []string        `json:"missing"`
	Extra   []string        `json:"unexpected"`
}

type goldenTensor struct {
	Name   string `json:"name"`
	Shape  []int  `json:"shape"`
	SHA256 string `json:"sha256"` // of its values as float32, little-endian
}

func readGolden(t *testing.T) (folder string, g golden) {
	t.Helper()
	folder = given.Golden(t, "pipeline", "checkpoints")
	text, err := os.ReadFile(filepath.Join(folder, "checkpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return folder, g
}

func (g golden) tensors(t *testing.T, file string) (list []goldenTensor) {
	t.Helper()
	raw := g.Files[file].Tensors
	var same string
	if json.Unmarshal(raw, &same) == nil {
		raw = g.Files[strings.TrimPrefix(same, "same as ")].Tensors
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return list
}

func open(t *testing.T, path string, o Options) *Checkpoint {
	t.Helper()
	c, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func hashOf(t *testing.T, s weights.Source, name string) string {
	t.Helper()
	tensor, err := s.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	if tensor, err = tensor.As(weights.F32); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(tensor.Data)
	return hex.EncodeToString(sum[:])
}

// Every reference checkpoint has the tensors, shapes and values that PyTorch found in it, under the official names.
func TestReferenceCheckpoints(t *testing.T) {
	folder, g := readGolden(t)
	if len(g.Files) == 0 {
		t.Error("the list names no files")
	}
	for file, want := range g.Files {
		t.Run(strings.ReplaceAll(file, "/", "_"), func(t *testing.T) {
			o := Options{}
			if want.Kind == "vit2d" {
				o.As = Classifier
			}
			c := open(t, filepath.Join(folder, file), o)
			tensors := g.tensors(t, file)
			known := 0
			for _, w := range tensors {
				if slices.Contains(want.Extra, w.Name) {
					continue // it has no place in the model
				}
				known++
				spec, ok := c.Spec(w.Name)
				if !ok || !slices.Equal(spec.Shape, w.Shape) {
					t.Errorf("%s is %v, want shape %v", w.Name, spec, w.Shape)
				} else if got := hashOf(t, c, w.Name); got != w.SHA256 {
					t.Errorf("%s: sha256 %s, want %s", w.Name, got, w.SHA256)
				}
			}
			if n := len(c.Names()); n != known {
				t.Errorf("%d tensors, want %d: %v", n, known, c.Names())
			}
			if len(want.Keys) > 0 {
				got := c.Raw.Names()
				slices.Sort(got)
				if !slices.Equal(got, want.Keys) {
					t.Errorf("names in the file %v, want %v", got, want.Keys)
				}
			}
			report, err := c.Match()
			if (err != nil) != (len(want.Missing) > 0) {
				t.Errorf("the model that was recognised (%s) does not fit its own file: %v\n%s", c.Model, err, report)
			}
			for _, row := range report.Rows {
				if row.Status == weights.Missing != slices.Contains(want.Missing, row.Name) {
					t.Errorf("%s is %s", row.Name, row.Status)
				}
			}
		})
	}
}

// The encoder that a classifier starts from is what the official code takes of a pre-training checkpoint.
func TestEncoderOfAPretrainingCheckpoint(t *testing.T) {
	folder, g := readGolden(t)
	for file, want := range g.Files {
		if want.Kind != "pretrain" {
			continue
		}
		c := open(t, filepath.Join(folder, file), Options{As: Encoder})
		model := c.Model
		model.Kind, model.Norm, model.Head = Classifier, "fc_norm", 1
		var specs []weights.Spec
		for _, s := range model.Specs() {
			specs = append(specs, weights.Spec{Name: s.Name, Shape: s.Shape})
		}
		report, err := weights.Match(specs, c)
		if err == nil {
			t.Error("a head appeared")
		}
		if got := report.Loadable(); !slices.Equal(got, g.Init.Loaded) {
			t.Errorf("%s: loadable are %v, want %v", file, got, g.Init.Loaded)
		}
		var unused []string
		for _, l := range c.Lost {
			unused = append(unused, l.Name)
		}
		for _, row := range report.Rows {
			switch {
			case row.Status == weights.Unexpected:
				unused = append(unused, row.Name)
			case row.Status == weights.Missing && !slices.Contains(g.Init.NotLoaded, row.Name):
				t.Errorf("%s: %s is missing", file, row.Name)
			}
		}
		slices.Sort(unused)
		slices.Sort(g.Init.Unused)
		if !slices.Equal(unused, g.Init.Unused) {
			t.Errorf("%s: unused are %v, want %v", file, unused, g.Init.Unused)
		}
	}
}

// Broken and malicious files end in an error that names the file.
func TestBrokenCheckpoints(t *testing.T) {
	list := given.Golden(t, "pipeline", "checkpoints", "broken.json")
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]string
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	for file, what := range files {
		path := filepath.Join(filepath.Dir(list), "broken", file)
		c, err := Open(path, Options{})
		if err == nil {
			t.Errorf("%s (%s) was opened: %v", file, what, c.Names())
			_ = c.Close()
			continue
		}
		if !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %q does not name it", file, err)
		}
		t.Log(err)
	}
}

// A file of PyTorch is the same model in the folders that programs put it into.
func TestFoldersOfPyTorchFiles(t *testing.T) {
	folder, g := readGolden(t)
	for file, want := range g.Files {
		if want.Kind != "finetune" || strings.Contains(file, "/") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		where := map[string]string{}
		for _, name := range open(t, filepath.Join(folder, file), Options{}).Raw.Names() {
			where[name] = "pytorch_model-00001-of-00001.bin"
		}
		index, err := json.Marshal(map[string]any{"weight_map": where})
		if err != nil {
			t.Fatal(err)
		}
		for name, files := range map[string]map[string][]byte{
			"one":     {"pytorch_model.bin": content},
			"shards":  {"pytorch_model-00001-of-00001.bin": content, "pytorch_model.bin.index.json": index},
			"engine":  {"latest": []byte("global_step7\n"), "global_step7/mp_rank_00_model_states.pt": content},
			"epochs":  {"latest": []byte("7"), "checkpoint-7/mp_rank_00_model_states.pt": content},
			"one tag": {"mp_rank_00_model_states.pt": content},
		} {
			for f, text := range files {
				path := filepath.Join(dir, name, f)
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				writeFile(t, path, string(text))
			}
			c := open(t, filepath.Join(dir, name), Options{})
			for _, w := range g.tensors(t, file) {
				if got := hashOf(t, c, w.Name); got != w.SHA256 {
					t.Errorf("%s as %s: %s changed", file, name, w.Name)
				}
			}
		}
	}
}

// The detection repository's checkpoint is recognised by its norm.
func TestDetector(t *testing.T) {
	c := open(t, given.Golden(t, "pipeline", "ava", "tiny_detector.pth"), Options{})
	if report, err := c.Match(); err != nil || c.Model.Kind != Detector || c.Model.Norm != "norm" {
		t.Errorf("%s: %v\n%s", c.Model, err, report)
	}
	if e := open(t, c.Tensors, Options{As: Encoder}); e.Model.Kind != Encoder || len(e.Lost) != 2 {
		t.Errorf("%s, lost %v", e.Model, e.Lost)
	}
}
