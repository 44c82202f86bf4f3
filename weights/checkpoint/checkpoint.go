// Package checkpoint opens everybody's checkpoints of VideoMAE as one thing: tensors under the official names, a description of the model,
// and what would be lost or is assumed.
//
// Find says what a path is, a family of names (tables.go) is recognised by the tensors, and its rules say which tensors of the file make which
// of the model. Nothing is read before it is asked for, and then one tensor at a time.
package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"videomae/vit"
	"videomae/weights"
	"videomae/weights/pickle"
	"videomae/weights/torch"
)

// Options say how to open a checkpoint. Numbers that are 0 are those of the checkpoint.
type Options struct {
	As    Kind     // what to take: the encoder of a model that has more, or a classifier of a model of pictures; empty: all of it
	Key   string   // where in a file of PyTorch the tensors are, as "model_ema"; empty: model, module, state_dict or the whole of it
	Allow []string // patterns (path.Match) of tensors that may be missing, unknown or mis-shaped, and of classes that a pickle may name

	Heads, DecoderHeads   int
	Frames, Height, Width int
	Tubelet               int // frames of a cube, for models of pictures
}

// Loss is a tensor of the file that the model does not take.
type Loss struct {
	Name   string `json:"name"`
	Why    string `json:"why"`
	Change bool   `json:"change"` // what the model computes differs without it
}

// Checkpoint is an open checkpoint. Its Source has the tensors that the rules made, under official names, and those that they do not know.
type Checkpoint struct {
	weights.Source
	Found
	Family  string         // of names
	About   string         // whose names those are
	Model   Model          // what the tensors make
	Raw     weights.Source // the tensors as they are in the file
	Lost    []Loss
	Remarks []string    // assumptions and what else is worth knowing
	Torch   torch.About // of a file of PyTorch

	options Options
}

// Open opens a checkpoint and recognises it. Of its tensors only names, types and shapes are read, and a table of positions if one is stored.
func Open(path string, o Options) (*Checkpoint, error) {
	c, unknown, err := Look(path, o)
	if err != nil {
		return nil, err
	}
	if unknown != nil {
		return nil, errors.Join(unknown, c.Raw.Close())
	}
	return c, nil
}

// Look is Open for a file that need not be of a model. Where it is not recognised, unknown says why, and the checkpoint has its Raw tensors
// alone.
func Look(path string, o Options) (c *Checkpoint, unknown, err error) {
	found, err := Find(path)
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint: %w", err)
	}
	c = &Checkpoint{Found: found, options: o}
	if strings.HasSuffix(found.Tensors, indexSuffix) {
		s, err := openShards(found.Tensors, o)
		if err != nil {
			return nil, nil, err
		}
		c.Raw = s
	} else if c.Raw, err = openFile(found.Tensors, o); err != nil {
		return nil, nil, err
	}
	if f, ok := c.Raw.(*torch.File); ok {
		c.Torch = f.About()
		if len(c.Torch.Others) > 0 {
			c.remark("left in the file: %s", strings.Join(c.Torch.Others, "; "))
		}
	}
	if err := c.recognise(); err != nil {
		c.Source = c.Raw
		return c, fmt.Errorf("checkpoint: %s: %w", path, err), nil
	}
	return c, nil, nil
}

func (c *Checkpoint) remark(format string, args ...any) {
	c.Remarks = append(c.Remarks, fmt.Sprintf(format, args...))
}

// allowClass tells whether a class that a pickle names is one of the exceptions.
func (o Options) allowClass(g pickle.Global) bool {
	return slices.ContainsFunc(o.Allow, func(p string) bool { ok, _ := path.Match(p, g.String()); return ok })
}

