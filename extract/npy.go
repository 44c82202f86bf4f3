// NumPy's array files, written as values come.

package extract

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
)

// NumPy's names of the element types that are written, both little-endian.
const (
	npyFloat32 = "<f4"
	npyFloat64 = "<f8"
)

// npyHeader is what a file of version 1.0 begins with, padded so that values start at a multiple of 64 bytes.
func npyHeader(dtype string, shape []int) []byte {
	dims := make([]string, len(shape))
	for i, d := range shape {
		dims[i] = fmt.Sprint(d)
	}
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, tuple)
	const before = 10 // magic, version, length
	for (before+len(text)+1)%64 != 0 {
		text += " "
	}
	header := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(header[8:], uint16(len(text)+1))
	return append(append(header, text...), '\n')
}

// WriteNPY writes values, as many as the shape has, for NumPy's load. The file takes its name when it is complete.
func WriteNPY(path string, shape []int, values []float32) error {
	return writeNPY(path, npyFloat32, shape, func(w io.Writer) error { _, err := w.Write(float32Bytes(values)); return err })
}

// writeNPY writes a file of values that fill gives, as many as the shape has. It takes its name only when it is complete and on the disk.
func writeNPY(path, dtype string, shape []int, fill func(io.Writer) error) error {
	size := int64(binarySize(dtype))
	for _, d := range shape {
		size *= int64(d)
	}
	err := Replace(path, func(w io.Writer) error {
		if _, err := w.Write(npyHeader(dtype, shape)); err != nil {
			return err
		}
		values := &limited{w: w, left: size}
		if err := fill(values); err != nil {
			return err
		}
		if values.left != 0 {
			return fmt.Errorf("%d bytes of the %d that the shape %v takes are missing", values.left, size, shape)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot write %s (%d bytes): %w", path, size, err)
	}
	return nil
}

func binarySize(dtype string) int {
	if dtype == npyFloat64 {
		return 8
	}
	return 4
}

// limited refuses more than a number of bytes.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errors.New("more values than the shape has")
	}
	return l.w.Write(p)
}

// Replace writes a file beside path, waits until it is on the disk, and renames it; on an error what was there before stays.
func Replace(path string, write func(io.Writer) error) error {
	beside := path + ".partial"
	file, err := os.Create(beside)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}

// float32Bytes and float64Bytes are values as both file formats have them.
func float32Bytes(values []float32) []byte {
	out := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(v))
	}
	return out
}

func float64Bytes(values []float64) []byte {
	out := make([]byte, 8*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint64(out[8*i:], math.Float64bits(v))
	}
	return out
}
