// Applying a family's rules: which tensors make which, and reading them so.

package checkpoint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"videomae/weights"
)

// pattern is a rule's name as an expression whose groups are the block's number and weight or bias.
type pattern struct {
	match *regexp.Regexp
	name  string
}

func newPattern(name, encoder string) pattern {
	name = strings.Replace(strings.Replace(name, "E.", encoder, 1), "F.", encoder, 1)
	p := regexp.QuoteMeta(name)
	p = strings.Replace(p, "#", `(\d+)`, 1)
	p = strings.Replace(p, `\*`, `(weight|bias)`, 1)
	return pattern{regexp.MustCompile("^" + p + "$"), name}
}

// filled is the name with the parts that another pattern found.
func (p pattern) filled(found []string) string {
	name := p.name
	for _, part := range found {
		if i := strings.IndexAny(name, "#*"); i >= 0 {
			name = name[:i] + part + name[i+1:]
		}
	}
	return name
}

// find gives the parts of a name that fits the pattern.
func (p pattern) find(name string) ([]string, bool) {
	found := p.match.FindStringSubmatch(name)
	if found == nil {
		return nil, false
	}
	return found[1:], true
}

// link is one tensor of the model and the tensors of the file that it is made of.
type link struct {
	ours   string
	theirs []string
	rule   rule
}

// links finds what the tensors of a file make: the links in the order of the rules, and for each other tensor why it is dropped, or that
// nothing is known of it. A tensor joined of several is left out unless all are there.
func (f family) links(names []string, encoder string) (made []link, dropped []Loss, unknown []string) {
	there := map[string]bool{}
	for _, n := range names {
		there[n] = true
	}
	used := map[string]bool{}
	for _, r := range f.rules {
		ours := newPattern(r.ours, encoder)
		for _, first := range []string{r.theirs[0], r.or} {
			if first == "" {
				continue
			}
			theirs := newPattern(first, encoder)
			for _, name := range names {
				found, ok := theirs.find(name)
				if !ok {
					continue
				}
				l := link{ours: ours.filled(found), theirs: []string{name}, rule: r}
				for _, other := range r.theirs[1:] {
					l.theirs = append(l.theirs, newPattern(other, encoder).filled(found))
				}
				if slices.ContainsFunc(l.theirs, func(n string) bool { return !there[n] }) {
					continue
				}
				made = append(made, l)
				for _, n := range l.theirs {
					used[n] = true
				}
			}
		}
	}
	for _, name := range names {
		if used[name] {
			continue
		}
		if i := slices.IndexFunc(f.drops, func(d drop) bool { _, ok := newPattern(d.theirs, encoder).find(name); return ok }); i >= 0 {
			dropped = append(dropped, Loss{name, f.drops[i].why, f.drops[i].loses})
		} else {
			unknown = append(unknown, name)
		}
	}
	return made, dropped, unknown
}

// spec is the shape that the tensors of the file make.
func (l link) spec(from []weights.Spec, tubelet int) (weights.Spec, error) {
	s := from[0]
	s.Name, s.Shape = l.ours, slices.Clone(s.Shape)
	for _, other := range from[1:] {
		if other.DType != s.DType || len(other.Shape) != len(s.Shape) || len(s.Shape) == 0 || !slices.Equal(other.Shape[1:], s.Shape[1:]) {
			return s, fmt.Errorf("tensors %q and %q cannot be joined: %s%v and %s%v", from[0].Name, other.Name, from[0].DType, from[0].Shape, other.DType, other.Shape)
		}
		s.Shape[0] += other.Shape[0]
	}
	if l.rule.third > 0 {
		if len(s.Shape) == 0 || s.Shape[0]%3 != 0 {
			return s, fmt.Errorf("tensor %q of shape %v is not a bias of queries, keys and values", from[0].Name, s.Shape)
		}
		s.Shape[0] /= 3
	}
	if l.rule.inflate {
		if len(s.Shape) != 4 {
			return s, fmt.Errorf("tensor %q of shape %v is not an embedding of patches", from[0].Name, s.Shape)
		}
		s.Shape = slices.Insert(s.Shape, 2, tubelet)
	}
	return s, nil
}

// values makes the tensor of what was read.
func (l link) values(s weights.Spec, read []weights.Tensor) (weights.Tensor, error) {
	t := weights.Tensor{Name: s.Name, DType: s.DType, Shape: s.Shape, Data: read[0].Data}
	switch {
	case len(read) > 1:
		t.Data = nil
		for _, r := range read {
			t.Data = append(t.Data, r.Data...)
		}
	case l.rule.third > 0:
		n := len(t.Data) / 3
		t.Data = t.Data[(l.rule.third-1)*n : l.rule.third*n]
	case l.rule.inflate:
		return inflate(s, read[0])
	}
	return t, nil
}

// inflate repeats an embedding of patches [D, C, p, p] along the time of a cube, and divides it so that a still picture gives the same.
func inflate(s weights.Spec, image weights.Tensor) (weights.Tensor, error) {
	values, err := image.Float32s()
	if err != nil {
		return weights.Tensor{}, err
	}
	frames, plane := s.Shape[2], s.Shape[3]*s.Shape[4]
	out := make([]float32, 0, len(values)*frames)
	for at := 0; at < len(values); at += plane {
		for range frames {
			for _, v := range values[at : at+plane] {
				out = append(out, v/float32(frames))
			}
		}
	}
	t, err := weights.FromFloat32s(s.Name, s.Shape, out)
	if err != nil {
		return t, err
	}
	return t.As(s.DType)
}
