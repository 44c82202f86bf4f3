package weights

import (
	"fmt"
	"slices"
)

// Source is a set of named tensors, in a file of any format, whose values are read when asked for. Its methods may be called from several
// goroutines.
type Source interface {
	Path() string                       // the file or folder, for messages
	Metadata() map[string]string        // free text stored with the tensors; nil for none
	Names() []string                    // in the order of the file
	Spec(name string) (Spec, bool)      // type and shape; false without such a tensor
	Tensor(name string) (Tensor, error) // reads one
	Close() error                       // tensors already read stay valid
}

// Specs lists the tensors of a source in its order.
func Specs(s Source) []Spec {
	names := s.Names()
	specs := make([]Spec, len(names))
	for i, name := range names {
		specs[i], _ = s.Spec(name) // just named
	}
	return specs
}

// Copy is Write for tensors of a source, those of the given specs in their order; their shapes and types must be those that the source has.
// done, which may be nil, is told the bytes written after each tensor.
func Copy(path string, metadata map[string]string, specs []Spec, from Source, done func(bytes int64)) error {
	return Write(path, metadata, specs, func(i int) ([]byte, error) {
		t, err := from.Tensor(specs[i].Name)
		if err != nil {
			return nil, err
		}
		if done != nil {
			done(int64(len(t.Data)))
		}
		return t.Data, sameSpec(specs[i], t.Spec())
	})
}

func sameSpec(want, have Spec) error {
	if want.DType != have.DType || !slices.Equal(want.Shape, have.Shape) {
		return fmt.Errorf("it is %s%v, not %s%v", have.DType, have.Shape, want.DType, want.Shape)
	}
	return nil
}
