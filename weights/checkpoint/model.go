package checkpoint

import (
	"fmt"
	"strings"

	"videomae/classify"
	"videomae/mae"
	"videomae/masking"
	"videomae/vit"
	"videomae/weights"
)

// Kind is what a model does.
type Kind string

// The kinds of model, by the tensors that they have.
const (
	Pretrain   Kind = "pretrain"   // an encoder and a decoder
	Classifier Kind = "classifier" // an encoder, the norm fc_norm of the mean of its features, and a head
	Detector   Kind = "detector"   // an encoder, the norm of each feature, and a head for people in boxes
	Encoder    Kind = "encoder"    // an encoder on its own
)

// Model describes a model: its sizes, and what a file says of its use. Numbers that nothing tells are 0.
type Model struct {
	Kind     Kind `json:"kind"`
	Frames   int  `json:"frames"` // T, H, W, C of a clip
	Height   int  `json:"height"`
	Width    int  `json:"width"`
	Channels int  `json:"channels"`
	Tubelet  int  `json:"tubelet"` // a cube is so many frames of patch x patch pixels
	Patch    int  `json:"patch"`

	EncoderWidth int    `json:"encoder_width"`
	EncoderDepth int    `json:"encoder_depth"`
	EncoderHeads int    `json:"encoder_heads"`
	EncoderMLP   int    `json:"encoder_mlp"`
	Norm         string `json:"norm,omitempty"`    // of the encoder's features: norm or fc_norm; empty where there is none
	Pooling      string `json:"pooling,omitempty"` // of a classifier: mean, or one of this program's own (classify.Pooling)

	DecoderWidth int    `json:"decoder_width,omitempty"`
	DecoderDepth int    `json:"decoder_depth,omitempty"`
	DecoderHeads int    `json:"decoder_heads,omitempty"`
	DecoderMLP   int    `json:"decoder_mlp,omitempty"`
	Target       string `json:"target,omitempty"` // of pre-training: normalised or raw

	Classes []string  `json:"classes,omitempty"` // names, in the order of the head's rows
	Head    int       `json:"head,omitempty"`    // number of the head's rows
	Grid    string    `json:"grid,omitempty"`    // of other clips, whose table of positions is interpolated, as 8x14x14; empty: the table is built anew
	Stride  int       `json:"stride,omitempty"`  // frames of a video from one frame of a clip to the next
	Mean    []float64 `json:"mean,omitempty"`    // pixels in [0, 1] are normalised as (pixel - mean) / std, for each channel
	Std     []float64 `json:"std,omitempty"`
}

// Vit is the shape of the encoder.
func (m Model) Vit() vit.Config {
	return vit.Config{Frames: m.Frames, Height: m.Height, Width: m.Width, Channels: m.Channels, Tubelet: m.Tubelet, Patch: m.Patch,
		Dim: m.EncoderWidth, Depth: m.EncoderDepth, Heads: m.EncoderHeads, MLP: m.EncoderMLP}
}

// MAE is the shape of the whole of a pre-training model.
func (m Model) MAE() mae.Config {
	c := mae.Config{Encoder: m.Vit(), Target: mae.Target(m.Target), Loss: mae.MSE}
	c.Decoder = c.Encoder
	c.Decoder.Dim, c.Decoder.Depth, c.Decoder.Heads, c.Decoder.MLP = m.DecoderWidth, m.DecoderDepth, m.DecoderHeads, m.DecoderMLP
	return c
}

// Classify is the shape of a classifier. A detector has the tensors of one that takes the mean of normalised features, and computes the same for
// a box around the whole picture.
func (m Model) Classify() classify.Config {
	c := classify.Config{Encoder: m.Vit(), Classes: m.Head, Pooling: classify.Pooling(m.Pooling), InitScale: 0.001}
	if m.Kind == Detector {
		c.Pooling = classify.NormMean
	}
	if m.Grid != "" {
		g := &c.Source
		_, _ = fmt.Sscanf(m.Grid, "%dx%dx%d", &g.Slots, &g.Rows, &g.Cols) // checked by CheckRunnable
	}
	return c
}

// Specs lists every tensor of the model under its official name, in the official order. Source: spec 2.1 and 2.2.
func (m Model) Specs() []vit.Spec {
	if m.Kind == Pretrain {
		return m.MAE().Specs()
	}
	if m.Kind == Classifier || m.Kind == Detector {
		return m.Classify().Specs()
	}
	c := m.Vit()
	specs := append(vit.EmbeddingSpecs("", c), vit.BlockSpecs("", c)...)
	if m.Norm != "" {
		specs = append(specs, vit.NormSpecs(m.Norm, c.Dim)...)
	}
	return specs
}

