// Weights of models that are not trained any more.

package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/vit"
)

// Fixed puts weights, in the order of the specs, into the form that forward passes take again and again. Those that are only
// multiplied have the compute type already: that is half their memory, and each pass saves the rounding that it would begin with.
func Fixed(backend compute.Backend, specs []vit.Spec, how vit.Compute, weights [][]float32) ([]*tensors.Tensor, error) {
	list := Tensors(specs, weights)
	if how.DType == dtypes.Float32 || how.RoundOnly {
		return list, nil
	}
	err := engine.Try(func() error {
		round := MustNewExec(backend, func(x *Node) *Node { return ConvertDType(x, how.DType) }).WithName("round")
		defer round.Finalize()
		for i, spec := range specs {
			if !spec.Linear() {
				continue
			}
			rounded, err := round.Call(list[i])
			if err != nil {
				return fmt.Errorf("%s: %w", spec.Name, err)
			}
			list[i] = rounded[0]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rounding weights: %w", err)
	}
	return list, nil
}
