package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/internal/given"
)

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func mustOpen(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// Every file that the format's own library wrote is read, and written back as the same bytes.
func TestForeignFilesSurviveARoundTrip(t *testing.T) {
	found := 0
	err := filepath.WalkDir(given.Golden(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".safetensors" || strings.Contains(path, "broken") {
			return err
		}
		found++
		f := mustOpen(t, path)
		var tensors []Tensor
		for _, name := range f.Names() {
			tensor, err := f.Tensor(name)
			if err != nil {
				return err
			}
			tensors = append(tensors, tensor)
		}
		copied := filepath.Join(t.TempDir(), "copy.safetensors")
		if err := Save(copied, f.Metadata(), tensors); err != nil {
			return err
		}
		want, errWant := os.ReadFile(path)
		got, errGot := os.ReadFile(copied)
		if !bytes.Equal(want, got) {
			t.Errorf("%s: written back, %d bytes became %d other ones", path, len(want), len(got))
		}
		return errors.Join(errWant, errGot)
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("no safetensors file found")
	}
}

// Types and shapes are those that the tool that wrote the files saw.
func TestSpecsAgreeWithTheManifest(t *testing.T) {
	var manifest struct {
		Tensors map[string]map[string][2]json.RawMessage // file, tensor: type and shape
	}
	readJSON(t, given.Golden(t, "pipeline", "manifest.json"), &manifest)
	if len(manifest.Tensors) == 0 {
		t.Error("the manifest lists no tensors")
	}
	for file, tensors := range manifest.Tensors {
		f := mustOpen(t, given.Golden(t, "pipeline", file))
		if len(tensors) != len(f.Names()) {
			t.Errorf("%s: %d tensors, want %d", file, len(f.Names()), len(tensors))
		}
		for name, want := range tensors {
			got, _ := f.Spec(name)
			dtype, _ := json.Marshal(got.DType)
			shape, _ := json.Marshal(got.Shape)
			if string(dtype) != string(want[0]) || strings.Join(strings.Fields(string(want[1])), "") != string(shape) {
				t.Errorf("%s: %s is %s%s, want %s", file, name, dtype, shape, want)
			}
		}
	}
}

// Tensors whose names the converted checkpoint keeps have the values of the original one.
func TestValuesHaveTheirHashes(t *testing.T) {
	type hashed struct{ Name, SHA256 string }
	var list struct {
		Files map[string]struct{ Tensors json.RawMessage }
	}
	readJSON(t, given.Golden(t, "pipeline", "checkpoints", "checkpoints.json"), &list)
	var tensors []hashed
	if err := json.Unmarshal(list.Files["checkpoint-799.pth"].Tensors, &tensors); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, given.Golden(t, "pipeline", "checkpoints", "hf_pretrain_old", "model.safetensors"))
	compared := 0
	for _, want := range tensors {
		if _, ok := f.Spec(want.Name); !ok {
			continue
		}
		compared++
		tensor, err := f.Tensor(want.Name)
		if err != nil {
			t.Fatal(err)
		}
		values, err := tensor.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		for _, v := range values {
			_ = binary.Write(hash, binary.LittleEndian, math.Float32bits(v))
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != want.SHA256 {
			t.Errorf("%s: sha256 %s, want %s", want.Name, got, want.SHA256)
		}
	}
	if compared < 5 {
		t.Errorf("only %d tensors could be compared", compared)
	}
}

func TestOverlongHeaderOfAForeignFile(t *testing.T) {
	path := given.Golden(t, "pipeline", "checkpoints", "broken", "header_too_long.safetensors")
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("error %v does not name the file and the length", err)
	}
}
