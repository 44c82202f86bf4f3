package checkpoint

import (
	"fmt"
	"strings"

	"videomae/classify"
	"videomae/vit"
	"videomae/weights"
)

// Why parts of a model are left when another kind is made of it.
const (
	onlyEncoder = "only the encoder is taken"
	meanNorm    = "a classifier of video normalises the mean of the features, by fc_norm"
	ownHead     = "its classes are of pictures"
)

// narrow makes the kind of model that was asked for, and leaves what that does not take.
func (c *Checkpoint) narrow(f family) error {
	from, to := c.Model.Kind, c.options.As
	if to == "" {
		to = from
	}
	switch {
	case f.image() && (to == Encoder || to == Classifier):
	case from == to, to == Encoder:
	default:
		return fmt.Errorf("a %s cannot be made of it: it is a %s", to, from)
	}
	c.Model.Kind = to
	if from == to && !f.image() {
		return nil
	}
	var entries []entry
	for _, name := range c.Source.Names() {
		as, why := name, ""
		if to == Encoder {
			as, why = encoderPart(name, from, f)
		} else if strings.HasPrefix(name, "norm.") {
			why = meanNorm
		}
		if why != "" {
			c.Lost = append(c.Lost, Loss{name, why, true})
			continue
		}
		entries = append(entries, taken(c.Source, name, as))
	}
	c.Source = newView(c.Source, entries)
	return nil
}

// encoderPart gives the name of a tensor in an encoder on its own, or why it is left.
func encoderPart(name string, from Kind, f family) (as, why string) {
	if rest, ok := strings.CutPrefix(name, "encoder."); ok && from == Pretrain {
		return rest, ""
	}
	for _, prefix := range []string{"mask_token", "encoder_to_decoder.", "decoder.", "head."} {
		if strings.HasPrefix(name, prefix) {
			if f.image() {
				return "", ownHead
			}
			return "", onlyEncoder
		}
	}
	return name, ""
}

// describe fills in the model: sizes from the tensors, the rest from what is said beside them, by the caller, or by custom.
func (c *Checkpoint) describe(f family) error {
	m := &c.Model
	if err := m.sizes(c.Source); err != nil {
		return err
	}
	for _, norm := range []string{"norm", "fc_norm"} { // of an encoder, fc_norm where it has both
		if _, ok := c.Source.Spec(m.encoderPrefix() + norm + ".weight"); ok && m.Kind != Classifier && m.Kind != Detector {
			m.Norm = norm
		}
	}
	switch m.Kind {
	case Classifier:
		m.Norm, m.Pooling = "fc_norm", string(classify.Mean)
	case Detector:
		m.Norm = "norm"
	}
	said, err := c.fromMetadata()
	if err == nil && !said {
		said, err = c.fromRecipe()
	}
	if err != nil {
		return err
	}
	if !said || f.name == hubFamily { // the hub's descriptions may have been edited since
		if err := c.fromBeside(f); err != nil {
			return err
		}
	}
	o := c.options
	for _, set := range []struct {
		value *int
		by    int
	}{{&m.EncoderHeads, o.Heads}, {&m.DecoderHeads, o.DecoderHeads}, {&m.Frames, o.Frames}, {&m.Height, o.Height}, {&m.Width, o.Width}} {
		if set.by != 0 {
			*set.value = set.by
		}
	}
	if m.Kind != Pretrain {
		m.DecoderHeads, m.Target = 0, ""
	}
	m.fill(c.remark)
	return nil
}

// Match compares the model's tensors with those of the checkpoint, strictly but for the exceptions that Options.Allow names.
func (c *Checkpoint) Match() (weights.Report, error) {
	var want []weights.Spec
	for _, s := range c.Model.Specs() {
		want = append(want, weights.Spec{Name: s.Name, Shape: s.Shape})
	}
	return weights.Match(want, c.Source, c.options.Allow...)
}

// Complete gives exactly the model's tensors, in the official order. Those that are missing or mis-shaped by permission have their first
// values, drawn from seed; those that are unknown by permission are left. Any other difference is an error with the table of all of them.
func (c *Checkpoint) Complete(first func(vit.Spec) []float32) (weights.Source, error) {
	report, err := c.Match()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, report)
	}
	status := map[string]weights.Status{}
	for _, row := range report.Rows {
		status[row.Name] = row.Status
		switch row.Status {
		case weights.Unexpected:
			c.Lost = append(c.Lost, Loss{row.Name, "unknown, left by permission", true})
		case weights.Missing, weights.MisShaped:
			c.remark("%s is %s and starts anew, by permission", row.Name, row.Status)
		}
	}
	var entries []entry
	for _, s := range c.Model.Specs() {
		if status[s.Name] == weights.Matched {
			entries = append(entries, taken(c.Source, s.Name, s.Name))
			continue
		}
		spec := weights.Spec{Name: s.Name, DType: weights.F32, Shape: s.Shape}
		entries = append(entries, entry{spec, func() (weights.Tensor, error) { return weights.FromFloat32s(s.Name, s.Shape, first(s)) }})
	}
	return newView(c.Source, entries), nil
}
