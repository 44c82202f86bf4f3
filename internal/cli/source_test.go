package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/weights/hub/hubtest"
)

// A model of the hub is inspected, converted and started from by its name.
func TestVerbsTakeModelsOfTheHub(t *testing.T) {
	run, dir := saveCheckpoint(t, func([][]float32) {}), t.TempDir()
	folder := filepath.Join(dir, "hub")
	if status, _, errs := command(t, "convert", run, folder, "--to", "hf"); status != 0 {
		t.Fatal(errs)
	}
	files := map[string][]byte{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	hubtest.New(t, files).Setenv(t)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	name := "hf:" + hubtest.Repository
	for _, call := range []struct {
		args []string
		want string // in the output or in what is told
	}{
		{[]string{"inspect", name}, "hub folder"},
		{[]string{"convert", name, filepath.Join(dir, "official.safetensors"), "--to", "official"}, "names of transformers"},
		{[]string{"reconstruct", "--checkpoint", name, "--video", "none.mp4", "--mask", "unheard-of", "--out", filepath.Join(dir, "out")}, "unheard-of"},
		{[]string{"features", "none.mp4", "--checkpoint", name, "--decoder", "unheard-of", "--out", filepath.Join(dir, "f.npy")}, "unheard-of"},
		{[]string{"attend", "none.mp4", "--checkpoint", name, "--decoder", "unheard-of", "--out", filepath.Join(dir, "a")}, "unheard-of"},
		{[]string{"probe", "--checkpoint", name, "--data", "none.csv", "--out", filepath.Join(dir, "p")}, "none.csv"},
		{[]string{"finetune", "--init", name, "--data", "none.csv", "--out", filepath.Join(dir, "r")}, "none.csv"},
		{[]string{"classify", "none.mp4", "--checkpoint", name}, "holds no classifier"},
		{[]string{"evaluate", "--checkpoint", name, "--data", "none.csv"}, "holds no classifier"},
		{[]string{"export", "onnx", "--checkpoint", name, "--what", "reconstruction", "--out", filepath.Join(dir, "r.onnx")}, "r.onnx"},
		{[]string{"inspect", name + "@v9"}, name + "@v9"},
		{[]string{"finetune", "--init", "hf:owner/other", "--data", "none.csv", "--out", filepath.Join(dir, "r")}, "hf:owner/other"},
	} {
		_, out, errs := command(t, call.args...)
		if !strings.Contains(out+errs, call.want) || strings.Contains(out+errs, hubtest.Token) {
			t.Errorf("%v\n%s%s", call.args, out, errs)
		}
	}
}
