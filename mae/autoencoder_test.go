package mae

import (
	"fmt"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/seed"
)

// halfMasked is a tube mask that hides the middle column and one place more of minute's 2x2x3 cubes.
func halfMasked() (visible, masked []int32) {
	return masking.Mask{false, true, false, false, true, true, false, true, false, false, true, true}.Split()
}

// all lists every cube.
func all(n int) (indices []int32) {
	for i := range n {
		indices = append(indices, int32(i))
	}
	return indices
}

// pass gives encoded features, predictions, targets and the loss of one clip.
func pass(t *testing.T, c Config, clip *tensors.Tensor, visible, masked []int32) [][]float32 {
	t.Helper()
	outputs := model(t, c, func(m Model, in []*Node) []*Node {
		batch := Batch{Cubes: Patchify(in[0], c.Encoder), Visible: in[1], Masked: in[2]}
		loss, prediction, target := m.Loss(batch)
		return []*Node{m.Encode(batch), prediction, target, loss}
	}, clip, index(visible), index(masked))
	var list [][]float32
	for _, x := range outputs {
		list = append(list, graphtest.Flat(t, x))
	}
	return list
}

func TestMaskedCubesAreNotSeen(t *testing.T) {
	c := minute()
	visible, masked := halfMasked()
	x := clip(c.Encoder, 1)
	cubes := values(t, func(in []*Node) *Node { return Patchify(in[0], c.Encoder) }, x)
	for i, v := range graphtest.Flat(t, uniform(seed.Rand(2, "other"), len(cubes))) {
		if slices.Contains(masked, int32(i/c.Encoder.CubeSize())) {
			cubes[i] = v
		}
	}
	changed := values(t, func(in []*Node) *Node { return Unpatchify(in[0], c.Encoder) },
		tensors.FromFlatDataAndDimensions(cubes, 1, c.Encoder.Tokens(), c.Encoder.CubeSize()))
	before := pass(t, c, x, visible, masked)
	after := pass(t, c, tensors.FromFlatDataAndDimensions(changed, x.Shape().Dimensions...), visible, masked)
	for i, name := range []string{"features", "predictions"} {
		if !slices.Equal(before[i], after[i]) {
			t.Errorf("other pixels in masked cubes changed the %s", name)
		}
	}
	if slices.Equal(before[2], after[2]) || before[3][0] == after[3][0] {
		t.Error("other pixels in masked cubes changed neither target nor loss")
	}
}

func TestVisibleCubesAreSeen(t *testing.T) {
	c := minute()
	visible, masked := halfMasked()
	x := clip(c.Encoder, 1)
	pixels := slices.Clone(graphtest.Flat(t, x))
	pixels[0]++ // the first pixel lies in cube 0, which is visible
	before := pass(t, c, x, visible, masked)
	after := pass(t, c, tensors.FromFlatDataAndDimensions(pixels, x.Shape().Dimensions...), visible, masked)
	if slices.Equal(before[0], after[0]) || slices.Equal(before[1], after[1]) {
		t.Error("another pixel in a visible cube changed nothing")
	}
	if !slices.Equal(before[2], after[2]) {
		t.Error("another pixel in a visible cube changed the target")
	}
}

// Positions make the order in which visible cubes are listed irrelevant, so features follow their cubes.
func TestFeaturesFollowTheirCubes(t *testing.T) {
	c := minute()
	visible, masked := halfMasked()
	x, d := clip(c.Encoder, 1), c.Encoder.Dim
	straight := pass(t, c, x, visible, masked)
	slices.Reverse(visible)
	turned := pass(t, c, x, visible, masked)
	var want []float64
	for i := len(visible) - 1; i >= 0; i-- {
		want = append(want, graphtest.Doubles(straight[0][i*d:(i+1)*d])...)
	}
	graphtest.Near(t, "features", turned[0], want, 1e-5)
	graphtest.Near(t, "predictions", turned[1], graphtest.Doubles(straight[1]), 1e-5)
}

func TestWithNothingMaskedEveryCubeIsPredicted(t *testing.T) {
	c := minute()
	prediction := model(t, c, func(m Model, in []*Node) []*Node {
		batch := Batch{Cubes: Patchify(in[0], c.Encoder), Visible: in[1]}
		return []*Node{m.Decode(m.Encode(batch), batch)}
	}, clip(c.Encoder, 2), index(all(12), all(12)))[0]
	if want := []int{2, 12, c.Encoder.CubeSize()}; !slices.Equal(prediction.Shape().Dimensions, want) {
		t.Fatalf("prediction of shape %v, want %v", prediction.Shape().Dimensions, want)
	}
	rows := graphtest.Flat(t, prediction)
	for i := range 23 {
		if slices.Equal(rows[i*c.Encoder.CubeSize():(i+1)*c.Encoder.CubeSize()], rows[(i+1)*c.Encoder.CubeSize():(i+2)*c.Encoder.CubeSize()]) {
			t.Errorf("cubes %d and %d have one prediction", i, i+1)
		}
	}
}

