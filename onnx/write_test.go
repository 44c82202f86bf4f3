package onnx

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"videomae/classify"
)

// small is a model, with the first value of a tensor changed to v.
func small(t *testing.T, tensor string, v float32, b Build) *Model {
	t.Helper()
	m := classifierOf(classify.Mean)
	specs := m.Specs()
	values := drawn("", specs)
	for i, s := range specs {
		if s.Name == tensor {
			values[i][0] = v
		}
	}
	return must[*Model](t)(Classifier(m, of(specs, values), b))
}

// names lists a folder.
func names(t *testing.T, folder string) (list []string) {
	t.Helper()
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(folder)) {
		list = append(list, e.Name())
	}
	return list
}

func TestWeightsBesideTheFile(t *testing.T) {
	m := small(t, "", 0, Build{Opset: MinOpset})
	var files [2]file
	for i, limit := range []int64{0, 1000} {
		folder := t.TempDir()
		path := filepath.Join(folder, "model.onnx")
		var told int64
		w, err := m.Write(context.Background(), path, limit, func(n int64) { told += n })
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"model.onnx", "model.onnx.data"}[:1+i]
		if !slices.Equal(names(t, folder), want) || (w.Data != "") != (i == 1) {
			t.Errorf("limit %d: %v, %+v", limit, names(t, folder), w)
		}
		var size int64
		for _, name := range want {
			size += must[os.FileInfo](t)(os.Stat(filepath.Join(folder, name))).Size()
		}
		if size != w.Bytes || told != m.Size() {
			t.Errorf("limit %d: %d bytes, told %d; progress of %d, told %d", limit, size, w.Bytes, m.Size(), told)
		}
		files[i] = read(t, path)
	}
	if !maps.EqualFunc(files[0].constants, files[1].constants, func(a, b array) bool { return reflect.DeepEqual(a, b) }) {
		t.Error("the weights differ")
	}
	if !reflect.DeepEqual(files[0].nodes, files[1].nodes) {
		t.Error("the operations differ")
	}
}

func TestTheSameModelGivesTheSameBytes(t *testing.T) {
	var texts [2][]byte
	for i := range texts {
		path := filepath.Join(t.TempDir(), "model.onnx")
		m := small(t, "", 0, Build{Opset: MinOpset, Half: true})
		m.Metadata = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}
		if _, err := m.Write(context.Background(), path, 0, nil); err != nil {
			t.Fatal(err)
		}
		texts[i] = must[[]byte](t)(os.ReadFile(path))
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("they differ")
	}
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		model   *Model
		limit   int64
		prepare func(path string) // before writing
		stop    bool              // the caller stops after the first tensor
		is      error
		says    string
		stays   []string
	}{
		"file there": {prepare: func(path string) { _ = os.WriteFile(path, []byte("x"), 0o600) }, says: "model.onnx is there already", stays: []string{"model.onnx"}},
		"weights there": {limit: 1, prepare: func(path string) { _ = os.WriteFile(path+DataSuffix, []byte("x"), 0o600) },
			says: "model.onnx.data is there already", stays: []string{"model.onnx.data"}},
		"full disk":             {prepare: func(path string) { _ = os.Symlink("/dev/full", path+".partial") }, is: syscall.ENOSPC, says: "model.onnx"},
		"full disk for weights": {limit: 1, prepare: func(path string) { _ = os.Symlink("/dev/full", path+DataSuffix+".partial") }, is: syscall.ENOSPC, says: "model.onnx"},
		"full disk afterwards":  {limit: 1, prepare: func(path string) { _ = os.Symlink("/dev/full", path+".partial") }, is: syscall.ENOSPC, says: "model.onnx"},
		"stopped":               {stop: true, is: context.Canceled},
		"beyond half":           {model: small(t, "blocks.1.mlp.fc1.weight", 70000, Build{Opset: MinOpset, Half: true}), says: "blocks.1.mlp.fc1.weight"},
	} {
		if _, err := os.Stat("/dev/full"); err != nil && c.is == syscall.ENOSPC {
			continue
		}
		folder := t.TempDir()
		path := filepath.Join(folder, "model.onnx")
		if c.prepare != nil {
			c.prepare(path)
		}
		if c.model == nil {
			c.model = small(t, "", 0, Build{Opset: MinOpset})
		}
		ctx, cancel := context.WithCancel(context.Background())
		_, err := c.model.Write(ctx, path, c.limit, func(int64) {
			if c.stop {
				cancel()
			}
		})
		cancel()
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || !slices.Equal(names(t, folder), c.stays) {
			t.Errorf("%s: %v; left: %v", name, err, names(t, folder))
		}
	}
	if _, err := small(t, "", 0, Build{Opset: MinOpset}).Write(context.Background(), filepath.Join(t.TempDir(), "no", "model.onnx"), 0, nil); err == nil {
		t.Error("written into a folder that is not there")
	}
}
