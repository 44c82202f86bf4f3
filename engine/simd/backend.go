// Package simd is a GoMLX compute backend for CPUs, in Go with kernels in assembly and without cgo.
//
// A computation is recorded as a graph (package ir), planned as a whole (package plan) and run on a fixed pool of workers
// (package pool). Results are the same, bit for bit, on any number of workers.
package simd

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/plan"
	"videomae/engine/simd/pool"
)

// Name is what the backend is registered as.
const Name = "simd"

func init() { compute.Register(Name, New) }

// Backend is one engine with its own workers and memory. Several can be open at a time.
type Backend struct {
	machine   *plan.Machine
	memory    *memory
	run       sync.Mutex // held while a computation runs: they take turns
	finalised atomic.Bool
}

var _ compute.Backend = (*Backend)(nil)

// New opens a backend. The settings are separated by commas: workers=N is the number of goroutines that compute (default:
// all cores that this process may use), isa=LEVEL names the instruction set (default: isa.Choose).
func New(config string) (compute.Backend, error) {
	workers, level, err := parse(config)
	if err != nil {
		return nil, fmt.Errorf("simd: %w", err)
	}
	return &Backend{machine: plan.NewMachine(level, pool.New(workers)), memory: newMemory()}, nil
}

func parse(config string) (workers int, level isa.Level, err error) {
	workers = runtime.GOMAXPROCS(0)
	if level, err = isa.Choose(); err != nil {
		return 0, 0, err
	}
	for setting := range strings.SplitSeq(config, ",") {
		key, value, _ := strings.Cut(setting, "=")
		switch key {
		case "":
		case "workers":
			workers, err = parseWorkers(value)
		case "isa":
			level, err = parseLevel(value)
		default:
			err = fmt.Errorf("unknown setting %q (have workers=N, isa=LEVEL)", setting)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return workers, level, nil
}

func parseWorkers(value string) (int, error) {
	workers, err := strconv.Atoi(value)
	if err != nil || workers < 1 {
		return 0, fmt.Errorf("workers=%s: want a number of at least 1", value)
	}
	return workers, nil
}

func parseLevel(value string) (isa.Level, error) {
	var known []string
	for _, level := range isa.Levels() {
		if level.String() == value {
			return level, nil
		}
		known = append(known, level.String())
	}
	return 0, fmt.Errorf("isa=%s: this CPU has %s", value, strings.Join(known, ", "))
}

// Name implements compute.Backend.
func (b *Backend) Name() string { return Name }

// String gives the name.
func (b *Backend) String() string { return Name }

// Description tells the instruction set and the number of workers.
func (b *Backend) Description() string {
	return fmt.Sprintf("CPU kernels for %s on %d workers", b.machine.Level, b.machine.Pool.Workers())
}

// NumDevices implements compute.Backend: the CPU is one device.
func (b *Backend) NumDevices() int { return 1 }

// DeviceDescription implements compute.Backend.
func (b *Backend) DeviceDescription(compute.DeviceNum) string { return b.Description() }

// Capabilities implements compute.Backend.
func (b *Backend) Capabilities() compute.Capabilities { return capabilities.Clone() }

// Memory tells how much memory the backend holds now and held at most.
func (b *Backend) Memory() MemoryStats { return b.memory.report() }

// Finalize waits for the computation that is running, ends the workers and lets go of the memory. Buffers and executables
// can not be used any more.
func (b *Backend) Finalize() {
	b.run.Lock()
	defer b.run.Unlock()
	if !b.finalised.Swap(true) {
		b.machine.Pool.Close()
		b.machine.Release()
		b.memory.close()
	}
}

// IsFinalized implements compute.Backend.
func (b *Backend) IsFinalized() bool { return b.finalised.Load() }
