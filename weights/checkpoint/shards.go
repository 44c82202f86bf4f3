package checkpoint

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"videomae/weights"
	"videomae/weights/torch"
)

// openFile opens one file of tensors by its content: safetensors by its name's ending, everything else as PyTorch's.
func openFile(path string, o Options) (weights.Source, error) {
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		f, err := weights.Open(path)
		if err != nil {
			return nil, err // not f, which would be a source that is not nil
		}
		return f, nil
	}
	f, err := torch.Open(path, torch.Options{Key: o.Key, Allow: o.allowClass})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// shards are several files that an index joins.
type shards struct {
	path  string
	files []weights.Source
	names []string
	in    map[string]weights.Source
}

// openShards opens the files of an index. Every tensor must be in the file that the index says, and the index must name all of them.
func openShards(index string, o Options) (*shards, error) {
	list, where, err := shardsOf(index)
	if err != nil {
		return nil, err
	}
	s := &shards{path: index, in: map[string]weights.Source{}}
	for _, name := range list {
		file, err := openFile(filepath.Join(filepath.Dir(index), name), o)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.files = append(s.files, file)
		for _, tensor := range file.Names() {
			if where[tensor] != name {
				return nil, errors.Join(fmt.Errorf("%s: tensor %q is in %s, not in %q as the index says", index, tensor, name, where[tensor]), s.Close())
			}
			s.names, s.in[tensor] = append(s.names, tensor), file
		}
	}
	for tensor, file := range where {
		if s.in[tensor] == nil {
			return nil, errors.Join(fmt.Errorf("%s: tensor %q is not in %s", index, tensor, file), s.Close())
		}
	}
	return s, nil
}

func (s *shards) Path() string                { return s.path }
func (s *shards) Metadata() map[string]string { return s.files[0].Metadata() }
func (s *shards) Names() []string             { return slices.Clone(s.names) }

func (s *shards) Spec(name string) (weights.Spec, bool) {
	if file := s.in[name]; file != nil {
		return file.Spec(name)
	}
	return weights.Spec{}, false
}

func (s *shards) Tensor(name string) (weights.Tensor, error) {
	if file := s.in[name]; file != nil {
		return file.Tensor(name)
	}
	return weights.Tensor{}, fmt.Errorf("%s has no tensor %q", s.path, name)
}

func (s *shards) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
