// Builder: what records a computation and compiles it.

package simd

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/plan"
)

// Builder records one computation. It belongs to one goroutine.
type Builder struct {
	notimplemented.Builder
	name     string
	backend  *Backend
	graph    *ir.Graph
	main     *Function
	compiled bool
}

var _ compute.Builder = (*Builder)(nil)

// Builder implements compute.Backend.
func (b *Backend) Builder(name string) compute.Builder {
	builder := &Builder{name: name, backend: b, graph: ir.New()}
	builder.main = &Function{Function: notimplemented.Function{ErrFn: refuse}, builder: builder, graph: builder.graph}
	return builder
}

// refuse is the error for ops that the backend lacks.
func refuse(op compute.OpType) error {
	return fmt.Errorf("simd: %s: %w", op, compute.ErrNotImplemented)
}

// Name implements compute.Builder.
func (b *Builder) Name() string { return b.name }

// Main implements compute.Builder.
func (b *Builder) Main() compute.Function { return b.main }

// NewFunction is refused: there is the main function alone.
func (b *Builder) NewFunction(name string) (compute.Function, error) {
	return nil, fmt.Errorf("simd: function %q beside the main one: %w", name, compute.ErrNotImplemented)
}

// OpShape implements compute.Builder.
func (b *Builder) OpShape(op compute.Value) (shapes.Shape, error) { return b.main.Shape(op) }

// DeviceAssignment takes device 0, the only one.
func (b *Builder) DeviceAssignment(devices ...compute.DeviceNum) error {
	if len(devices) != 1 {
		return fmt.Errorf("simd: computation %q is for %d devices: there is one", b.name, len(devices))
	}
	return oneDevice(devices[0])
}

// Compile plans the computation. Nothing can be recorded any more afterwards.
func (b *Builder) Compile() (compute.Executable, error) {
	switch {
	case b.backend.IsFinalized():
		return nil, errBackendFinalised
	case b.compiled:
		return nil, fmt.Errorf("simd: computation %q is compiled already", b.name)
	case !b.main.returned:
		return nil, fmt.Errorf("simd: compiling %q: the main function has not returned its outputs", b.name)
	}
	program, err := compilePlan(b.backend.machine, b.graph)
	if err != nil {
		return nil, fmt.Errorf("simd: compiling %q: %w", b.name, err)
	}
	b.compiled = true
	return newExecutable(b, program), nil
}

// compilePlan is plan.Compile with panics as errors.
func compilePlan(m *plan.Machine, g *ir.Graph) (program *plan.Program, err error) {
	defer rescue(&err)
	return plan.Compile(m, g)
}

// rescue, deferred, turns a panic into an error.
func rescue(err *error) {
	switch thrown := recover().(type) {
	case nil:
	case error:
		*err = fmt.Errorf("panic: %w", thrown)
	default:
		*err = fmt.Errorf("panic: %v", thrown)
	}
}
