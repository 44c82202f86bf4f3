// Package torchtest writes files in PyTorch's formats, for tests, without PyTorch.
package torchtest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"videomae/weights"
)

// Pickle is a pickle of protocol 2 that is written op by op.
type Pickle struct{ bytes.Buffer }

// NewPickle starts one.
func NewPickle() *Pickle {
	p := &Pickle{}
	return p.Raw("\x80\x02")
}

// Text pushes a text.
func (p *Pickle) Text(s string) *Pickle {
	p.WriteByte('X')
	_ = binary.Write(p, binary.LittleEndian, uint32(len(s))) // a buffer never fails
	return p.Raw(s)
}

// Number pushes an integer.
func (p *Pickle) Number(n int) *Pickle {
	p.WriteByte('J')
	_ = binary.Write(p, binary.LittleEndian, int32(n))
	return p
}

// Raw writes ops as they are.
func (p *Pickle) Raw(ops string) *Pickle {
	p.WriteString(ops)
	return p
}

// Numbers pushes a tuple of integers.
func (p *Pickle) Numbers(list []int) *Pickle {
	p.Raw("(")
	for _, n := range list {
		p.Number(n)
	}
	return p.Raw("t")
}

// Tensor pushes a view of the storage with this key, of so many values of a class.
func (p *Pickle) Tensor(class, key string, values, offset int, shape, stride []int) *Pickle {
	p.Raw("ctorch._utils\n_rebuild_tensor_v2\n((").Text("storage").Raw("ctorch\n" + class + "\n").Text(key).Text("cpu").Number(values).Raw("tQ")
	return p.Number(offset).Numbers(shape).Numbers(stride).Raw("\x89ccollections\nOrderedDict\n)RtR")
}

// Record is an entry of an archive. Write gives its content.
type Record struct {
	Name  string
	Write func(io.Writer) error
}

// Zip writes an archive of PyTorch: a folder with the pickle and the records.
func Zip(out io.Writer, method uint16, pickle []byte, records ...Record) error {
	w := zip.NewWriter(out)
	bytesOf := func(b []byte) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := w.Write(b)
			return err
		}
	}
	all := append([]Record{{"data.pkl", bytesOf(pickle)}, {"byteorder", bytesOf([]byte("little"))}, {"version", bytesOf([]byte("3\n"))}}, records...)
	for _, r := range all {
		f, err := w.CreateHeader(&zip.FileHeader{Name: "archive/" + r.Name, Method: method})
		if err == nil {
			err = r.Write(f)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return w.Close()
}

// Checkpoint writes {key: {name: tensor, ...}}, each tensor in a storage of its own with float32 values. data gives the bytes of specs[i].
func Checkpoint(out io.Writer, key string, specs []weights.Spec, data func(i int) ([]byte, error)) error {
	p := NewPickle().Raw("}(").Text(key).Raw("}(")
	var records []Record
	for i, s := range specs {
		stride, n := make([]int, len(s.Shape)), 1
		for k := len(s.Shape) - 1; k >= 0; k-- {
			stride[k] = n
			n *= s.Shape[k]
		}
		p.Text(s.Name).Tensor("FloatStorage", fmt.Sprint(i), n, 0, s.Shape, stride)
		records = append(records, Record{fmt.Sprint("data/", i), func(w io.Writer) error {
			b, err := data(i)
			if err == nil {
				_, err = w.Write(b)
			}
			return err
		}})
	}
	return Zip(out, zip.Store, p.Raw("uu.").Bytes(), records...)
}
