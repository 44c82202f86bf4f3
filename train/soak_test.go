package train

import (
	"runtime"
	"sync"
	"testing"

	"videomae/engine"
	"videomae/engine/simd"
	"videomae/internal/given"
	"videomae/mae"
	"videomae/vit"
)

// soakModel is the tiny size on 8 frames of 64x64 pixels, or minute where the test must be short.
func soakModel(t *testing.T) (model mae.Config, steps int) {
	if !given.Long(t) {
		return minute(), 150
	}
	encoder := vit.Config{Frames: 8, Height: 64, Width: 64, Channels: 3, Tubelet: 2, Patch: 16, Dim: 192, Depth: 12, Heads: 3, MLP: 768}
	decoder := encoder
	decoder.Dim, decoder.Depth, decoder.Heads, decoder.MLP = 96, 4, 3, 384
	return mae.Config{Encoder: encoder, Decoder: decoder, Target: mae.Normalised, Loss: mae.MSE}, 2000
}

// heap is the memory that Go holds after a collection, in bytes.
func heap() int {
	runtime.GC()
	runtime.GC() // buffers are given back by finalisers of the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestSoak trains for long with batches of changing size, and holds no more memory at the end than after the first tenth.
func TestSoak(t *testing.T) {
	model, steps := soakModel(t)
	backend, err := engine.Open("simd")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	s := stepperOn(t, backend, model)
	defer s.Close()
	var heapThen int
	var engineThen simd.MemoryStats
	memory := backend.(*simd.Backend).Memory
	for step := range steps {
		if _, err := s.Step([]Batch{soakBatch(t, model, 1+step%3, uint64(step))}, 1e-4); err != nil {
			t.Fatal(err)
		}
		if step == steps/10 {
			heapThen, engineThen = heap(), memory()
		}
	}
	const slack = 4 << 20                    // bytes
	if now := heap(); now > heapThen+slack { // which also gives buffers back
		t.Errorf("after %d steps Go holds %d bytes, after a tenth of them %d", steps, now, heapThen)
	}
	now := memory()
	t.Logf("the engine's memory after a tenth of the steps: %+v; after all: %+v", engineThen, now)
	if now.Arena+now.Buffers > engineThen.Arena+engineThen.Buffers+slack {
		t.Errorf("after %d steps the engine holds %d bytes, after a tenth of them %d", steps, now.Arena+now.Buffers, engineThen.Arena+engineThen.Buffers)
	}
	// What waits for the collector and what is kept for new buffers vary, but not beyond what was in use at a time.
	if now.PeakTotal > now.Arena+2*now.PeakBuffers {
		t.Errorf("the engine has held %d bytes: an arena of %d and more than twice the buffers' %d", now.PeakTotal, now.Arena, now.PeakBuffers)
	}
	if now.PeakBuffers > engineThen.PeakBuffers+engineThen.PeakBuffers/4+slack {
		t.Errorf("after %d steps buffers have taken %d bytes, after a tenth of them %d", steps, now.PeakBuffers, engineThen.PeakBuffers)
	}
}

// TestEnginesComeAndGo opens and finalises engines, two at a time and each with a program, without leaving memory or goroutines behind.
func TestEnginesComeAndGo(t *testing.T) {
	model, rounds := minute(), 12
	round := func() {
		var both sync.WaitGroup
		for at := range uint64(2) {
			both.Go(func() {
				backend, err := engine.Open("simd:workers=2")
				if err != nil {
					t.Error(err)
					return
				}
				defer backend.Finalize()
				s := stepperOn(t, backend, model)
				defer s.Close()
				for i := range uint64(2) {
					if _, err := s.Step([]Batch{soakBatch(t, model, 2, 2*at+i)}, 1e-4); err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
	}
	round()
	heapThen, goroutines := heap(), runtime.NumGoroutine()
	for range rounds {
		round()
	}
	if now := heap(); now > heapThen+4<<20 {
		t.Errorf("after %d engines Go holds %d bytes, after the first two %d", 2*rounds, now, heapThen)
	}
	if now := runtime.NumGoroutine(); now > goroutines+2 {
		t.Errorf("%d goroutines are left, %d after the first two engines", now, goroutines)
	}
}

// soakBatch draws b clips with masks.
func soakBatch(t *testing.T, model mae.Config, b int, at uint64) Batch {
	t.Helper()
	c := model.Encoder
	batch, err := NewBatch(c, noiseFor(c, b, at), tubesFor(t, c, b, at), nil)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}
