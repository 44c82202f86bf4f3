package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"videomae/weights"
)

// hubPrefix stands before the names of the encoder's tensors in models of the hub that have more than the encoder.
const hubPrefix = "videomae."

// ForHub gives the tensors of a model under the names that transformers has for them. The rules are those that reading has, the other way
// round. Tensors that transformers has no place for are an error.
func ForHub(from weights.Source, m Model) (weights.Source, error) {
	i := slices.IndexFunc(families, func(f family) bool { return f.name == hubFamily })
	var entries []entry
	done := map[string]bool{}
	for _, r := range families[i].rules {
		ours := newPattern(r.ours, m.encoderPrefix())
		prefix := ""
		if m.Kind != Encoder && strings.HasPrefix(r.ours, "E.") {
			prefix = hubPrefix
		}
		for _, name := range from.Names() {
			found, ok := ours.find(name)
			if !ok {
				continue
			}
			done[name] = true
			for k, theirs := range r.theirs {
				as := prefix + newPattern(theirs, "").filled(found)
				if len(r.theirs) == 1 {
					entries = append(entries, taken(from, name, as))
					continue
				}
				if spec, _ := from.Spec(name); len(spec.Shape) == 0 || spec.Shape[0]%len(r.theirs) != 0 {
					return nil, fmt.Errorf("tensor %q of shape %v cannot be cut into %d", name, spec.Shape, len(r.theirs))
				}
				entries = append(entries, rows(from, name, as, k, len(r.theirs)))
			}
		}
	}
	for _, name := range from.Names() {
		if !done[name] {
			return nil, fmt.Errorf("transformers has no place for tensor %q", name)
		}
	}
	return newView(from, entries), nil
}

// hubFamily is the family of names that transformers has.
const hubFamily = "transformers"

// AsType gives the floating-point tensors of a source in another type.
func AsType(from weights.Source, d weights.DType) weights.Source {
	var entries []entry
	for _, s := range weights.Specs(from) {
		e := taken(from, s.Name, s.Name)
		e.DType = d
		read := e.read
		e.read = func() (weights.Tensor, error) {
			t, err := read()
			if err != nil {
				return t, err
			}
			return t.As(d)
		}
		entries = append(entries, e)
	}
	return newView(from, entries)
}

// Replace gives a source in which some tensors are computed from those of the same names; their types and shapes stay.
func Replace(from weights.Source, with map[string]func(weights.Tensor) (weights.Tensor, error)) weights.Source {
	var entries []entry
	for _, s := range weights.Specs(from) {
		e := taken(from, s.Name, s.Name)
		if change, ok := with[s.Name]; ok {
			read := e.read
			e.read = func() (weights.Tensor, error) {
				t, err := read()
				if err != nil {
					return t, err
				}
				return change(t)
			}
		}
		entries = append(entries, e)
	}
	return newView(from, entries)
}
