package mae

import (
	. "github.com/gomlx/gomlx/core/graph"

	"videomae/frames"
	"videomae/vit"
)

// NormalisePixels turns bytes [..., C] into Float32 of about zero mean and unit deviation.
func NormalisePixels(bytes *Node) *Node {
	mean, std := pixelStats(bytes)
	return Div(Sub(DivScalar(ConvertDType(bytes, mean.DType()), 255), mean), std)
}

// pixels undoes the normalisation of x [..., C], giving values in [0, 1].
func pixels(x *Node) *Node {
	mean, std := pixelStats(x)
	return Add(Mul(x, std), mean)
}

// pixelStats gives frames.PixelStats as nodes that broadcast over x [..., C].
func pixelStats(x *Node) (mean, std *Node) {
	m, s := frames.PixelStats(x.Shape().Dim(-1))
	return ExpandLeftToRank(Const(x.Graph(), m), x.Rank()), ExpandLeftToRank(Const(x.Graph(), s), x.Rank())
}

// TargetEpsilon is added to a cube's deviation (not to its variance) before dividing by it. Source: spec 3.
const TargetEpsilon = 1e-6

// TargetOf gives what the decoder should predict for cubes [B, n, P] of normalised pixels, [B, n, P]. For the Normalised
// target each channel of a cube is centred and divided by its unbiased deviation over the cube. Source: spec 3.
func TargetOf(cubes *Node, target Target, c vit.Config) *Node {
	b, n, p := cubes.Shape().Dim(0), cubes.Shape().Dim(1), cubes.Shape().Dim(2)
	x := pixels(Reshape(cubes, b, n, p/c.Channels, c.Channels))
	if target == Normalised {
		// Only rounding changes when the first pixel is taken off: a flat cube's mean is then exact, and its target zero.
		x = Sub(x, Slice(x, AxisRange(), AxisRange(), AxisElem(0)))
		centred := Sub(x, ReduceAndKeep(x, ReduceMean, 2))
		variance := DivScalar(ReduceAndKeep(Mul(centred, centred), ReduceSum, 2), p/c.Channels-1)
		x = Div(centred, AddScalar(Sqrt(variance), TargetEpsilon))
	}
	return Reshape(x, b, n, p)
}

// Distance is the loss between prediction and target of one shape, averaged over all their values: a scalar.
func Distance(prediction, target *Node, kind LossKind) *Node {
	d := Sub(prediction, target)
	switch kind {
	case L1:
		d = Abs(d)
	case SmoothL1:
		size := Abs(d)
		d = Where(LessThan(size, OnesLike(size)), MulScalar(Mul(d, d), 0.5), SubScalar(size, 0.5))
	default:
		d = Mul(d, d)
	}
	return meanOf(d)
}

// meanOf averages axis by axis, last first: an engine that adds all values one after another in Float32 would lose digits.
func meanOf(x *Node) *Node {
	for x.Rank() > 0 {
		x = ReduceMean(x, -1)
	}
	return x
}

// Loss is the model's loss on a batch, a scalar, with the prediction and the target [B, Nm, P] it compares.
func (m Model) Loss(in Batch) (loss, prediction, target *Node) {
	prediction = m.Decode(m.Encode(in), in)
	target = StopGradient(TargetOf(take(in.Cubes, in.Masked), m.Target, m.Encoder))
	return Distance(prediction, target, m.Config.Loss), prediction, target
}
