// Package onnx writes VideoMAE models as ONNX files, which other programs run without this one.
//
// The operations are those that common runtimes have: Add, Cast, Concat, Conv, Div, Erf, Gather, GatherND, Gelu, Identity, LayerNormalization,
// MatMul, Mul, ReduceMean, Reshape, Shape, Slice, Softmax, Split, Transpose, Unsqueeze. GoMLX has an export of its own, which needs ONNX
// Runtime in the process, fixes the batch, and keeps all weights inside one message, whose length the format limits to 2 GiB.
package onnx

import (
	"fmt"
	"math"
	"strings"

	"videomae/classify"
	"videomae/mae"
	"videomae/masking"
	"videomae/vit"
)

// Build says how a model's graph is made.
type Build struct {
	Batch int  // clips of a call; 0: any number
	Opset int  // version of the set of operators, from MinOpset to MaxOpset
	Half  bool // weights and matrix products in 16 bits; inputs, outputs, norms, soft-max and residual sums stay in 32
}

// The sets of operators that graphs can be made of.
const (
	MinOpset = 17 // the first with LayerNormalization
	MaxOpset = 20 // the first with Gelu
)

// Model is a graph with its weights, to be written.
type Model struct {
	Inputs, Outputs []Value
	Metadata        map[string]string

	graph    *graph
	about    string
	producer string // version of this program
}

// ClipsInput is the name of the input of every model.
const ClipsInput = "pixel_values"

// Tokens of a model whose number each call chooses.
const (
	batchName   = "batch"
	visibleName = "visible_cubes"
	maskedName  = "masked_cubes"
)

// start begins a model of clips.
func (b Build) start(specs []vit.Spec, values Weights, c vit.Config) (*Model, scope, error) {
	if b.Opset < MinOpset || b.Opset > MaxOpset {
		return nil, scope{}, fmt.Errorf("onnx: opset %d is not one of %d to %d", b.Opset, MinOpset, MaxOpset)
	}
	if b.Batch < 0 {
		return nil, scope{}, fmt.Errorf("onnx: a batch of %d clips", b.Batch)
	}
	g := &graph{opset: b.Opset, half: b.Half, known: map[string]bool{}, taken: map[string]int{}}
	s := scope{graph: g, values: values, shapes: map[string][]int{}}
	for _, spec := range specs {
		s.shapes[spec.Name] = spec.Shape
	}
	clips := b.value(ClipsInput, Float, "clips: channels, frames, rows, columns; pixels/255, less the mean, divided by the deviation of their channel (metadata)",
		size(c.Channels), size(c.Frames), size(c.Height), size(c.Width))
	return &Model{Inputs: []Value{clips}, Metadata: map[string]string{}, graph: g}, s, nil
}

// value describes an input or output with a row for each clip.
func (b Build) value(name string, kind Type, about string, rest ...Dim) Value {
	batch := Dim{Size: b.Batch}
	if b.Batch == 0 {
		batch.Name = batchName
	}
	return Value{name, kind, append([]Dim{batch}, rest...), about}
}

func size(n int) Dim { return Dim{Size: n} }

// finish reports weights that the graph wanted and did not find.
func (m *Model) finish() (*Model, error) {
	if len(m.graph.missing) > 0 {
		return nil, fmt.Errorf("onnx: the model lacks %s", strings.Join(m.graph.missing, ", "))
	}
	return m, nil
}

// Encoder is an encoder of clips.
type Encoder struct {
	Config    vit.Config
	Norm      string       // that follows the last block: norm, fc_norm, or empty for none
	Positions masking.Grid // grid whose position table is interpolated (vit.InterpolatedPositions); the zero grid for none
	Prefix    string       // of the names of its tensors: "encoder." in a pre-trained model
}

// Features makes of an encoder: clips to features [B, D], the mean of all cubes, and tokens [B, N, D]. The norm is where package extract has
// it: before the mean for "norm", which tokens then have passed too; after it for "fc_norm". specs are the tensors that there are.
func Features(e Encoder, specs []vit.Spec, values Weights, b Build) (*Model, error) {
	m, s, err := b.start(specs, values, e.Config)
	if err != nil {
		return nil, err
	}
	s = s.in(e.Prefix)
	n, d := e.Config.Tokens(), e.Config.Dim
	x, about := s.blocks(s.positioned(e.Config, e.Positions), e.Config), "features of all cubes, in the order time, row, column"
	if e.Norm == "norm" {
		x = s.norm(x, e.Norm)
	} else {
		about += ", without a norm"
	}
	mean := s.mean(x)
	if e.Norm == "fc_norm" {
		mean = s.norm(mean, e.Norm)
	}
	s.output(mean, "features")
	s.output(x, "tokens")
	m.Outputs = []Value{b.value("features", Float, "features of the clip", size(d)), b.value("tokens", Float, about, size(n), size(d))}
	m.about = "Encoder of a VideoMAE model: clips to features"
	return m.finish()
}

