// Executable: a compiled computation.

package simd

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/plan"
)

// Executable runs a computation. It can be used by several goroutines: computations of one backend take turns.
type Executable struct {
	name    string
	backend *Backend
	params  []*ir.Node
	outputs []shapes.Shape
	program *plan.Program // nil once finalised
}

var _ compute.Executable = (*Executable)(nil)

func newExecutable(b *Builder, program *plan.Program) *Executable {
	e := &Executable{name: b.name, backend: b.backend, program: program, params: b.graph.Params}
	for _, n := range b.graph.Outputs {
		e.outputs = append(e.outputs, n.Shape)
	}
	return e
}

// Finalize implements compute.Executable.
func (e *Executable) Finalize() {
	e.backend.run.Lock()
	defer e.backend.run.Unlock()
	e.program = nil
}

// Inputs implements compute.Executable.
func (e *Executable) Inputs() (names []string, inputShapes []shapes.Shape) {
	for _, n := range e.params {
		names = append(names, n.Attr.(ir.Parameter).Name)
		inputShapes = append(inputShapes, n.Shape)
	}
	return names, inputShapes
}

// Outputs implements compute.Executable.
func (e *Executable) Outputs() []shapes.Shape { return e.outputs }

// Execute implements compute.Executable. Where the inputs are refused, donated ones stay good; once the computation has
// begun they are lost, even if it fails.
func (e *Executable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	b := e.backend
	b.run.Lock()
	defer b.run.Unlock()
	switch {
	case b.IsFinalized():
		return nil, errBackendFinalised
	case e.program == nil:
		return nil, fmt.Errorf("simd: running %q: it is finalised", e.name)
	case len(inputs) != len(e.params):
		return nil, fmt.Errorf("simd: running %q: it takes %d inputs, not %d", e.name, len(e.params), len(inputs))
	case len(donate) != 0 && len(donate) != len(inputs):
		return nil, fmt.Errorf("simd: running %q: %d inputs, but %d marks whether they are donated", e.name, len(inputs), len(donate))
	}
	if err := oneDevice(device); err != nil {
		return nil, err
	}
	call := call{executable: e}
	defer call.release()
	if err := call.acquire(inputs); err != nil {
		return nil, err
	}
	call.donate(donate)
	outputs, err := call.run()
	b.memory.setArena(b.machine.Arena())
	if err != nil {
		return nil, fmt.Errorf("simd: running %q: %w", e.name, err)
	}
	return outputs, nil
}

// call is one run of an executable.
type call struct {
	executable *Executable
	inputs     []*Buffer // acquired
	blocks     [][]byte  // their memory
	donated    []bool    // may be overwritten
	taken      [][]byte  // memory for outputs
}

// acquire checks the inputs and keeps their memory until release.
func (c *call) acquire(inputs []compute.Buffer) error {
	e := c.executable
	for i, input := range inputs {
		param := e.params[i].Attr.(ir.Parameter)
		buffer, ok := input.(*Buffer)
		if !ok || buffer == nil || buffer.backend != e.backend {
			return fmt.Errorf("simd: running %q: input %d (%q) is not a buffer of this backend, but %T", e.name, i, param.Name, input)
		}
		block, err := buffer.acquire()
		if err != nil {
			return fmt.Errorf("simd: running %q: input %d (%q): %w", e.name, i, param.Name, err)
		}
		c.inputs = append(c.inputs, buffer)
		c.blocks = append(c.blocks, block)
		if want := e.params[i].Shape; !buffer.shape.Equal(want) {
			return fmt.Errorf("simd: running %q: input %d (%q) must be %s, not %s", e.name, i, param.Name, want, buffer.shape)
		}
	}
	return nil
}

// donate ends the donated buffers. Memory that others are still reading, or that is given twice, will not be overwritten.
func (c *call) donate(marks []bool) {
	c.donated = make([]bool, len(c.inputs))
	for i, marked := range marks {
		c.donated[i] = marked && c.inputs[i].donate()
	}
}

func (c *call) release() {
	for _, buffer := range c.inputs {
		buffer.release()
	}
}

// run computes the outputs. Blocks for outputs are given back if that fails.
func (c *call) run() ([]compute.Buffer, error) {
	blocks, from, err := c.compute()
	if err != nil {
		for _, block := range c.taken {
			c.executable.backend.memory.give(block)
		}
		return nil, err
	}
	outputs := make([]compute.Buffer, len(blocks))
	for i, block := range blocks {
		shape := c.executable.outputs[i]
		if from[i] >= 0 {
			outputs[i] = c.inputs[from[i]].moveTo(shape)
		} else {
			outputs[i] = c.executable.backend.newBuffer(shape, block)
		}
	}
	return outputs, nil
}

// compute is Program.Run with panics as errors.
func (c *call) compute() (outputs [][]byte, from []int, err error) {
	defer rescue(&err)
	return c.executable.program.Run(c.blocks, c.donated, c.take)
}

func (c *call) take(bytes int) []byte {
	block := c.executable.backend.memory.take(bytes)
	c.taken = append(c.taken, block)
	return block
}
