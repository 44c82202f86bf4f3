// Package graphtest runs graphs in tests and compares what they give.
package graphtest

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
)

// Open starts the engine that the environment names, until the test ends.
func Open(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	return backend
}

// Run computes a graph and returns its outputs. It works on copies of the inputs, which would otherwise stay bound to this
// run's engine.
func Run(t *testing.T, build func(in []*graph.Node) []*graph.Node, inputs ...*tensors.Tensor) []*tensors.Tensor {
	t.Helper()
	args := make([]any, len(inputs))
	for i, x := range inputs {
		clone, err := x.LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		args[i] = clone
	}
	outputs, err := graph.CallOnceN(Open(t), build, args...)
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

// Flat copies a tensor's Float32 values to the host.
func Flat(t *testing.T, x *tensors.Tensor) []float32 {
	t.Helper()
	v, err := tensors.CopyFlatData[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Near checks values against a reference, within a share of its largest magnitude.
func Near(t *testing.T, what string, got []float32, want []float64, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	scale := 0.0
	for _, w := range want {
		scale = math.Max(scale, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= limit*scale) {
			t.Fatalf("%s: value %d is %.9g, want %.9g (limit %.1g of %.3g)", what, i, got[i], w, limit, scale)
		}
	}
}

// Doubles converts values to double precision, for use as a reference.
func Doubles(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}
