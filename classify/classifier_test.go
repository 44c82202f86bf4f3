package classify

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
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
