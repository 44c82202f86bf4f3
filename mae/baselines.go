package mae

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Baselines gives the losses of predictors that need no model, on the same masked cubes and in the space of the target:
// of zeros (for the normalised target, the cube's mean), and of the targets of other cubes, at index near [B, Nm] (for
// instance the nearest visible ones). An index of N, one past the last cube, predicts zero.
func (c Config) Baselines(in Batch, near ...*Node) []*Node {
	all := TargetOf(in.Cubes, c.Target, c.Encoder)
	target := take(all, in.Masked)
	losses := []*Node{Distance(ZerosLike(target), target, c.Loss)}
	nothing := ZerosLike(Slice(all, AxisRange(), AxisRangeFromStart(1)))
	padded := Concatenate([]*Node{all, nothing}, 1)
	for _, index := range near {
		losses = append(losses, Distance(take(padded, index), target, c.Loss))
	}
	return losses
}
