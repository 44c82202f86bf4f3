package probe

import (
	"context"
	"strings"
	"testing"

	"videomae/internal/graphtest"
	"videomae/seed"
	"videomae/train"
	"videomae/vit"
)

// minute is the smallest encoder.
func minute(norm string) train.Encoder {
	c := vit.Config{Frames: 2, Height: 32, Width: 32, Channels: 1, Tubelet: 2, Patch: 8, Dim: 16, Depth: 2, Heads: 2, MLP: 32}
	e := train.Encoder{Config: c, Stride: 1, Norm: norm, Source: "run"}
	e.Specs = append(append(vit.EmbeddingSpecs("", c), vit.BlockSpecs("", c)...), vit.NormSpecs(norm, c.Dim)...)
	e.Weights = train.InitialWeights(e.Specs, 3)
	return e
}

// marked are clips of 16 cubes of which one is marked and shows the class; the others show any, so that their mean tells little.
func marked(n int, from uint64) set {
	var s set
	for i := range n {
		rng := seed.Rand(from, "marked", uint64(i))
		values, label := make([]float32, 16*16), i%2
		at := rng.IntN(16)
		for cube := range 16 {
			row := values[cube*16:][:16]
			for j := range row {
				row[j] = float32(0.1 * rng.NormFloat64())
			}
			sign := float32(2*rng.IntN(2) - 1)
			if cube == at {
				row[0], sign = 4, float32(2*label-1)
			}
			row[1] += 2 * sign
		}
		s.add(values, len(values), label, i)
	}
	return s
}

func TestAttentiveProbeFindsTheCubeThatTells(t *testing.T) {
	backend := graphtest.Open(t)
	o := Options{Kind: Attentive, Encoder: minute("norm"), Classes: []string{"a", "b"}, Backend: backend, How: vit.Compute{}, Layer: 2, Epochs: 25, Seed: 1}
	var err error
	if o.How, err = train.Compute(backend, "f32"); err != nil {
		t.Fatal(err)
	}
	a := newAttentive(o)
	defer a.close()
	s, other := marked(96, 1), marked(100, 2)
	m, err := a.fit(context.Background(), s, 1e-2)
	if err != nil {
		t.Fatal(err)
	}
	top1, _, err := accuracy(m, other)
	if err != nil {
		t.Fatal(err)
	}
	if top1 < 95 {
		t.Errorf("top-1 %v where one cube tells the class", top1)
	}
	again, err := a.fit(context.Background(), s, 1e-2)
	if err != nil {
		t.Fatal(err)
	}
	for i, spec := range a.specs {
		for k, v := range again.weights[i] {
			if v != m.weights[i][k] {
				t.Fatalf("%s differs when it is fitted again", spec.Name)
			}
		}
		if own := strings.HasPrefix(spec.Name, "norm."); own && m.weights[i][3] != o.Encoder.Weights[len(o.Encoder.Weights)-2+i][3] {
			t.Errorf("%s is not the encoder's any more", spec.Name)
		}
	}
}
