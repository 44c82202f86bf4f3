package onnx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// MaxInline is the longest file that holds its weights: the longest message that readers take. Source: protobuf's limit of 2 GiB.
const MaxInline = 1<<31 - 1

// DataSuffix is what follows the name of a file in that of the file beside it with the weights of a model that is longer than MaxInline.
const DataSuffix = ".data"

const (
	apartFrom = 1024 // bytes of the smallest tensor that goes into the file of weights; shapes, which readers need at once, are shorter
	alignment = 4096 // of tensors in the file of weights, so that they can be mapped
)

// place is where a tensor's values lie in another file.
type place struct {
	file     string
	at, size int64
}

// entries are the keys and values that tell of it.
func (p place) entries() [][2]string {
	return [][2]string{{"location", p.file}, {"offset", strconv.FormatInt(p.at, 10)}, {"length", strconv.FormatInt(p.size, 10)}}
}

// Written tells what files were made.
type Written struct {
	File  string `json:"file"`
	Data  string `json:"data,omitempty"` // with the weights, if they are not in File
	Bytes int64  `json:"bytes"`          // of both
}

// Size is about how many bytes Write will write.
func (m *Model) Size() (total int64) {
	for _, c := range m.graph.constants {
		total += c.size()
	}
	return total
}

// Write makes the file, which must not be there yet. Where it would be longer than limit bytes (0: MaxInline), the weights go into a file
// beside it. One tensor's values are in memory at a time. Files are synced and take their names when they are
// complete; on an error none is left. done, unless nil, is told of the bytes of each tensor.
func (m *Model) Write(ctx context.Context, path string, limit int64, done func(bytes int64)) (Written, error) {
	w := writer{ctx: ctx, model: m, done: done}
	out := Written{File: path}
	if limit == 0 {
		limit = MaxInline
	}
	if head, graph := w.lengths(); int64(len(head))+graph > limit {
		out.Data = path + DataSuffix
		w.spread(filepath.Base(out.Data))
	}
	bytes, err := w.files(out)
	if err != nil {
		return Written{}, fmt.Errorf("onnx: cannot write %s: %w", path, err)
	}
	out.Bytes = bytes
	return out, nil
}

// writer writes a model.
type writer struct {
	ctx    context.Context
	model  *Model
	places []*place // of the constants in the file of weights; nil for those in the message; empty without such a file
	done   func(int64)
}

// spread gives large constants places in a file of weights.
func (w *writer) spread(file string) {
	var at int64
	for _, c := range w.model.graph.constants {
		if c.size() < apartFrom {
			w.places = append(w.places, nil)
			continue
		}
		at = (at + alignment - 1) / alignment * alignment
		w.places = append(w.places, &place{file, at, c.size()})
		at += c.size()
	}
}

func (w *writer) place(i int) *place {
	if w.places == nil {
		return nil
	}
	return w.places[i]
}

// lengths gives what precedes the constants in the file, and the length of what follows it.
func (w *writer) lengths() (head []byte, rest int64) {
	graph := w.model.encodeGraph()
	for i, c := range w.model.graph.constants {
		n := int64(len(c.encode(w.place(i))))
		if w.place(i) == nil {
			n += c.size()
		}
		rest += int64(protowire.SizeTag(graphInitializer)) + int64(protowire.SizeVarint(uint64(n))) + n
	}
	head = protowire.AppendTag(w.model.encode(), modelGraph, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(int64(len(graph))+rest))
	return append(head, graph...), rest
}

// files writes the file of weights, if there is one, and the model.
func (w *writer) files(out Written) (bytes int64, err error) {
	parts := []part{{out.File, w.message}}
	if out.Data != "" {
		parts = []part{{out.Data, w.data}, {out.File, w.message}}
	}
	var made []string
	defer func() {
		if err != nil {
			for _, file := range made {
				err = errors.Join(err, os.Remove(file))
			}
		}
	}()
	for _, p := range parts {
		if err := absent(p.path); err != nil {
			return 0, err
		}
	}
	for _, p := range parts {
		made = append(made, p.partial())
		n, err := p.write()
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	for i, p := range parts {
		if err := os.Rename(p.partial(), p.path); err != nil {
			return 0, err
		}
		made[i] = p.path
	}
	return bytes, syncFolder(filepath.Dir(out.File))
}

// absent reports what is at a path.
func absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s is there already", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// part is a file and what fills it.
type part struct {
	path string
	fill func(io.Writer) error
}

// partial is the name of the file while it is not complete.
func (p part) partial() string { return p.path + ".partial" }

func (p part) write() (bytes int64, err error) {
	file, err := os.Create(p.partial())
	if err != nil {
		return 0, err
	}
	buffer := bufio.NewWriterSize(file, 1<<20)
	if err = p.fill(buffer); err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		bytes, err = file.Seek(0, io.SeekCurrent)
	}
	return bytes, errors.Join(err, file.Close())
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// message writes the model, with the values of constants that have no place elsewhere.
func (w *writer) message(to io.Writer) error {
	head, _ := w.lengths()
	if _, err := to.Write(head); err != nil {
		return err
	}
	for i, c := range w.model.graph.constants {
		at := w.place(i)
		tensor, n := c.encode(at), int64(0)
		if at == nil {
			n = c.size()
		}
		b := protowire.AppendTag(nil, graphInitializer, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(int64(len(tensor))+n))
		if _, err := to.Write(append(b, tensor...)); err != nil {
			return err
		}
		if at == nil {
			if err := w.values(to, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// data writes the values of constants that have a place, with zeros between them.
func (w *writer) data(to io.Writer) error {
	var end int64
	for i, c := range w.model.graph.constants {
		at := w.place(i)
		if at == nil {
			continue
		}
		if _, err := to.Write(make([]byte, at.at-end)); err != nil {
			return err
		}
		if err := w.values(to, c); err != nil {
			return err
		}
		end = at.at + at.size
	}
	return nil
}

func (w *writer) values(to io.Writer, c constant) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	data, err := c.data()
	if err == nil && int64(len(data)) != c.size() {
		err = fmt.Errorf("tensor %q: %d bytes of values, want %d", c.name, len(data), c.size())
	}
	if err == nil {
		_, err = to.Write(data)
	}
	if err == nil && w.done != nil {
		w.done(c.size())
	}
	return err
}
