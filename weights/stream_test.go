package weights

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestStreamWritesWhatWriteWrites(t *testing.T) {
	dir := t.TempDir()
	specs := []Spec{{"times", F64, []int{2}}, {"values", F32, []int{2, 3}}}
	data := [][]byte{[]byte("0123456789abcdef"), []byte("abcdefghijklmnopqrstuvwx")}
	metadata := map[string]string{"about": "a test"}
	whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
	if err := Write(whole, metadata, specs, func(i int) ([]byte, error) { return data[i], nil }); err != nil {
		t.Fatal(err)
	}
	err := Stream(parts, metadata, specs, func(w io.Writer) error {
		for part := range slices.Chunk(slices.Concat(data...), 7) {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(whole)
	if b, _ := os.ReadFile(parts); !slices.Equal(a, b) || len(a) == 0 {
		t.Error("the files differ")
	}
}

func TestStreamLeavesNothingThatIsNotWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	stop := errors.New("stop")
	for say, fill := range map[string]func(io.Writer) error{
		"stop":    func(io.Writer) error { return stop },
		"not the": func(w io.Writer) error { _, err := w.Write([]byte("abc")); return err },
		"wider":   nil,
	} {
		specs := []Spec{{"x", U8, []int{4}}}
		if fill == nil {
			specs = []Spec{{"x", U8, []int{4}}, {"y", F32, []int{1}}}
		}
		if err := Stream(path, nil, specs, fill); err == nil || !strings.Contains(err.Error(), say) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that says %q", err, say)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if err := Stream(filepath.Join(dir, "none", "x"), nil, nil, func(io.Writer) error { return nil }); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
