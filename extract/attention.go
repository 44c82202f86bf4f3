// Where an encoder attends.

package extract

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/train"
	"videomae/vit"
)

// Heads that AttentionOptions can name besides those from 0 on.
const (
	HeadMean = -1 // the mean over heads
	HeadEach = -2 // a matrix for each head
)

// AttentionOptions choose attention matrices.
type AttentionOptions struct {
	Layer   int  // the block, from 1 to the depth; 0 is the last
	Head    int  // from 0, HeadMean or HeadEach
	Rollout bool // attention rollout from the input to the layer (vit.Rollout), which needs HeadMean
}

// Attention computes attention matrices on an engine, with weights that stay there.
type Attention struct {
	Encoder train.Encoder
	Options AttentionOptions // resolved
	weights []*tensors.Tensor
	exec    *Exec
}

// NewAttention prepares the computation. How it is computed must have Checkpoint unset.
func NewAttention(backend compute.Backend, e train.Encoder, how vit.Compute, o AttentionOptions) (*Attention, error) {
	var err error
	if o.Layer, err = layerOf(e, o.Layer); err != nil {
		return nil, err
	}
	switch heads := e.Config.Heads; {
	case o.Head < HeadEach || o.Head >= heads:
		return nil, fmt.Errorf("attention: head %d is not one of the encoder's, which are 0 to %d", o.Head, heads-1)
	case o.Rollout && o.Head != HeadMean:
		return nil, fmt.Errorf("attention: rollout averages heads; it has no head of its own")
	}
	specs, weights := used(e, o.Layer, false)
	a := &Attention{Encoder: e, Options: o, weights: train.Tensors(specs, weights)}
	return a, engine.Try(func() error {
		a.exec = MustNewExec(backend, func(inputs []*Node) *Node { // weights, clips -> matrices
			n := len(specs)
			m := model{Encoder: e, params: vit.NewParams(specs, inputs[:n]), compute: how}
			return m.attention(inputs[n], o)
		}).WithName("attention")
		return nil
	})
}

// attention gives matrices [B, Matrices, N, N].
func (m model) attention(clips *Node, o AttentionOptions) *Node {
	x := m.embed(clips)
	if o.Rollout {
		return ExpandAxes(vit.Rollout(m.params, x, m.Config, m.compute, o.Layer), 1)
	}
	weights := vit.LayerAttention(m.params, x, m.Config, m.compute, o.Layer)
	switch o.Head {
	case HeadEach:
		return weights
	case HeadMean:
		return ReduceAndKeep(weights, ReduceMean, 1)
	}
	return Slice(weights, AxisRange(), AxisElem(o.Head))
}

// Matrices is how many matrices a clip has: one, or one for each head.
func (a *Attention) Matrices() int {
	if a.Options.Head == HeadEach {
		return a.Encoder.Config.Heads
	}
	return 1
}

// Run gives the matrices of clips as Extractor.Run takes them, B x Matrices x N x N values: a row for each query, over the keys.
func (a *Attention) Run(clips *tensors.Tensor) (matrices []float32, err error) {
	err = engine.Try(func() error {
		matrices, err = call(a.exec, a.weights, clips)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("attention: %w", err)
	}
	return matrices, nil
}

// Close frees the compiled graph. The engine stays open.
func (a *Attention) Close() { a.exec.Finalize() }

// Received is the mean attention that each of n tokens is paid by all, of an n x n matrix: the mean of its columns. For a rollout it is how
// much of each token is in the mean of all tokens.
func Received(matrix []float32, n int) []float64 {
	out := make([]float64, n)
	for i, v := range matrix {
		out[i%n] += float64(v) / float64(n)
	}
	return out
}

// Paid is the attention that one token pays to each of n, of an n x n matrix: its row.
func Paid(matrix []float32, n, token int) []float64 {
	out := make([]float64, n)
	for i, v := range matrix[token*n : (token+1)*n] {
		out[i] = float64(v)
	}
	return out
}
