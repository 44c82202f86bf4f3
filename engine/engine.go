// Package engine picks the compute backend that graphs run on, describes what this build and machine offer, and is the one
// place where GoMLX's panics become errors.
package engine

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/support/exceptions"

	"videomae/engine/simd"
)

// Default is the engine used when neither a flag nor GOMLX_BACKEND names one.
const Default = "simd"

// Choice describes one engine for listings.
type Choice struct {
	Name      string `json:"name"`
	About     string `json:"about"`
	Available bool   `json:"available"`
	Missing   string `json:"missing,omitempty"` // what to do when it is not available
}

// opener starts one engine. Its settings are the part of the engine's name after the colon.
type opener struct {
	free    bool // settings other than those of names may be given
	about   string
	names   []string // as --engine takes them
	open    func(settings string) (compute.Backend, error)
	missing func(name string) string // empty when the engine can be opened
}

// openers lists the engines of this build, in the order in which they are shown.
func openers() []opener {
	return append([]opener{{
		about:   "our kernels for CPUs; simd:workers=N,isa=portable|avx2|avx512|avx512bf16 limits them",
		names:   []string{"simd"},
		free:    true,
		open:    simd.New,
		missing: func(string) string { return "" },
	}, {
		about: "GoMLX's portable Go engine",
		names: []string{"go"},
		// Its default mode can wait on itself for ever in a training step: ops run one after another, each in parallel.
		open:    func(string) (compute.Backend, error) { return gobackend.New("ops_sequential") },
		missing: func(string) string { return "" },
	}}, xlaOpener())
}

// Choices lists every engine, available or not.
func Choices() []Choice {
	var list []Choice
	for _, o := range openers() {
		for _, name := range o.names {
			missing := o.missing(name)
			list = append(list, Choice{Name: name, About: o.about, Available: missing == "", Missing: missing})
		}
	}
	return list
}

// Name is the engine that a name stands for: itself, or where it is empty that of GOMLX_BACKEND in the environment, or
// else Default.
func Name(name string) string { return cmp.Or(name, os.Getenv(compute.ConfigEnvVar), Default) }

// Open starts the engine that a name stands for (Name). The caller finalises the backend.
func Open(name string) (compute.Backend, error) {
	name = Name(name)
	family, settings, _ := strings.Cut(name, ":")
	for _, o := range openers() {
		if !slices.Contains(o.names, name) && !(o.free && slices.Contains(o.names, family)) {
			continue
		}
		if missing := o.missing(name); missing != "" {
			return nil, fmt.Errorf("engine %s is not available: %s", name, missing)
		}
		var backend compute.Backend
		err := Try(func() (err error) {
			backend, err = o.open(settings)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("starting engine %s: %w", name, err)
		}
		return backend, nil
	}
	var known []string
	for _, c := range Choices() {
		known = append(known, c.Name)
	}
	return nil, fmt.Errorf("unknown engine %q (have %s)", name, strings.Join(known, ", "))
}

// Precision gives the type in which a precision ("f32" or "bf16") multiplies matrices on a backend, and whether
// operands should only be rounded to it. GoMLX's Go engine (compute v0.1.2) returns wrong products of small transposed bf16
// matrices when built with GOEXPERIMENT=simd, so there they are rounded and multiplied in Float32.
func Precision(backend compute.Backend, name string) (dtype dtypes.DType, roundOnly bool, err error) {
	switch name {
	case "f32":
		return dtypes.Float32, false, nil
	case "bf16":
		return dtypes.BFloat16, backend.Name() == "Go Backend", nil
	}
	return dtypes.InvalidDType, false, fmt.Errorf("unknown precision %q (have f32, bf16)", name)
}

// Try runs work that builds or runs graphs, and returns what it returns or panics with as an error.
func Try(work func() error) (err error) {
	switch thrown := exceptions.Try(func() { err = work() }).(type) {
	case nil:
		return err
	case error:
		return thrown
	default:
		return fmt.Errorf("%v", thrown)
	}
}
