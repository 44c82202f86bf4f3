// Writing safetensors: equal input gives equal bytes, values pass through one tensor at a time.

package weights

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Write makes a safetensors file of the given tensors. data(i) is called once for each of them and returns the bytes of specs[i] (C order,
// little-endian), so that no more than one tensor need be in memory; the slice is not kept. Wider element types are stored first, which
// keeps every tensor aligned to its element; otherwise the order is that of specs. The file is synced to disk and takes its name only
// when it is complete: on an error what was there before stays.
func Write(path string, metadata map[string]string, specs []Spec, data func(i int) ([]byte, error)) error {
	order := make([]int, len(specs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(specs[b].DType.Size(), specs[a].DType.Size()) })
	header, total, err := buildHeader(metadata, specs, order)
	if err != nil {
		return fmt.Errorf("weights: %s: %w", path, err)
	}
	if err := replaceFile(path, func(w *bufio.Writer) error { return writeAll(w, header, specs, order, data) }); err != nil {
		return fmt.Errorf("weights: cannot write %s (%d bytes): %w", path, total, err)
	}
	return nil
}

// Save is Write for tensors that are in memory.
func Save(path string, metadata map[string]string, tensors []Tensor) error {
	specs := make([]Spec, len(tensors))
	for i, t := range tensors {
		specs[i] = t.Spec()
	}
	return Write(path, metadata, specs, func(i int) ([]byte, error) { return tensors[i].Data, nil })
}

// buildHeader returns the length prefix and the JSON header, padded with spaces to a multiple of 8 bytes, and the size of the whole file.
func buildHeader(metadata map[string]string, specs []Spec, order []int) (header []byte, total int64, err error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8)) // the length, known at the end
	b.WriteByte('{')
	member := func(key string, value any) error {
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		k, _ := json.Marshal(key) // a string always has a JSON form
		v, err := json.Marshal(value)
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		return err
	}
	if len(metadata) > 0 {
		if err := member(metadataKey, metadata); err != nil {
			return nil, 0, err
		}
	}
	var at int64
	seen := map[string]bool{metadataKey: true}
	for _, i := range order {
		s := specs[i]
		size, err := s.Bytes()
		if err != nil {
			return nil, 0, err
		}
		if seen[s.Name] {
			return nil, 0, fmt.Errorf("two tensors are called %q", s.Name)
		}
		seen[s.Name] = true
		if err := member(s.Name, headerEntry{s.DType, append([]int{}, s.Shape...), [2]int64{at, at + size}}); err != nil {
			return nil, 0, err
		}
		at += size
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, 0, fmt.Errorf("the header would take %d bytes, more than the format's limit of %d", b.Len()-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), int64(b.Len()) + at, nil
}

// headerEntry is the description of one tensor in the header; its fields are written in this order.
type headerEntry struct {
	DType   DType    `json:"dtype"`
	Shape   []int    `json:"shape"` // [] for a scalar, never null
	Offsets [2]int64 `json:"data_offsets"`
}

func writeAll(w *bufio.Writer, header []byte, specs []Spec, order []int, data func(i int) ([]byte, error)) error {
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, i := range order {
		values, err := data(i)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", specs[i].Name, err)
		}
		if err := (Tensor{specs[i].Name, specs[i].DType, specs[i].Shape, values}).check(); err != nil {
			return err
		}
		if _, err := w.Write(values); err != nil {
			return fmt.Errorf("tensor %q: %w", specs[i].Name, err)
		}
	}
	return nil
}

// replaceFile writes a file beside path, syncs it and renames it to path; on an error the unfinished file is removed.
func replaceFile(path string, write func(*bufio.Writer) error) error {
	partial := path + ".partial"
	file, err := os.Create(partial)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return nil
}