// The graph's factors belong to its blocks in order: dropping a branch of the decoder leaves the features alone.
func TestDropPathFactorsReachTheirBlocks(t *testing.T) {
	c := minute()
	visible, masked := halfMasked()
	rows := 2 * (c.Encoder.Depth + c.Decoder.Depth)
	features := func(dropped int) (encoded, predicted []float32) {
		keep := slices.Repeat([]float32{1}, rows)
		if dropped >= 0 {
			keep[dropped] = 0
		}
		out := model(t, c, func(m Model, in []*Node) []*Node {
			batch := Batch{Cubes: Patchify(in[0], c.Encoder), Visible: in[1], Masked: in[2], Keep: in[3]}
			encoded := m.Encode(batch)
			return []*Node{encoded, m.Decode(encoded, batch)}
		}, clip(c.Encoder, 1), index(visible), index(masked), tensors.FromFlatDataAndDimensions(keep, rows, 1))
		return graphtest.Flat(t, out[0]), graphtest.Flat(t, out[1])
	}
	encoded, predicted := features(-1)
	without := pass(t, c, clip(c.Encoder, 1), visible, masked)
	graphtest.Near(t, "features with factors of 1", encoded, graphtest.Doubles(without[0]), 1e-6)
	graphtest.Near(t, "predictions with factors of 1", predicted, graphtest.Doubles(without[1]), 1e-6)
	for row := range rows {
		e, p := features(row)
		if inEncoder := row < 2*c.Encoder.Depth; slices.Equal(e, encoded) == inEncoder {
			t.Errorf("dropping branch %d: features changed %v, want %v", row, !inEncoder, inEncoder)
		}
		if slices.Equal(p, predicted) {
			t.Errorf("dropping branch %d left the predictions as they were", row)
		}
	}
}

// A new model predicts next to nothing, so that its loss is near the target's variance, 1.
func TestModelsOfManyShapes(t *testing.T) {
	for _, s := range []struct{ frames, height, width, channels, tubelet int }{
		{8, 32, 32, 3, 2}, {32, 32, 32, 3, 2}, {4, 16, 64, 3, 2}, {4, 48, 16, 1, 2}, {4, 32, 32, 5, 2}, {6, 32, 32, 3, 3}, {3, 32, 32, 1, 1},
	} {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			c := minute()
			c.Encoder.Frames, c.Encoder.Height, c.Encoder.Width, c.Encoder.Channels, c.Encoder.Tubelet = s.frames, s.height, s.width, s.channels, s.tubelet
			c.Decoder.Frames, c.Decoder.Height, c.Decoder.Width, c.Decoder.Channels, c.Decoder.Tubelet = s.frames, s.height, s.width, s.channels, s.tubelet
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			mask, err := masking.Draw(masking.Random, c.Encoder.Grid(), 0.75, seed.Rand(1, "mask"))
			if err != nil {
				t.Fatal(err)
			}
			visible, masked := mask.Split()
			out := pass(t, c, clip(c.Encoder, 1), visible, masked)
			if want := len(masked) * s.tubelet * 16 * 16 * s.channels; len(out[1]) != want {
				t.Errorf("%d predicted values, want %d", len(out[1]), want)
			}
			if loss := float64(out[3][0]); math.IsNaN(loss) || loss < 0.5 || loss > 4 {
				t.Errorf("loss %v", loss)
			}
		})
	}
}

func TestLossIsTheDistanceOfPredictionAndTarget(t *testing.T) {
	visible, masked := halfMasked()
	for _, c := range []struct {
		target Target
		loss   LossKind
	}{{Normalised, MSE}, {Raw, L1}, {Raw, SmoothL1}} {
		config := minute()
		config.Target, config.Loss = c.target, c.loss
		out := pass(t, config, clip(config.Encoder, 1), visible, masked)
		sum := 0.0
		for i, p := range out[1] {
			d := math.Abs(float64(p) - float64(out[2][i]))
			switch {
			case c.loss == MSE:
				sum += d * d
			case c.loss == SmoothL1 && d < 1:
				sum += d * d / 2
			case c.loss == SmoothL1:
				sum += d - 0.5
			default:
				sum += d
			}
		}
		graphtest.Near(t, fmt.Sprint(c), out[3], []float64{sum / float64(len(out[1]))}, 1e-5)
	}
}
