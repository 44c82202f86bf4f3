package convert

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"videomae/internal/given"
	"videomae/weights"
	"videomae/weights/checkpoint"
	"videomae/weights/torch/torchtest"
)

// A checkpoint of the largest released size takes far less memory than it is long, whatever it is converted to.
func TestMemoryOfAHugeCheckpoint(t *testing.T) {
	m := checkpoint.Model{Kind: checkpoint.Classifier, Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16, Head: 400, Norm: "fc_norm", Pooling: "mean",
		EncoderWidth: 1280, EncoderDepth: 32, EncoderHeads: 16, EncoderMLP: 5120}
	if !given.Long(t) {
		m.EncoderDepth = 2
	}
	var specs []weights.Spec
	for _, s := range m.Specs() {
		specs = append(specs, weights.Spec{Name: s.Name, DType: weights.F32, Shape: s.Shape})
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "huge.pth")
	file, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	err = torchtest.Checkpoint(file, "module", specs, func(i int) ([]byte, error) {
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
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []Options{{In: in, Out: filepath.Join(dir, "hub"), To: Hub}, {In: filepath.Join(dir, "hub"), Out: filepath.Join(dir, "native"), To: Native, DType: weights.F16}} {
		began := time.Now()
		var last, total int64
		step.Progress = func(done, all int64) { last, total = done, all }
		r, err := Run(context.Background(), step)
		if err != nil {
			t.Fatal(err)
		}
		if last != total || total == 0 {
			t.Errorf("progress ended at %d of %d bytes", last, total)
		}
		peak := peakMemory(t)
		t.Logf("%s: %d MB in, %d MB out, %.1f s, %d MB of memory at most", step.To, info.Size()>>20, r.Bytes>>20, time.Since(began).Seconds(), peak>>20)
		if given.Long(t) && peak > info.Size()*3/2 {
			t.Errorf("%d bytes of memory for a file of %d", peak, info.Size())
		}
	}
}

// peakMemory is the most memory that this process has held so far, in bytes.
func peakMemory(t *testing.T) int64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Skip(err)
	}
	return int64(usage.Maxrss) << 10 // Linux counts KiB
}
