package classify

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/weights"
)

// Loss and gradient against their definition in double precision, with scores whose exponentials overflow Float32.
func TestCrossEntropy(t *testing.T) {
	const samples, classes = 3, 5
	rng := rand.New(rand.NewPCG(1, 2))
	logits, targets := make([]float32, samples*classes), make([]float32, samples*classes)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64()*3 + 200)
		targets[i] = 0.02
		if i%classes == i/classes {
			targets[i] = 0.92
		}
	}
	var loss float64
	gradient := make([]float64, len(logits))
	for row := range samples {
		sum := 0.0
		for _, v := range logits[row*classes:][:classes] {
			sum += math.Exp(float64(v) - 200)
		}
		for i := row * classes; i < (row+1)*classes; i++ {
			shifted := float64(logits[i]) - 200
			loss -= float64(targets[i]) * (shifted - math.Log(sum)) / samples
			gradient[i] = (math.Exp(shifted)/sum - float64(targets[i])) / samples
		}
	}
	out := graphtest.Run(t, func(in []*Node) []*Node {
		loss := CrossEntropy(in[0], in[1])
		return append([]*Node{loss}, Gradient(loss, in[0])...)
	}, tensors.FromFlatDataAndDimensions(logits, samples, classes), tensors.FromFlatDataAndDimensions(targets, samples, classes))
	graphtest.Near(t, "loss", graphtest.Flat(t, out[0]), []float64{loss}, 1e-5)
	graphtest.Near(t, "gradient", graphtest.Flat(t, out[1]), gradient, 1e-4)
}

// The losses of the official training, with soft targets, with smoothed ones and with plain ones.
func TestLossesAreTheOfficialOnes(t *testing.T) {
	text, err := os.ReadFile(given.Golden(t, "pipeline", "erasing_mixup.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Losses struct {
			Soft     float64 `json:"soft_target_ce"`
			Smoothed float64 `json:"label_smoothing_ce_0.1"`
			Plain    float64 `json:"ce"`
		}
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	file, err := weights.Open(given.Golden(t, "pipeline", "erasing_mixup.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	logits, soft, labels := array[float32](t, file, "loss_logits"), array[float32](t, file, "loss_soft"), array[int64](t, file, "loss_targets")
	samples := len(labels)
	classes := len(logits) / samples
	for _, c := range []struct {
		name    string
		targets []float32
		want    float64
	}{
		{"soft targets", soft, reference.Losses.Soft},
		{"smoothed labels", smoothed(labels, classes, 0.1), reference.Losses.Smoothed},
		{"labels", smoothed(labels, classes, 0), reference.Losses.Plain},
	} {
		out := graphtest.Run(t, func(in []*Node) []*Node { return []*Node{CrossEntropy(in[0], in[1])} },
			tensors.FromFlatDataAndDimensions(logits, samples, classes), tensors.FromFlatDataAndDimensions(c.targets, samples, classes))
		graphtest.Near(t, "loss of "+c.name, graphtest.Flat(t, out[0]), []float64{c.want}, 1e-6)
	}
}

// array reads a stored array of little-endian numbers.
func array[V float32 | int64](t *testing.T, file *weights.File, name string) []V {
	t.Helper()
	tensor, err := file.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]V, len(tensor.Data)/binary.Size(V(0)))
	if _, err := binary.Decode(tensor.Data, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values
}

// smoothed spreads a share of each label evenly over all classes.
func smoothed(labels []int64, classes int, share float64) []float32 {
	targets := slices.Repeat([]float32{float32(share / float64(classes))}, len(labels)*classes)
	for i, label := range labels {
		targets[i*classes+int(label)] += float32(1 - share)
	}
	return targets
}

func TestCheckFinite(t *testing.T) {
	if err := CheckFinite([]float32{1, 2, 3, -4}, 2); err != nil {
		t.Error(err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := CheckFinite([]float32{1, 2, 3, 4, float32(bad), 6}, 2); err == nil || !strings.Contains(err.Error(), "clip 2") {
			t.Errorf("%v: got %v, want an error that names clip 2", bad, err)
		}
	}
}
