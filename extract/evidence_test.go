package extract

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"videomae/classify"
	"videomae/internal/graphtest"
	"videomae/vit"
)

// Evidence is how fast the class's logit grows when a cube's features grow: differences of a double-precision head over the features that
// Extractor gives must agree, and the logits with the official ones.
func TestEvidenceIsTheLogitsGrowth(t *testing.T) {
	eachReference(t, func(t *testing.T, r reference) {
		e := r.encoder()
		c := classify.Config{Encoder: e.Config, Classes: len(r.array("param.head.bias")), Pooling: classify.Mean}
		var weights [][]float32
		for _, s := range c.Specs() {
			weights = append(weights, r.array("param."+s.Name))
		}
		evidence, err := NewEvidence(graphtest.Open(t), c, vit.Compute{DType: dtypes.Float32}, weights)
		if err != nil {
			t.Fatal(err)
		}
		defer evidence.Close()
		class := c.Classes - 1
		logits, cubes, err := evidence.Run(r.clips(), class)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Near(t, "logits", logits, graphtest.Doubles(r.array("out.logits")), 1e-4)
		tokens := extract(t, e, dtypes.Float32, Options{Pool: None}, r.clips())
		n, d := e.Config.Tokens(), e.Config.Dim
		want := make([]float64, r.Batch*n)
		for i := range want {
			const step = 1e-4
			grow := func(factor float64) float64 {
				return r.logit(graphtest.Doubles(tokens[i/n*n*d:(i/n+1)*n*d]), i%n, factor, class)
			}
			want[i] = (grow(1+step) - grow(1-step)) / (2 * step)
		}
		graphtest.Near(t, "evidence", cubes, want, 1e-3)
		if _, _, err := evidence.Run(r.clips(), c.Classes); err == nil {
			t.Error("a class that is none is no error")
		}
	})
}

// logit is that of a class, with the features of one cube multiplied by a factor.
func (r reference) logit(tokens []float64, cube int, factor float64, class int) float64 {
	d := r.Width
	mean := make([]float64, d)
	for i, v := range tokens {
		if i/d == cube {
			v *= factor
		}
		mean[i%d] += v * float64(d) / float64(len(tokens))
	}
	centre, variance := 0.0, 0.0
	for _, v := range mean {
		centre += v / float64(d)
	}
	for _, v := range mean {
		variance += (v - centre) * (v - centre) / float64(d)
	}
	scale, shift := r.array("param.fc_norm.weight"), r.array("param.fc_norm.bias")
	head := r.array("param.head.weight")
	logit := float64(r.array("param.head.bias")[class])
	for j, v := range mean {
		logit += float64(head[class*d+j]) * ((v-centre)/math.Sqrt(variance+1e-6)*float64(scale[j]) + float64(shift[j]))
	}
	return logit
}
