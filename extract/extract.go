// Package extract uses a trained encoder: features of clips, features at a fixed rate of long videos, and where the encoder attends.
//
// Layer l of an encoder of depth L, from 1 to L, is what its block l puts out: the sum of the residual branch so far, which block l+1 reads.
// The norm is the one that follows the last block and belongs to no other layer. A pre-trained encoder normalises each cube ("norm");
// a classifier normalises the mean of all cubes ("fc_norm"). So the first is applied before cubes are pooled and the second after.
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

// Pool is what becomes of the features of a clip's cubes.
type Pool string

// The ways to pool. A clip has N cubes in raster order: T/tubelet time slots of rows of columns.
const (
	Mean Pool = "mean"   // the mean of all cubes: 1 row
	Slot Pool = "tokens" // the mean of the cubes of each time slot: T/tubelet rows
	None Pool = "none"   // every cube: N rows
)

// Options choose the features of an encoder.
type Options struct {
	Layer int  // from 1 to the depth; 0 is the last
	Norm  bool // apply the encoder's norm, which only the last layer has
	Pool  Pool // empty: Mean
}

// resolve fills in and checks.
func (o Options) resolve(e train.Encoder) (Options, error) {
	var err error
	if o.Layer, err = layerOf(e, o.Layer); err != nil {
		return o, err
	}
	if o.Norm && o.Layer != e.Config.Depth {
		return o, fmt.Errorf("features: the norm follows block %d; layer %d has none", e.Config.Depth, o.Layer)
	}
	switch o.Pool {
	case "":
		o.Pool = Mean
	case Mean, Slot, None:
	default:
		return o, fmt.Errorf("features: unknown pooling %q (have %s, %s, %s)", o.Pool, Mean, Slot, None)
	}
	return o, nil
}

// layerOf is the layer that a number stands for.
func layerOf(e train.Encoder, layer int) (int, error) {
	if layer == 0 {
		return e.Config.Depth, nil
	}
	if layer < 0 || layer > e.Config.Depth {
		return 0, fmt.Errorf("layer %d is not one of the encoder's, which are 1 to %d", layer, e.Config.Depth)
	}
	return layer, nil
}

// Rows is how many rows of features a clip has.
func (p Pool) Rows(c vit.Config) int {
	switch p {
	case Slot:
		return c.Grid().Slots
	case None:
		return c.Tokens()
	}
	return 1
}

// Extractor computes features on an engine, with weights that stay there.
type Extractor struct {
	Encoder train.Encoder
	Options Options // resolved
	weights []*tensors.Tensor
	exec    *Exec
}

// New prepares an encoder's forward pass. How it is computed must have Checkpoint unset.
func New(backend compute.Backend, e train.Encoder, how vit.Compute, o Options) (*Extractor, error) {
	o, err := o.resolve(e)
	if err != nil {
		return nil, err
	}
	specs, weights := used(e, o.Layer, o.Norm)
	fixed, err := train.Fixed(backend, specs, how, weights)
	if err != nil {
		return nil, err
	}
	x := &Extractor{Encoder: e, Options: o, weights: fixed}
	return x, engine.Try(func() error {
		x.exec = MustNewExec(backend, func(inputs []*Node) *Node { // weights, clips -> features
			n := len(specs)
			m := model{Encoder: e, params: vit.NewParams(specs, inputs[:n]), compute: how}
			return m.features(m.layer(inputs[n], o.Layer), o)
		}).WithName("features")
		return nil
	})
}

// Rows and Width are the shape of a clip's features: 1 row of the mean, T/tubelet of time slots, or N of cubes.
func (x *Extractor) Rows() int { return x.Options.Pool.Rows(x.Encoder.Config) }

// Width is D, the number of values in a row.
func (x *Extractor) Width() int { return x.Encoder.Config.Dim }

// Run gives the features, B x Rows x Width values, of clips [B, T, H, W, C]: uint8 pixels, or Float32 values normalised already. A graph is
// compiled for each B that occurs, so that callers keep to one.
func (x *Extractor) Run(clips *tensors.Tensor) (features []float32, err error) {
	err = engine.Try(func() error {
		features, err = call(x.exec, x.weights, clips)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	return features, nil
}

// call runs a graph of weights and clips that has one output.
func call(exec *Exec, weights []*tensors.Tensor, clips *tensors.Tensor) ([]float32, error) {
	inputs := make([]any, 0, len(weights)+1)
	for _, w := range weights {
		inputs = append(inputs, w)
	}
	out, err := exec.Call(append(inputs, clips)...)
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](out[0])
}

// Close frees the compiled graph. The engine stays open.
func (x *Extractor) Close() { x.exec.Finalize() }
