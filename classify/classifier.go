// The graph: features, logits, loss.

package classify

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/vit"
)

// Model builds the graph of one classifier over given weights.
type Model struct {
	Config
	Params  vit.Params
	Compute vit.Compute
}

// Features gives what the head reads, [B, D], from all cubes [B, N, P] of normalised pixels (mae.Patchify): their mean after the last
// block, normalised by fc_norm. The encoder's own final norm takes no part. keep holds drop-path factors (vit.Blocks), or is nil.
// Source: spec 1.6.
func (m Model) Features(cubes, keep *Node) *Node {
	n, d := m.Encoder.Tokens(), m.Encoder.Dim
	positions := ConstTensor(cubes.Graph(), tensors.FromFlatDataAndDimensions(vit.Positions(n, d), 1, n, d))
	x := Add(vit.EmbedCubes(m.Params, cubes, m.Compute), positions)
	x = vit.Blocks(m.Params, x, m.Encoder, m.Compute, keep)
	return vit.LayerNorm(m.Params, "fc_norm", ReduceMean(x, 1))
}

// Logits gives the scores of the classes, [B, C]; their soft-max is the predicted distribution. The input is that of Features.
func (m Model) Logits(cubes, keep *Node) *Node {
	return m.Compute.Linear(m.Features(cubes, keep), m.Params.Get("head.weight"), m.Params.Get("head.bias"))
}

// CrossEntropy is the mean over B samples of the cross-entropy of the soft-max of logits [B, C] against target distributions [B, C]: a
// scalar. Targets may be soft (smoothed, or mixed from two labels); each row sums to 1.
func CrossEntropy(logits, targets *Node) *Node {
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, -1)))
	logProbabilities := Sub(shifted, Log(ReduceAndKeep(Exp(shifted), ReduceSum, -1)))
	return Neg(ReduceMean(ReduceSum(Mul(targets, logProbabilities), -1), 0))
}
