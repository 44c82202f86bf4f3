package onnx

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"videomae/internal/given"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// A checkpoint of the largest released size is longer than the format's limit, and takes a small part of its size of memory.
func TestMemoryOfAHugeModel(t *testing.T) {
	if !given.Long(t) {
		t.Skipf("writes 5 GB; set %s", given.LongEnv)
	}
	m := checkpoint.Model{Kind: checkpoint.Classifier, Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16, Head: 400, Norm: "fc_norm", Pooling: "mean",
		EncoderWidth: 1280, EncoderDepth: 32, EncoderHeads: 16, EncoderMLP: 5120}
	var specs []weights.Spec
	for _, s := range m.Specs() {
		specs = append(specs, weights.Spec{Name: s.Name, DType: weights.F32, Shape: s.Shape})
	}
	folder := t.TempDir()
	in := filepath.Join(folder, "huge.safetensors")
	err := weights.Write(in, nil, specs, func(i int) ([]byte, error) {
		n, err := specs[i].Bytes()
		b := make([]byte, n)
		for k := range b {
			b[k] = byte(k+i) &^ 0x40 // below the exponents of infinity
		}
		return b, err
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	e := must[Exported](t)(Export(context.Background(), Options{Checkpoint: in, What: OfClassifier, Out: filepath.Join(folder, "huge.onnx"), Build: Build{Opset: MinOpset}}))
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	peak := int64(usage.Maxrss) << 10 // Linux counts KiB
	t.Logf("%d MB in %.1f s, %d MB of memory at most", e.Bytes>>20, time.Since(began).Seconds(), peak>>20)
	if e.Data == "" || e.Bytes < MaxInline || peak > e.Bytes/4 {
		t.Errorf("%d bytes, weights in %q, %d bytes of memory", e.Bytes, e.Data, peak)
	}
}
