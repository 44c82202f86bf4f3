// Compiling ahead of the first step.

package train

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
)

// Compile makes the graph of a step of one batch of this one's shape, which the first Step would do otherwise.
func (s *Stepper) Compile(batch Batch) error {
	return compileFor(s.update, s.shapes(batch.inputs()...)...)
}

// shapes are those of a step's inputs: the state, the rate, frozen weights and the batch.
func (s *Stepper) shapes(batch ...*tensors.Tensor) []shapes.Shape {
	all := append(shapesOf(s.stateTensors()...), shapes.Make(dtypes.Float32))
	return append(append(all, shapesOf(s.frozenWeights()...)...), shapesOf(batch...)...)
}

func shapesOf(list ...*tensors.Tensor) []shapes.Shape {
	var all []shapes.Shape
	for _, t := range list {
		all = append(all, t.Shape())
	}
	return all
}

func compileFor(exec *graph.Exec, inputs ...shapes.Shape) error {
	err := engine.Try(func() error {
		_, err := exec.Compile(inputs...)
		return err
	})
	if err != nil {
		return fmt.Errorf("compiling %s: %w", exec.Name(), err)
	}
	return nil
}
