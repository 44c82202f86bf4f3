// The graph: clips to tokens of a layer, and tokens to features.

package extract

import (
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/mae"
	"videomae/masking"
	"videomae/train"
	"videomae/vit"
)

// model builds the graph of an encoder.
type model struct {
	train.Encoder
	params  vit.Params
	compute vit.Compute
}

// used are the tensors that take part in the features of a layer.
func used(e train.Encoder, layer int, norm bool) (specs []vit.Spec, weights [][]float32) {
	for i, s := range e.Specs {
		head, rest, _ := strings.Cut(s.Name, ".")
		if head == "blocks" {
			number, _, _ := strings.Cut(rest, ".")
			if block, err := strconv.Atoi(number); err != nil || block >= layer {
				continue
			}
		}
		if head == e.Norm && !norm {
			continue
		}
		specs, weights = append(specs, s), append(weights, e.Weights[i])
	}
	return specs, weights
}

// embed gives what the first block reads, [B, N, D], of clips [B, T, H, W, C].
func (m model) embed(clips *Node) *Node {
	if clips.DType() == dtypes.Uint8 {
		clips = mae.NormalisePixels(clips)
	}
	n, d := m.Config.Tokens(), m.Config.Dim
	table := vit.Positions(n, d)
	if m.Positions != (masking.Grid{}) {
		table = vit.InterpolatedPositions(m.Positions, m.Config.Grid(), d)
	}
	positions := ConstTensor(clips.Graph(), tensors.FromFlatDataAndDimensions(table, 1, n, d))
	return Add(vit.EmbedCubes(m.params, mae.Patchify(clips, m.Config), m.compute), positions)
}

// layer gives the tokens of a layer, [B, N, D].
func (m model) layer(clips *Node, layer int) *Node {
	c := m.Config
	c.Depth = layer
	return vit.Blocks(m.params, m.embed(clips), c, m.compute, nil)
}

// features pools the tokens x [B, N, D] of a layer: [B, D], [B, T/tubelet, D] or [B, N, D].
func (m model) features(x *Node, o Options) *Node {
	pooled := m.Norm == "fc_norm"
	if o.Norm && !pooled {
		x = vit.LayerNorm(m.params, m.Norm, x)
	}
	switch g := m.Config.Grid(); o.Pool {
	case Mean:
		x = ReduceMean(x, 1)
	case Slot:
		x = ReduceMean(Reshape(x, x.Shape().Dim(0), g.Slots, g.Rows*g.Cols, m.Config.Dim), 2)
	}
	if o.Norm && pooled {
		x = vit.LayerNorm(m.params, m.Norm, x)
	}
	return x
}
