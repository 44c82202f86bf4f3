package simd

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/backendtest"
)

// The suite leaves out what capabilities do not list.
func TestSuite(t *testing.T) { backendtest.RunAll(t, open(t, ""), nil) }

func TestSettings(t *testing.T) {
	for _, c := range []struct{ config, about, err string }{
		{"workers=3,isa=portable", "portable on 3 workers", ""},
		{"isa=portable,", "portable on ", ""},
		{"", " workers", ""},
		{"workers=0", "", "workers=0: want a number of at least 1"},
		{"workers=many", "", "workers=many"},
		{"isa=neon", "", "isa=neon: this CPU has portable"},
		{"threads=2", "", `unknown setting "threads=2" (have workers=N, isa=LEVEL)`},
	} {
		b, err := New(c.config)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: %v, want an error with %q", c.config, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.config, err)
			continue
		}
		if !strings.Contains(b.Description(), c.about) {
			t.Errorf("%q: %s, want %q in it", c.config, b.Description(), c.about)
		}
		b.Finalize()
	}
	t.Setenv("VIDEOMAE_SIMD", "sse2")
	if _, err := New(""); err == nil || !strings.Contains(err.Error(), "sse2") {
		t.Errorf("VIDEOMAE_SIMD=sse2: %v, want an error that names it", err)
	}
}

func TestRegistered(t *testing.T) {
	b, err := compute.NewWithConfig("simd:workers=1")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if b.Name() != "simd" || b.NumDevices() != 1 || b.DeviceDescription(0) == "" {
		t.Errorf("%s with %d devices (%s), want simd with one", b.Name(), b.NumDevices(), b.DeviceDescription(0))
	}
}

// chain is a computation with work for several kernels.
func chain(f *recorder, x []compute.Value) []compute.Value {
	y := f.ok(f.Tanh(f.ok(f.Add(x[0], x[1]))))
	square := f.ok(f.DotGeneral(y, []int{1}, nil, x[1], []int{1}, nil, compute.DotGeneralConfig{}))
	return []compute.Value{y, square, f.ok(f.ReduceSum(square))}
}

func chainOperands(seed uint64) []array {
	r := rand.New(rand.NewPCG(seed, 2))
	shape := shapes.Make(dtypes.Float32, 60, 70)
	return []array{random(shape, between(r, -1, 1)), random(shape, between(r, -1, 1))}
}

func TestEnginesComeAndGoWithoutATrace(t *testing.T) {
	operands := chainOperands(0)
	goroutines, heap := 0, uint64(0)
	for round := range 200 {
		b, err := New("workers=4")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := once(b, operands, chain, round%2 == 0); err != nil {
			t.Fatal(err)
		}
		b.Finalize()
		b.Finalize()
		if round == 20 {
			goroutines, heap = runtime.NumGoroutine(), heapAfterCollection()
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines after 200 engines, %d after 20", n, goroutines)
	}
	if h := heapAfterCollection(); h > heap+1<<20 {
		t.Errorf("%d bytes are held after 200 engines, %d after 20", h, heap)
	}
}

func heapAfterCollection() uint64 {
	for range 3 { // cleanups run after a collection, and what they free goes with the next
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestFinalisedBackend(t *testing.T) {
	b, err := New("workers=2")
	if err != nil {
		t.Fatal(err)
	}
	operands := chainOperands(0)
	e, err := compiled(b, operands, chain)
	if err != nil {
		t.Fatal(err)
	}
	buffer, err := b.BufferFromFlatData(0, operands[0].flat, operands[0].shape)
	if err != nil {
		t.Fatal(err)
	}
	b.Finalize()
	if !b.IsFinalized() {
		t.Error("the backend does not know that it is finalised")
	}
	_, errMake := b.BufferFromFlatData(0, operands[0].flat, operands[0].shape)
	_, errRead := buffer.Data()
	_, errRun := e.Execute([]compute.Buffer{buffer, buffer}, nil, 0)
	_, errCompile := compiled(b, operands, chain)
	for what, err := range map[string]error{"making": errMake, "reading": errRead, "running": errRun, "compiling": errCompile} {
		if err == nil || !strings.Contains(err.Error(), "finalised") {
			t.Errorf("%s: %v, want an error about the finalised backend", what, err)
		}
	}
	if err := buffer.Finalize(); err != nil {
		t.Errorf("finalising a buffer afterwards: %v", err)
	}
	e.Finalize()
}

// Two backends run the same two computations, each from several goroutines that donate some of their inputs.
func TestConcurrentUseOfTwoBackends(t *testing.T) {
	var all sync.WaitGroup
	for _, b := range []compute.Backend{open(t, "workers=2"), open(t, "workers=3")} {
		for seed := range uint64(2) {
			operands := chainOperands(seed)
			e, err := compiled(b, operands, chain)
			if err != nil {
				t.Fatal(err)
			}
			want, err := execute(b, e, operands, false)
			if err != nil {
				t.Fatal(err)
			}
			for user := range 3 {
				all.Go(func() {
					for round := range 10 {
						if err := sameAgain(b, e, operands, want, (round+user)%2 == 0); err != nil {
							t.Errorf("%s: %v", b.Description(), err)
							return
						}
					}
				})
			}
		}
	}
	all.Wait()
}

func sameAgain(b compute.Backend, e compute.Executable, operands, want []array, donate bool) error {
	got, err := execute(b, e, operands, donate)
	if err != nil {
		return err
	}
	for i := range want {
		if diff := exactly(got[i], want[i]); diff != "" {
			return fmt.Errorf("output %d: %s", i, diff)
		}
	}
	return nil
}
