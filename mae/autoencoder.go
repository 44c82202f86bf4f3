package mae

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/vit"
)

// Model builds the graph of one VideoMAE model over given weights.
type Model struct {
	Config
	Params  vit.Params
	Compute vit.Compute
}

// Batch is the graph's input for B clips, of which each has the same number of visible and of masked cubes.
type Batch struct {
	Cubes   *Node // Float32 [B, N, P]: normalised pixels, by Patchify
	Visible *Node // int32 [B, Nv]: the visible cubes' indices, ascending
	Masked  *Node // int32 [B, Nm]: the others', ascending
	Keep    *Node // drop-path factors [2*(encoder depth + decoder depth), B] (vit.Blocks), or nil
}

// Encode gives the encoder's features of the visible cubes, [B, Nv, D], after its final norm. Masked cubes take no part.
// Source: spec 1.5, steps 1 to 3.
func (m Model) Encode(in Batch) *Node {
	p := m.Params.In("encoder.")
	x := vit.EmbedCubes(p, take(in.Cubes, in.Visible), m.Compute)
	x = Add(x, positions(in.Visible, m.Encoder.Tokens(), m.Encoder.Dim))
	x = vit.Blocks(p, x, m.Encoder, m.Compute, rows(in.Keep, 0, 2*m.Encoder.Depth))
	return vit.LayerNorm(p, "norm", x)
}

// Decode predicts the masked cubes, [B, Nm, P], from the encoder's features. The decoder's tokens are the visible cubes
// followed by the masked ones; with nothing masked, it predicts every cube. Source: spec 1.5, steps 4 to 7.
func (m Model) Decode(encoded *Node, in Batch) *Node {
	p, n := m.Params.In("decoder."), m.Encoder.Tokens()
	x := m.Compute.Linear(encoded, m.Params.Get("encoder_to_decoder.weight"), nil)
	x = Add(x, positions(in.Visible, n, m.Decoder.Dim))
	if in.Masked != nil {
		x = Concatenate([]*Node{x, Add(m.Params.Get("mask_token"), positions(in.Masked, n, m.Decoder.Dim))}, 1)
	}
	x = vit.Blocks(p, x, m.Decoder, m.Compute, rows(in.Keep, 2*m.Encoder.Depth, 2*m.Decoder.Depth))
	if in.Masked != nil {
		x = Slice(x, AxisRange(), AxisRangeToEnd(in.Visible.Shape().Dim(1)))
	}
	return m.Compute.Linear(vit.LayerNorm(p, "norm", x), p.Get("head.weight"), p.Get("head.bias"))
}

// positions gives the position table's rows at index [B, n], as Float32 [B, n, d].
func positions(index *Node, tokens, d int) *Node {
	table := ConstTensor(index.Graph(), tensors.FromFlatDataAndDimensions(vit.Positions(tokens, d), tokens, d))
	return Reshape(Gather(table, Reshape(index, -1, 1)), index.Shape().Dim(0), -1, d)
}

// rows is keep[from:from+n], or nil.
func rows(keep *Node, from, n int) *Node {
	if keep == nil {
		return nil
	}
	return Slice(keep, AxisRange(from, from+n))
}
