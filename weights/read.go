// Reading safetensors: the header is checked whole before anything is believed, and values are read when asked for.

package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"
)

// maxHeader is the longest header that is read, the limit that other readers of the format have too.
const maxHeader = 100_000_000

// metadataKey is the header's entry for free text about the file.
const metadataKey = "__metadata__"

// File is an open safetensors file. Its methods may be called from several goroutines.
type File struct {
	path     string
	file     *os.File
	metadata map[string]string
	entries  []entry // in the order of their bytes
	index    map[string]int
}

// entry is a tensor and where its bytes are in the file.
type entry struct {
	Spec
	at, size int64
}

// Open reads and checks the header of a safetensors file. It refuses a header that is longer than the file or 100 MB, names that occur
// twice, types that it does not know, and byte ranges that overlap, leave holes, do not fit the shape or do not end with the file.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	f := &File{path: path, file: file}
	if err := f.readHeader(); err != nil {
		return nil, errors.Join(fmt.Errorf("weights: %s is not a usable safetensors file: %w", path, err), file.Close())
	}
	return f, nil
}

func (f *File) readHeader() (err error) {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.metadata, f.entries, err = parse(f.file, info.Size())
	f.index = make(map[string]int, len(f.entries))
	for i, e := range f.entries {
		f.index[e.Name] = i
	}
	return err
}

// Close closes the file; tensors already read stay valid.
func (f *File) Close() error { return f.file.Close() }

// Path is the name the file was opened by.
func (f *File) Path() string { return f.path }

// Metadata is the free text stored with the tensors, nil if there is none.
func (f *File) Metadata() map[string]string { return f.metadata }

// Names lists the tensors in the order of their bytes in the file.
func (f *File) Names() []string {
	names := make([]string, len(f.entries))
	for i, e := range f.entries {
		names[i] = e.Name
	}
	return names
}

// Spec returns type and shape of a tensor without reading its values, and false if the file has none of that name.
func (f *File) Spec(name string) (Spec, bool) {
	i, ok := f.index[name]
	if !ok {
		return Spec{}, false
	}
	return f.entries[i].Spec, true
}

// Tensor reads one tensor.
func (f *File) Tensor(name string) (Tensor, error) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, fmt.Errorf("weights: %s has no tensor %q", f.path, name)
	}
	e := f.entries[i]
	t := Tensor{Name: name, DType: e.DType, Shape: slices.Clone(e.Shape), Data: make([]byte, e.size)}
	if _, err := f.file.ReadAt(t.Data, e.at); err != nil {
		return Tensor{}, fmt.Errorf("weights: %s: tensor %q: %w", f.path, name, err)
	}
	return t, nil
}

// parse reads the header of a file of the given size and returns its metadata and its tensors in the order of their bytes.
func parse(r io.ReaderAt, size int64) (map[string]string, []entry, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, nil, fmt.Errorf("it has %d bytes, too few for a header", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader || length > uint64(size)-8 {
		return nil, nil, fmt.Errorf("its header claims %d bytes in a file of %d (limit %d)", length, size, maxHeader)
	}
	header := make([]byte, length)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, nil, err
	}
	metadata, entries, err := parseHeader(header)
	if err != nil {
		return nil, nil, err
	}
	return metadata, entries, place(entries, 8+int64(length), size)
}

// parseHeader reads the JSON header; the positions of its entries are still relative to the end of the header. It walks the outer object
// itself because the json package keeps the last of two equal keys without a word.
func parseHeader(header []byte) (metadata map[string]string, entries []entry, err error) {
	if !utf8.Valid(header) {
		return nil, nil, errors.New("its header is not UTF-8 text")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.DisallowUnknownFields()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, errors.New("its header is not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name, ok := key.(string)
		if !ok || seen[name] {
			return nil, nil, fmt.Errorf("header: %q occurs twice", key)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("header: %s: %w", metadataKey, err)
			}
			continue
		}
		e, err := parseEntry(dec, name)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("header: text follows the JSON object")
	}
	return metadata, entries, nil
}

// parseEntry reads the description of one tensor and checks its byte range against type and shape.
func parseEntry(dec *json.Decoder, name string) (entry, error) {
	var raw struct {
		DType   DType   `json:"dtype"`
		Shape   []int   `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := dec.Decode(&raw); err != nil {
		return entry{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	if raw.Shape == nil || len(raw.Offsets) != 2 {
		return entry{}, fmt.Errorf("tensor %q: needs a shape and two data_offsets", name)
	}
	e := entry{Spec: Spec{name, raw.DType, raw.Shape}, at: raw.Offsets[0]}
	var err error
	if e.size, err = e.Bytes(); err != nil {
		return entry{}, err
	}
	if e.at < 0 || raw.Offsets[1] < e.at || raw.Offsets[1]-e.at != e.size {
		return entry{}, fmt.Errorf("tensor %q: %s of shape %v takes %d bytes, but its range is %v", name, e.DType, e.Shape, e.size, raw.Offsets)
	}
	return e, nil
}

// place sorts the entries by position, checks that they fill the file from start to end without overlap or hole, and makes their
// positions absolute.
func place(entries []entry, start, end int64) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.size, b.size))
	})
	next := start
	for i := range entries {
		e := &entries[i]
		if e.at != next-start {
			return fmt.Errorf("tensor %q: starts at byte %d of the data, where %d was due (overlap or hole)", e.Name, e.at, next-start)
		}
		if e.size > end-next {
			return fmt.Errorf("tensor %q: ends after the end of the file: the file was cut off", e.Name)
		}
		e.at = next
		next += e.size
	}
	if next != end {
		return fmt.Errorf("%d bytes at its end belong to no tensor", end-next)
	}
	return nil
}