// positioned gives what the first block reads, [B, N, D]. source is the grid whose position table is interpolated; the zero grid for none.
func (s scope) positioned(c vit.Config, source masking.Grid) string {
	n, d := c.Tokens(), c.Dim
	table := s.floats(s.prefix+"positions", Float, []int{1, n, d}, func() ([]float32, error) {
		if source != (masking.Grid{}) {
			return vit.InterpolatedPositions(source, c.Grid(), d), nil
		}
		return vit.Positions(n, d), nil
	})
	return s.op("Add", nil, s.embed(ClipsInput, c), table)
}

// Classifier makes of a classifier: clips to logits [B, classes].
func Classifier(model classify.Config, values Weights, b Build) (*Model, error) {
	c := model.Encoder
	m, s, err := b.start(model.Specs(), values, c)
	if err != nil {
		return nil, err
	}
	x := s.blocks(s.positioned(c, model.Source), c)
	switch model.Pooling {
	case classify.NormMean:
		x = s.mean(s.norm(x, "norm"))
	case classify.Attention:
		p := s.in("pool.")
		query := p.floats("pool.query", Float, []int{1, 1, c.Dim}, p.get("query"))
		x = p.op("Reshape", nil, p.cross(query, s.norm(x, "norm"), c), p.ints(0, c.Dim))
	default:
		x = s.norm(s.mean(x), "fc_norm")
	}
	s.output(s.raise(s.in("head.").linear(s.lower(x))), "logits")
	m.Outputs = []Value{b.value("logits", Float, "scores of the classes (metadata); their soft-max is the predicted distribution", size(model.Classes))}
	m.about = "VideoMAE classifier: clips to scores of classes"
	return m.finish()
}

// Reconstruction makes of a pre-training model: clips, with the indices of their visible and of their masked cubes, to predictions of the masked
// ones [B, Nm, P] in the space of the target. masked is Nm, the rest being visible; 0 leaves both numbers to each call.
func Reconstruction(c mae.Config, values Weights, masked int, b Build) (*Model, error) {
	m, s, err := b.start(c.Specs(), values, c.Encoder)
	if err != nil {
		return nil, err
	}
	n := c.Encoder.Tokens()
	visible, hidden := Dim{Name: visibleName}, Dim{Name: maskedName}
	if masked > 0 {
		visible, hidden = size(n-masked), size(masked)
	}
	const order = ", counted in the order time, row, column"
	m.Inputs = append(m.Inputs, b.value("visible", Int64, "indices of the cubes that the encoder sees"+order, visible),
		b.value("masked", Int64, "indices of the cubes to predict"+order, hidden))
	s.output(s.decode(s.encode(c.Encoder), c, masked), "predictions")
	m.Outputs = []Value{b.value("predictions", Float, "values of the masked cubes, in the order frame, row, column, channel", hidden, size(c.Encoder.CubeSize()))}
	m.about = "VideoMAE: predictions of the masked cubes of clips, of " + string(c.Target) + " pixels"
	return m.finish()
}

// encode gives the encoder's features of the visible cubes.
func (s scope) encode(c vit.Config) string {
	e := s.in("encoder.")
	index := e.op("Unsqueeze", nil, "visible", e.ints(-1))
	x := e.op("GatherND", []attribute{{"batch_dims", 1}}, e.positioned(c, masking.Grid{}), index)
	return e.norm(e.blocks(x, c), "norm")
}

// decode predicts the masked cubes.
func (s scope) decode(encoded string, c mae.Config, masked int) string {
	d, n, width := s.in("decoder."), c.Encoder.Tokens(), c.Decoder.Dim
	table := d.floats("decoder.positions", Float, []int{n, width}, func() ([]float32, error) { return vit.Positions(n, width), nil })
	seen := s.raise(s.op("MatMul", nil, s.lower(encoded), s.matrix("encoder_to_decoder.weight")))
	seen = d.op("Add", nil, seen, d.op("Gather", nil, table, "visible"))
	hidden := d.op("Add", nil, s.tensor("mask_token", Float), d.op("Gather", nil, table, "masked"))
	x := d.blocks(d.op("Concat", []attribute{{"axis", 1}}, seen, hidden), c.Decoder)
	var from string
	if masked > 0 {
		from = d.ints(n - masked)
	} else {
		from = d.op("Shape", []attribute{{"start", 1}, {"end", 2}}, "visible")
	}
	x = d.op("Slice", nil, x, from, d.ints(math.MaxInt64), d.ints(1))
	return d.raise(d.in("head.").linear(d.lower(d.norm(x, "norm"))))
}
