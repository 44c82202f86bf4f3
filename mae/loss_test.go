package mae

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/frames"
	"videomae/internal/graphtest"
	"videomae/seed"
	"videomae/vit"
)

// target gives TargetOf cubes [1, n, P].
func target(t *testing.T, kind Target, c vit.Config, cubes []float32) []float32 {
	t.Helper()
	return values(t, func(in []*Node) *Node { return TargetOf(in[0], kind, c) },
		tensors.FromFlatDataAndDimensions(cubes, 1, len(cubes)/c.CubeSize(), c.CubeSize()))
}

// A cube of one colour has no deviation to be divided by, only what is added to it: rounding errors of its mean must not show.
func TestTargetOfConstantCubesIsZero(t *testing.T) {
	c := minute().Encoder
	mean, std := frames.PixelStats(3)
	var cubes []float32
	for _, level := range []uint8{0, 1, 77, 128, 200, 255} {
		for i := range c.CubeSize() {
			cubes = append(cubes, (float32(level)/255-mean[i%3])/std[i%3])
		}
	}
	for i, v := range target(t, Normalised, c, cubes) {
		if v != 0 {
			t.Fatalf("cube %d, value %d: target %v, want 0", i/c.CubeSize(), i%c.CubeSize(), v)
		}
	}
}

func TestNormalisedTargetOfEachChannel(t *testing.T) {
	c := minute().Encoder
	z := target(t, Normalised, c, graphtest.Flat(t, uniform(seed.Rand(1, "cubes"), 4*c.CubeSize())))
	pixels := float64(c.CubeSize() / 3)
	for cube := 0; cube < len(z); cube += c.CubeSize() {
		for channel := range 3 {
			sum, squares := 0.0, 0.0
			for i := cube + channel; i < cube+c.CubeSize(); i += 3 {
				sum += float64(z[i])
				squares += float64(z[i]) * float64(z[i])
			}
			if mean := sum / pixels; math.Abs(mean) > 1e-5 {
				t.Errorf("cube at %d, channel %d: mean %g", cube, channel, mean)
			}
			if variance := squares / (pixels - 1); math.Abs(variance-1) > 1e-4 {
				t.Errorf("cube at %d, channel %d: unbiased variance %g", cube, channel, variance)
			}
		}
	}
}

// Brightness and contrast of a channel do not change the normalised target.
func TestNormalisedTargetOfAnAffineMap(t *testing.T) {
	c := minute().Encoder
	cubes := graphtest.Flat(t, uniform(seed.Rand(1, "cubes"), 2*c.CubeSize()))
	mapped := make([]float32, len(cubes))
	for i, v := range cubes {
		mapped[i] = v*[]float32{0.5, 2, 1}[i%3] + []float32{1, 0, -0.75}[i%3]
	}
	graphtest.Near(t, "target", target(t, Normalised, c, mapped), graphtest.Doubles(target(t, Normalised, c, cubes)), 1e-4)
}

func TestRawTargetIsThePixels(t *testing.T) {
	for _, channels := range []int{1, 3, 5} {
		c := minute().Encoder
		c.Channels = channels
		bytes := make([]uint8, c.CubeSize())
		want := make([]float64, len(bytes))
		for i := range bytes {
			bytes[i] = uint8(i * 7)
			want[i] = float64(bytes[i]) / 255
		}
		got := values(t, func(in []*Node) *Node {
			return TargetOf(Reshape(NormalisePixels(in[0]), 1, 1, -1), Raw, c)
		}, tensors.FromFlatDataAndDimensions(bytes, 1, c.CubeSize()/channels, channels))
		graphtest.Near(t, fmt.Sprintf("%d channels", channels), got, want, 1e-6)
	}
}

// ImageNet's numbers, which official models were trained with. Source: spec 3.
func TestNormalisePixels(t *testing.T) {
	got := values(t, func(in []*Node) *Node { return NormalisePixels(in[0]) }, tensors.FromValue([][]uint8{{0, 0, 0}, {255, 255, 255}, {124, 116, 104}}))
	var want []float64
	for _, v := range []float64{0, 255, 0} {
		want = append(want, (v/255-0.485)/0.229, (v/255-0.456)/0.224, (v/255-0.406)/0.225)
	}
	want[6], want[7], want[8] = (124.0/255-0.485)/0.229, (116.0/255-0.456)/0.224, (104.0/255-0.406)/0.225
	graphtest.Near(t, "pixels", got, want, 1e-6)
}

func TestDistance(t *testing.T) {
	const n = 3000
	rng := seed.Rand(1, "distance")
	a, b := graphtest.Flat(t, uniform(rng, n)), graphtest.Flat(t, uniform(rng, n))
	sums := map[LossKind]float64{}
	for i := range a {
		a[i] *= 3 // so that many distances lie on either side of 1
		d := math.Abs(float64(a[i]) - float64(b[i]))
		sums[MSE] += d * d
		sums[L1] += d
		if d < 1 {
			sums[SmoothL1] += d * d / 2
		} else {
			sums[SmoothL1] += d - 0.5
		}
	}
	for kind, sum := range sums {
		got := values(t, func(in []*Node) *Node { return Distance(in[0], in[1], kind) },
			tensors.FromFlatDataAndDimensions(a, 2, n/6, 3), tensors.FromFlatDataAndDimensions(b, 2, n/6, 3))
		graphtest.Near(t, string(kind), got, []float64{sum / n}, 1e-6)
	}
}

// An engine that added two million values one after another in Float32 would be off in the third digit.
func TestDistanceOfManyValuesKeepsItsDigits(t *testing.T) {
	const b, n, p = 1, 1408, 1536
	got := values(t, func(in []*Node) *Node {
		x := BroadcastToDims(in[0], b, n, p)
		return Distance(x, ZerosLike(x), L1)
	}, tensors.FromScalar(float32(0.1)))
	graphtest.Near(t, "mean of equal values", got, []float64{0.1}, 1e-5)
}
