// Package torch reads the tensors of files that PyTorch's save function wrote, without running anything that is in them.
//
// Such a file is a pickle of Python objects beside the bytes of its tensors' storages: a zip archive since PyTorch 1.6, before that a row of
// pickles followed by the storages. The pickle is read as data (package pickle); names of classes that no checkpoint needs are refused.
// Storages stay in the file until a tensor is asked for, and then only the part that it covers is read.
package torch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"videomae/weights"
	"videomae/weights/pickle"
)

// File is an open file, a weights.Source of the tensors of one model in it. Its methods may be called from several goroutines.
type File struct {
	path    string
	file    *os.File
	size    int64
	names   []string
	tensors map[string]*tensor
	about   About
}

// About is what a file tells besides its tensors.
type About struct {
	Format string         // "zip", "legacy" or "tar"
	Key    string         // where in the file the tensors are: "model", "module", "state_dict", or "" for the whole of it
	Args   map[string]any // settings of the run that wrote it, numbers, texts, truth values and tuples of them; nil for none
	Epoch  any            // an int64 or a text, nil where it is not said
	Others []string       // what else is in the file and was left: optimiser, scaler, ..., and values that are no tensors
}

// Options say how to read a file.
type Options struct {
	Key   string                         // where the tensors are; empty: model, module or state_dict, or the whole file
	Allow func(class pickle.Global) bool // accepts classes beside those that are known; what they make is never used. May be nil
}

// Open reads the structure of a file. Every tensor is checked against the storage it lies in, and every storage against the file.
func Open(path string, o Options) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("torch: %w", err)
	}
	f := &File{path: path, file: file, tensors: map[string]*tensor{}}
	if err := f.read(o); err != nil {
		return nil, errors.Join(fmt.Errorf("torch: %s is not a usable checkpoint: %w", path, err), file.Close())
	}
	return f, nil
}

func (f *File) read(o Options) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	start := make([]byte, 512)
	n, err := f.file.ReadAt(start, 0)
	if err != nil && err != io.EOF {
		return err
	}
	var root any
	switch start = start[:n]; {
	case strings.HasPrefix(string(start), "PK\x03\x04"):
		f.about.Format = "zip"
		root, err = f.readZip(o)
	case isTar(start):
		f.about.Format = "tar"
		root, err = f.readTar(o)
	default:
		f.about.Format = "legacy"
		root, err = f.readLegacy(o)
	}
	if err != nil {
		return err
	}
	return f.collect(root, o.Key)
}

// keys are where checkpoints keep the tensors of their model, in the order in which they are looked for. Source: spec 2.3.
var keys = []string{"model", "module", "state_dict"}

// collect finds the tensors in what the pickle holds.
func (f *File) collect(root any, key string) error {
	d, ok := root.(*pickle.Dict)
	if !ok {
		return fmt.Errorf("it holds a %s, not a dictionary of tensors", describe(root))
	}
	state := d
	candidates := keys
	if key != "" {
		candidates = []string{key}
	}
	for _, k := range candidates {
		if v, _ := d.Get(k); hasTensors(v) {
			f.about.Key, state = k, v.(*pickle.Dict)
			break
		}
	}
	if key != "" && f.about.Key == "" {
		return fmt.Errorf("it has no tensors under %q (%s)", key, strings.Join(texts(d.Keys), ", "))
	}
	if !hasTensors(state) {
		return fmt.Errorf("no tensors under %s, nor beside them (%s)", strings.Join(keys, ", "), strings.Join(texts(d.Keys), ", "))
	}
	if state != d {
		f.aboutRun(d)
	}
	for i, k := range state.Keys {
		name, isText := k.(string)
		t, isTensor := state.Values[i].(*tensor)
		if !isText || !isTensor {
			f.about.Others = append(f.about.Others, fmt.Sprint(text(k), ": ", describe(state.Values[i])))
			continue
		}
		if err := t.check(f.size); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.names, f.tensors[name] = append(f.names, name), t
	}
	return nil
}

func hasTensors(v any) bool {
	d, ok := v.(*pickle.Dict)
	return ok && slices.ContainsFunc(d.Values, func(v any) bool { _, ok := v.(*tensor); return ok })
}

// aboutRun keeps what the dictionary says of the run.
func (f *File) aboutRun(d *pickle.Dict) {
	for i, k := range d.Keys {
		switch name := text(k); name {
		case f.about.Key:
		case "epoch":
			f.about.Epoch = plain(d.Values[i], 1)
		case "args":
			f.about.Args = settings(d.Values[i])
			f.about.Others = append(f.about.Others, "args: "+describe(d.Values[i]))
		default:
			f.about.Others = append(f.about.Others, name+": "+describe(d.Values[i]))
		}
	}
}

// Close closes the file; tensors already read stay valid.
func (f *File) Close() error { return f.file.Close() }

// Path is the name the file was opened by.
func (f *File) Path() string { return f.path }

// Metadata is nil: what such a file tells of itself is in About.
func (f *File) Metadata() map[string]string { return nil }

// About is what the file tells besides its tensors.
func (f *File) About() About { return f.about }

// Names lists the tensors in the order of the file.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Spec returns type and shape of a tensor without reading its values, and false if the file has none of that name.
func (f *File) Spec(name string) (weights.Spec, bool) {
	t, ok := f.tensors[name]
	if !ok {
		return weights.Spec{}, false
	}
	return weights.Spec{Name: name, DType: t.storage.dtype, Shape: slices.Clone(t.shape)}, true
}

// Tensor reads one tensor.
func (f *File) Tensor(name string) (weights.Tensor, error) {
	t, ok := f.tensors[name]
	if !ok {
		return weights.Tensor{}, fmt.Errorf("torch: %s has no tensor %q", f.path, name)
	}
	data, err := t.read(f.file)
	if err != nil {
		return weights.Tensor{}, fmt.Errorf("torch: %s: tensor %q: %w", f.path, name, err)
	}
	return weights.Tensor{Name: name, DType: t.storage.dtype, Shape: slices.Clone(t.shape), Data: data}, nil
}