// encoderPrefix stands before the names of the encoder's tensors.
func (m Model) encoderPrefix() string {
	if m.Kind == Pretrain {
		return "encoder."
	}
	return ""
}

// Parameters is the number of weights.
func (m Model) Parameters() int64 {
	n := int64(0)
	for _, s := range m.Specs() {
		n += int64(s.Size())
	}
	return n
}

// CheckRunnable is an error that says what must be known before the model can compute anything.
func (m Model) CheckRunnable() error {
	if m.EncoderHeads == 0 || m.Kind == Pretrain && m.DecoderHeads == 0 {
		return fmt.Errorf("weights do not tell the number of attention heads, and width %d is not a usual one: say it (--heads, --decoder-heads)", m.EncoderWidth)
	}
	if m.Frames > maxFrames || m.Height > maxSide || m.Width > maxSide {
		return fmt.Errorf("clips of %d frames of %dx%d pixels are more than any model takes", m.Frames, m.Height, m.Width)
	}
	if m.Kind == Pretrain {
		return m.MAE().Validate()
	}
	if m.Kind == Encoder {
		return m.Vit().Validate()
	}
	if m.Grid != "" && m.Classify().Source == (masking.Grid{}) {
		return fmt.Errorf("%q is not a grid of positions", m.Grid)
	}
	return m.Classify().Validate()
}

// The largest clip that a description is believed.
const (
	maxFrames = 1 << 10
	maxSide   = 1 << 12
)

// String says it in a line.
func (m Model) String() string {
	s := fmt.Sprintf("%s: encoder %d wide, %d blocks, %s heads", m.Kind, m.EncoderWidth, m.EncoderDepth, known(m.EncoderHeads))
	if m.Kind == Pretrain {
		s += fmt.Sprintf("; decoder %d wide, %d blocks, %s heads", m.DecoderWidth, m.DecoderDepth, known(m.DecoderHeads))
	}
	if m.Head > 0 {
		s += fmt.Sprintf("; %d classes", m.Head)
	}
	return s + fmt.Sprintf("; clips of %d frames of %dx%d, cubes of %dx%dx%d", m.Frames, m.Height, m.Width, m.Tubelet, m.Patch, m.Patch)
}

func known(n int) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprint(n)
}

// sizes takes from tensors under official names what their shapes tell. Blocks are counted up to the last one, so that a missing one shows.
func (m *Model) sizes(s weights.Source) error {
	e := m.encoderPrefix()
	patch, ok := s.Spec(e + "patch_embed.proj.weight")
	if !ok || len(patch.Shape) != 5 {
		return fmt.Errorf("tensor %q is missing or not an embedding of cubes (shape %v)", e+"patch_embed.proj.weight", patch.Shape)
	}
	m.EncoderWidth, m.Channels, m.Tubelet, m.Patch = patch.Shape[0], patch.Shape[1], patch.Shape[2], patch.Shape[3]
	m.EncoderDepth, m.EncoderMLP = blocks(s, e+"blocks.")
	if m.Kind == Pretrain {
		if to, ok := s.Spec("encoder_to_decoder.weight"); ok && len(to.Shape) == 2 {
			m.DecoderWidth = to.Shape[0]
		}
		m.DecoderDepth, m.DecoderMLP = blocks(s, "decoder.blocks.")
	}
	if head, ok := s.Spec("head.weight"); ok && len(head.Shape) == 2 && m.Kind != Pretrain {
		m.Head = head.Shape[0]
	}
	for what, n := range map[string]int{"width": m.EncoderWidth, "blocks": m.EncoderDepth, "MLP": m.EncoderMLP} {
		if n < 1 {
			return fmt.Errorf("the encoder's %s cannot be told from its tensors", what)
		}
	}
	return nil
}

// blocks gives the number of blocks below a prefix and the hidden width of their MLP.
func blocks(s weights.Source, prefix string) (depth, mlp int) {
	for _, name := range s.Names() {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		var i int
		if n, err := fmt.Sscanf(rest, "%d.", &i); n == 1 && err == nil && i >= depth && i < maxDepth {
			depth = i + 1
		}
		if spec, _ := s.Spec(name); strings.HasSuffix(name, ".mlp.fc1.weight") && len(spec.Shape) == 2 && mlp == 0 {
			mlp = spec.Shape[0]
		}
	}
	return depth, mlp
}

// maxDepth is more blocks than any model has; a number beyond is a tensor that no model wants.
const maxDepth = 1000
