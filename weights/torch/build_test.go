package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// builder writes pickles of protocol 2, op by op.
type builder struct{ bytes.Buffer }

func (b *builder) start() *builder {
	b.WriteString("\x80\x02")
	return b
}

func (b *builder) text(s string) *builder {
	b.WriteByte('X')
	_ = binary.Write(b, binary.LittleEndian, uint32(len(s)))
	b.WriteString(s)
	return b
}

func (b *builder) number(n int) *builder {
	b.WriteByte('J')
	_ = binary.Write(b, binary.LittleEndian, int32(n))
	return b
}

func (b *builder) raw(ops string) *builder {
	b.WriteString(ops)
	return b
}

func (b *builder) numbers(list []int) *builder {
	b.raw("(")
	for _, n := range list {
		b.number(n)
	}
	return b.raw("t")
}

// tensor is a view of a storage of so many values of a class.
func (b *builder) tensor(class, key string, values, offset int, shape, stride []int) *builder {
	b.raw("ctorch._utils\n_rebuild_tensor_v2\n((").text("storage").raw("ctorch\n" + class + "\n").text(key).text("cpu").number(values).raw("tQ")
	return b.number(offset).numbers(shape).numbers(stride).raw("\x89ccollections\nOrderedDict\n)RtR")
}

// model is {"model": {"a": 2x3 view, transposed, "b": the same storage from value 1 on}, "epoch": "best", "args": Namespace(...)}.
func model(values int) *builder {
	b := new(builder).start().raw("}(").text("model").raw("}(")
	b.text("a").tensor("FloatStorage", "0", values, 0, []int{2, 3}, []int{1, 2})
	b.text("b").tensor("FloatStorage", "0", values, 1, []int{2}, []int{1})
	b.raw("u").text("epoch").text("best").text("args").raw("cargparse\nNamespace\n)\x81}(").text("num_frames").number(16).raw("ub")
	return b.raw("u.")
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
	w := zip.NewWriter(&out)
	for _, r := range []struct {
		name    string
		content []byte
	}{{"x/data.pkl", pickle}, {"x/byteorder", []byte("little")}, {"x/data/0", storage}, {"x/version", []byte("3\n")}} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: r.name, Method: method})
		if err == nil {
			_, err = f.Write(r.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// legacy is a file in the row format with one storage of so many values.
func legacy(pickle, storage []byte, values int) []byte {
	out := []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
	out = append(out, new(builder).start().raw("}").text("little_endian").raw("\x88s.").Bytes()...)
	out = append(out, pickle...)
	out = append(out, new(builder).start().raw("]").text("0").raw("a.").Bytes()...)
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
