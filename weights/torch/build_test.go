package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"videomae/weights/torch/torchtest"
)

// model is {"model": {"a": 2x3 view, transposed, "b": the same storage from value 1 on}, "epoch": "best", "args": Namespace(...)}.
func model(values int) *torchtest.Pickle {
	b := torchtest.NewPickle().Raw("}(").Text("model").Raw("}(")
	b.Text("a").Tensor("FloatStorage", "0", values, 0, []int{2, 3}, []int{1, 2})
	b.Text("b").Tensor("FloatStorage", "0", values, 1, []int{2}, []int{1})
	b.Raw("u").Text("epoch").Text("best").Text("args").Raw("cargparse\nNamespace\n)\x81}(").Text("num_frames").Number(16).Raw("ub")
	return b.Raw("u.")
}

func floats(n int) []byte {
	var out []byte
	for i := range n {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(i)))
	}
	return out
}

// zipped is a file in the zip format with one storage.
func zipped(t testing.TB, pickle, storage []byte, method uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	err := torchtest.Zip(&out, method, pickle, torchtest.Record{Name: "data/0", Write: func(w io.Writer) error {
		_, err := w.Write(storage)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// legacy is a file in the row format with one storage of so many values.
func legacy(pickle, storage []byte, values int) []byte {
	out := []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
	out = append(out, torchtest.NewPickle().Raw("}").Text("little_endian").Raw("\x88s.").Bytes()...)
	out = append(out, pickle...)
	out = append(out, torchtest.NewPickle().Raw("]").Text("0").Raw("a.").Bytes()...)
	out = binary.LittleEndian.AppendUint64(out, uint64(values))
	return append(out, storage...)
}

func write(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pth")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (f *File) dump() string {
	out := ""
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		values, err2 := tensor.Float32s()
		out += fmt.Sprintln(name, tensor.DType, tensor.Shape, values, err, err2)
	}
	return out
}
