package weights

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
