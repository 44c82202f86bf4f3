// The graph: features, logits, loss.

package classify

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/masking"
	"videomae/vit"
)

// Model builds the graph of one classifier over given weights.
type Model struct {
	Config
	Params  vit.Params
	Compute vit.Compute
}

// Tokens gives the features of all cubes after the last block, [B, N, D], without a norm, from cubes [B, N, P] of normalised pixels
// (mae.Patchify). keep holds drop-path factors (vit.Blocks), or is nil. Source: spec 1.6.
func (m Model) Tokens(cubes, keep *Node) *Node {
	n, d := m.Encoder.Tokens(), m.Encoder.Dim
	positions := ConstTensor(cubes.Graph(), tensors.FromFlatDataAndDimensions(m.positions(), 1, n, d))
	x := Add(vit.EmbedCubes(m.Params, cubes, m.Compute), positions)
	return vit.Blocks(m.Params, x, m.Encoder, m.Compute, keep)
}

// positions is the table of N x D values that the cubes' features begin with.
func (c Config) positions() []float32 {
	if c.Source == (masking.Grid{}) {
		return vit.Positions(c.Encoder.Tokens(), c.Encoder.Dim)
	}
	return vit.InterpolatedPositions(c.Source, c.Encoder.Grid(), c.Encoder.Dim)
}

// Features gives what the head reads, [B, D]. The input is that of Tokens.
func (m Model) Features(cubes, keep *Node) *Node { return m.Pool(m.Tokens(cubes, keep)) }

// Pool makes of the features of all cubes, Tokens, what the head reads.
func (m Model) Pool(x *Node) *Node {
	switch m.Pooling {
	case NormMean:
		return ReduceMean(vit.LayerNorm(m.Params, "norm", x), 1)
	case Attention:
		x = vit.LayerNorm(m.Params, "norm", x)
		b, d := x.Shape().Dim(0), x.Shape().Dim(2)
		query := BroadcastToDims(Reshape(m.Params.Get("pool.query"), 1, 1, d), b, 1, d)
		return Squeeze(vit.CrossBlock(m.Params.In("pool."), query, x, m.Encoder.Heads, m.Compute), 1)
	default:
		return vit.LayerNorm(m.Params, "fc_norm", ReduceMean(x, 1))
	}
}

// Logits gives the scores of the classes, [B, C]; their soft-max is the predicted distribution. Inputs are those of Tokens and Head.
func (m Model) Logits(cubes, keep, headKeep *Node) *Node {
	return m.Head(m.Features(cubes, keep), headKeep)
}

// Head gives the scores of the classes, [B, C], from features [B, D]. headKeep holds factors of the features, [B, D], 0 where one is
// dropped and 1/(1-HeadDropout) where not, or is nil.
func (m Model) Head(features, headKeep *Node) *Node {
	if headKeep != nil {
		features = Mul(features, headKeep)
	}
	return m.Compute.Linear(features, m.Params.Get("head.weight"), m.Params.Get("head.bias"))
}

// CrossEntropy is the mean over B samples of the cross-entropy of the soft-max of logits [B, C] against target distributions [B, C]: a
// scalar. Targets may be soft (smoothed, or mixed from two labels); each row sums to 1.
func CrossEntropy(logits, targets *Node) *Node {
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, -1)))
	logProbabilities := Sub(shifted, Log(ReduceAndKeep(Exp(shifted), ReduceSum, -1)))
	return Neg(ReduceMean(ReduceSum(Mul(targets, logProbabilities), -1), 0))
}

// CheckFinite reports the first of some clips' logits, classes values for each, that is not finite.
func CheckFinite(logits []float32, classes int) error {
	for i, v := range logits {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("logits of clip %d: %v for class %d; the weights are damaged or the clip holds values that are not finite", i/classes, v, i%classes)
		}
	}
	return nil
}
