// What is known of a model beside its tensors: settings stored with them, and the usual values where nothing is stored.

package checkpoint

import (
	"fmt"
	"math"
	"strings"

	"videomae/weights"
)

// usualHeads gives the number of heads by width, of encoders and decoders. Source: spec 1.1.
var (
	usualHeads        = map[int]int{192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1408: 16}
	usualDecoderHeads = map[int]int{96: 3, 192: 3, 384: 6, 512: 8, 640: 8}
)

// The clip of every released model.
const (
	usualFrames = 16
	usualSize   = 224
)

// fill completes a model by the usual values, and says so.
func (m *Model) fill(remark func(string, ...any)) {
	m.EncoderHeads = heads(m.EncoderHeads, m.EncoderWidth, usualHeads, "encoder", remark)
	if m.Kind == Pretrain {
		m.DecoderHeads = heads(m.DecoderHeads, m.DecoderWidth, usualDecoderHeads, "decoder", remark)
		if m.Target == "" {
			m.Target = "normalised"
		}
	}
	if m.Frames == 0 {
		m.Frames = usualFrames
		remark("%d frames: the usual number, as the file does not tell", m.Frames)
	}
	if m.Height == 0 || m.Width == 0 {
		m.Height, m.Width = usualSize/m.Patch*m.Patch, usualSize/m.Patch*m.Patch
		remark("%dx%d pixels: the usual size, as the file does not tell", m.Height, m.Width)
	}
}

func heads(said, width int, usual map[int]int, of string, remark func(string, ...any)) int {
	if said != 0 {
		return said
	}
	n, ok := usual[width]
	switch {
	case ok:
		remark("%d heads of the %s: the usual number for width %d, as weights do not tell", n, of, width)
	case width%64 == 0:
		n = width / 64
		remark("%d heads of the %s: 64 values each, as weights do not tell", n, of)
	}
	return n
}

// fromArgs takes the settings of a run of the official code. Source: spec 2.3; the names are those of its command line.
func (m *Model) fromArgs(args map[string]any) {
	number := func(v any) int {
		n, _ := v.(int64)
		return int(n)
	}
	if size := number(args["input_size"]); size > 0 {
		m.Height, m.Width = size, size
	}
	tubelet := max(1, number(args["tubelet_size"]))
	if m.Tubelet > 0 {
		tubelet = m.Tubelet
	}
	m.Frames = number(args["num_frames"]) * max(1, number(args["num_segments"]))
	if grid, ok := args["window_size"].([]any); ok && len(grid) == 3 {
		m.Frames = number(grid[0]) * tubelet
		m.Height, m.Width = number(grid[1])*m.Patch, number(grid[2])*m.Patch
	}
	m.Stride = number(args["sampling_rate"])
	if normalised, ok := args["normlize_target"].(bool); ok {
		m.Target = map[bool]string{true: "normalised", false: "raw"}[normalised]
	}
}

// fromImage takes the size of pictures from their table of positions, which has a row for each patch of a square and one for the class token.
func (m *Model) fromImage(raw weights.Source) {
	for _, name := range raw.Names() {
		spec, _ := raw.Spec(name)
		if name != "pos_embed" && !strings.HasSuffix(name, ".pos_embed") || len(spec.Shape) != 3 {
			continue
		}
		for _, patches := range []int{spec.Shape[1], spec.Shape[1] - 1} {
			if side := int(math.Sqrt(float64(patches))); side > 0 && side*side == patches {
				m.Height, m.Width = side*m.Patch, side*m.Patch
			}
		}
	}
}

// smallTrap puts the number of heads of published small models right: the program that converted them wrote 16. Source: spec 2.5, trap 2.
func (m *Model) smallTrap(remark func(string, ...any)) {
	if m.EncoderWidth == 384 && m.EncoderHeads == 16 {
		m.EncoderHeads = 6
		remark("6 heads of the encoder, not 16 as the config says: that is a known error of published small models, which costs them half of their accuracy")
	}
}

// classesOf gives names to the rows of a head from a table of numbers.
func classesOf(names map[string]string, n int) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out := make([]string, n)
	for i := range out {
		name, ok := names[fmt.Sprint(i)]
		if !ok {
			return nil, fmt.Errorf("id2label has no class %d of %d", i, n)
		}
		out[i] = name
	}
	if len(names) != n {
		return nil, fmt.Errorf("id2label has %d classes, the head %d", len(names), n)
	}
	for _, madeUp := range []string{"LABEL_%d", "%d"} {
		if placeholders(out, madeUp) {
			return nil, nil
		}
	}
	return out, nil
}

// placeholders tells whether the names are their numbers in a form.
func placeholders(names []string, form string) bool {
	for i, n := range names {
		if n != fmt.Sprintf(form, i) {
			return false
		}
	}
	return true
}