func (c *Checkpoint) recognise() error {
	raw := c.unwrapped()
	names := slices.Collect(maps.Keys(raw))
	order := map[string]int{}
	for i, n := range c.Raw.Names() {
		order[n] = i
	}
	slices.SortFunc(names, func(a, b string) int { return order[raw[a]] - order[raw[b]] })
	family, encoder, err := c.familyOf(raw)
	if err != nil {
		return err
	}
	c.Family, c.About = family.name, family.about
	tubelet := max(c.options.Tubelet, 0)
	if tubelet == 0 {
		tubelet = usualTubelet
	}
	made, lost, unknown := family.links(names, encoder.theirs)
	var entries []entry
	from := map[string]string{}
	for _, l := range made {
		l.ours = encoder.rename(l.ours)
		if other, twice := from[l.ours]; twice {
			return fmt.Errorf("both %q and %q make tensor %q", other, l.theirs[0], l.ours)
		}
		from[l.ours] = l.theirs[0]
		e, err := linked(c.Raw, l, raw, tubelet)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	for _, name := range unknown {
		if why, ok := c.knownTable(raw[name]); ok {
			lost = append(lost, Loss{name, why, false})
			continue
		}
		if other, twice := from[name]; twice {
			return fmt.Errorf("nothing is known of tensor %q, and %q makes one of that name", raw[name], other)
		}
		entries = append(entries, taken(c.Raw, raw[name], name))
	}
	c.Source, c.Lost = newView(c.Raw, entries), lost
	c.Model.Kind = c.kind(family)
	if err := c.narrow(family); err != nil {
		return err
	}
	return c.describe(family)
}

// usualTubelet is the frames of a cube that patches of pictures become. Source: spec 1.2.
const usualTubelet = 2

// unwrapped gives the raw name of every tensor by its name without the prefixes of wrapping programs.
func (c *Checkpoint) unwrapped() map[string]string {
	raw := map[string]string{}
	for _, name := range c.Raw.Names() {
		raw[name] = name
	}
	for changed := true; changed; {
		changed = false
		for _, prefix := range wrappers {
			all := len(raw) > 0
			for name := range raw {
				all = all && strings.HasPrefix(name, prefix)
			}
			if all {
				raw, changed = cut(raw, prefix), true
			}
		}
	}
	prefixes := slices.Clone(parts)
	for _, f := range families {
		prefixes = append(prefixes, f.prefixes...)
	}
	for _, prefix := range prefixes {
		raw = cut(raw, prefix)
	}
	return raw
}

// cut removes a prefix from names, unless what is left is the name of another tensor.
func cut(raw map[string]string, prefix string) map[string]string {
	out := map[string]string{}
	for name, from := range raw {
		short, _ := strings.CutPrefix(name, prefix)
		if _, taken := raw[short]; short == "" || taken {
			short = name
		}
		out[short] = from
	}
	return out
}

// encoderNames says what stands before the names of the encoder's tensors: in the file, and under official names.
type encoderNames struct{ theirs, ours string }

// rename puts the official prefix in place of the file's.
func (e encoderNames) rename(name string) string {
	if rest, ok := strings.CutPrefix(name, e.theirs); ok && e.theirs != e.ours && e.theirs != "" {
		return e.ours + rest
	}
	return name
}

// familyOf recognises the names. raw gives the name in the file by the name without wrappers.
func (c *Checkpoint) familyOf(raw map[string]string) (family, encoderNames, error) {
	has := func(name string) bool { _, ok := raw[name]; return ok }
	whole := encoderNames{}
	if has("mask_token") && has("encoder_to_decoder.weight") {
		whole = encoderNames{"encoder.", "encoder."}
	}
	for _, f := range families {
		for _, e := range []encoderNames{whole, {"encoder.", whole.ours}} {
			name := strings.Replace(f.sign, "F.", e.theirs, 1)
			spec, _ := c.Raw.Spec(raw[name])
			if has(name) && len(spec.Shape) == f.rank && (f.also == "" || has(f.also)) {
				return f, e, nil
			}
		}
	}
	first := c.Raw.Names()
	return family{}, whole, fmt.Errorf("its tensors are under no known names (%d tensors, first: %s); known are those of %s",
		len(first), strings.Join(first[:min(len(first), 5)], ", "), strings.Join(programs(), "; "))
}

// programs lists whose names are known.
func programs() []string {
	var list []string
	for _, f := range families {
		list = append(list, f.about)
	}
	return list
}

// knownTable tells whether a tensor is the model's own table of positions, which some programs store.
func (c *Checkpoint) knownTable(name string) (string, bool) {
	if base := name[strings.LastIndex(name, ".")+1:]; base != "pos_embed" && base != "position_embeddings" {
		return "", false
	}
	spec, _ := c.Raw.Spec(name)
	if len(spec.Shape) != 3 || spec.Shape[0] != 1 || spec.Shape[1] > 1<<20 {
		return "", false
	}
	t, err := c.Raw.Tensor(name)
	if err != nil {
		return "", false
	}
	values, err := t.Float32s()
	if err != nil {
		return "", false
	}
	for i, want := range vit.Positions(spec.Shape[1], spec.Shape[2]) {
		if d := values[i] - want; !(d < 1e-2 && d > -1e-2) || spec.DType == weights.F32 && !(d < 1e-5 && d > -1e-5) {
			return "", false
		}
	}
	return "it is the model's own table of positions", true
}

// kind tells what the tensors make.
func (c *Checkpoint) kind(f family) Kind {
	has := func(name string) bool { _, ok := c.Source.Spec(name); return ok }
	switch {
	case has("encoder_to_decoder.weight") && has("mask_token"):
		return Pretrain
	case f.image():
		return Encoder
	case has("head.weight") && has("norm.weight") && !has("fc_norm.weight"):
		return Detector
	case has("head.weight"):
		return Classifier
	}
	return Encoder
}

// Name is a short name of the checkpoint, for records.
func (c *Checkpoint) Name() string { return filepath.Base(filepath.Clean(c.Found.Tensors)) }
