package checkpoint

import (
	"fmt"
	"slices"

	"videomae/weights"
)

// view is a source whose tensors are made of those of another one when they are asked for.
type view struct {
	weights.Source // what it is made of
	entries        []entry
	index          map[string]int
}

type entry struct {
	weights.Spec
	read func() (weights.Tensor, error)
}

func newView(from weights.Source, entries []entry) *view {
	v := &view{Source: from, entries: entries, index: make(map[string]int, len(entries))}
	for i, e := range entries {
		v.index[e.Name] = i
	}
	return v
}

// Names lists the tensors.
func (v *view) Names() []string {
	names := make([]string, len(v.entries))
	for i, e := range v.entries {
		names[i] = e.Name
	}
	return names
}

// Spec returns type and shape of a tensor.
func (v *view) Spec(name string) (weights.Spec, bool) {
	i, ok := v.index[name]
	if !ok {
		return weights.Spec{}, false
	}
	return v.entries[i].Spec, true
}

// Tensor makes one tensor.
func (v *view) Tensor(name string) (weights.Tensor, error) {
	i, ok := v.index[name]
	if !ok {
		return weights.Tensor{}, fmt.Errorf("%s has no tensor %q", v.Path(), name)
	}
	return v.entries[i].read()
}

// taken is a tensor of another source, perhaps under a new name.
func taken(from weights.Source, name, as string) entry {
	spec, _ := from.Spec(name)
	spec.Name = as
	return entry{spec, func() (weights.Tensor, error) {
		t, err := from.Tensor(name)
		t.Name = as
		return t, err
	}}
}

// linked is a tensor made of others.
func linked(from weights.Source, l link, raw map[string]string, tubelet int) (entry, error) {
	var specs []weights.Spec
	for _, name := range l.theirs {
		s, _ := from.Spec(raw[name])
		specs = append(specs, s)
	}
	spec, err := l.spec(specs, tubelet)
	return entry{spec, func() (weights.Tensor, error) {
		var read []weights.Tensor
		for _, name := range l.theirs {
			t, err := from.Tensor(raw[name])
			if err != nil {
				return t, err
			}
			read = append(read, t)
		}
		return l.values(spec, read)
	}}, err
}

// rows is a part of another tensor along its first axis, part i of n equal ones.
func rows(from weights.Source, name, as string, i, n int) entry {
	spec, _ := from.Spec(name)
	spec.Name, spec.Shape = as, slices.Clone(spec.Shape)
	spec.Shape[0] /= n
	return entry{spec, func() (weights.Tensor, error) {
		t, err := from.Tensor(name)
		size := len(t.Data) / n
		if err != nil {
			return t, err
		}
		return weights.Tensor{Name: as, DType: spec.DType, Shape: spec.Shape, Data: t.Data[i*size : (i+1)*size]}, nil
	}}
}
