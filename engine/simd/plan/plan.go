// Package plan turns a graph into steps with memory for every value, and runs them.
//
// Package fuse says what is computed together; here each unit becomes a step (steps.go, product.go, attention.go, general.go), and
// each value a place in one arena, which values share whose lifetimes do not overlap (memory.go). Nothing is allocated when a
// program runs but its outputs.
package plan

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/gomlx/compute"

	"videomae/engine/simd/fuse"
	"videomae/engine/simd/ir"
	"videomae/engine/simd/isa"
	"videomae/engine/simd/loop"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// Line is the size of a cache line in bytes. Values begin at multiples of it.
const Line = 64

// Aligned gives memory of zeros that begins at a cache line. That of size 0 is empty but not nil.
func Aligned(size int) []byte {
	raw := make([]byte, size+Line)
	skip := int(-uintptr(unsafe.Pointer(&raw[0])) % Line)
	return raw[skip : skip+size : skip+size]
}

// Machine is what programs run on. They take turns: one runs at a time.
type Machine struct {
	Level isa.Level
	Pool  *pool.Pool

	vec     *vec.Kernels
	tile    *tile.Kernels
	arena   []byte   // for values inside programs
	profile *profile // nil when nobody asks
}

// NewMachine gives a machine that works at a level on a pool.
func NewMachine(level isa.Level, workers *pool.Pool) *Machine {
	return &Machine{Level: level, Pool: workers, vec: vec.For(level), tile: tile.For(level)}
}

// Arena is how much memory is held for values inside programs, in bytes.
func (m *Machine) Arena() int { return len(m.arena) }

// Release lets go of the arena.
func (m *Machine) Release() { m.arena = nil }

// grow makes the arena large enough.
func (m *Machine) grow(size int) {
	if len(m.arena) < size {
		m.arena = nil // before the new one is there
		m.arena = Aligned(size)
	}
}

// Program is a graph made ready to run.
type Program struct {
	machine *Machine
	steps   []*step
	scratch int // place in the arena of what a step needs while it runs
	size    int // of the arena

	memory  [][]byte // of each value, by slot; set for a run
	fixed   []placed // slots in the arena
	params  []int    // slots of parameters
	outputs []output
}

// placed is a value with a place in the arena.
type placed struct{ slot, offset, bytes int }

// output is one of the computation's results.
type output struct {
	slot  int
	bytes int
	reuse int // parameter whose memory it may take over if that is donated; -1 for none
	copy  int // slot of the value that is copied into it, or -1 if a step writes it
}

// step is one unit made ready: what it runs, and the slots of what it reads and writes.
type step struct {
	name     string
	run      func(s *step, p *Program)
	operands []operand
	pointers []unsafe.Pointer // of the operands, set before it runs
	scratch  int              // bytes
	loop     *loop.Spec       // of a loop on its own, else nil
	cost     cost
}

// operand is a place in a value's memory.
type operand struct {
	slot   int
	offset int // bytes
	write  bool
}

// Compile makes a program. It may be called while another program runs on the machine.
func Compile(m *Machine, g *ir.Graph) (*Program, error) {
	units, outputs, err := fuse.Cut(g)
	if err != nil {
		return nil, err
	}
	c := newCompiler(m, g, outputs)
	for _, u := range units {
		s, err := c.step(u)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", describe(u), err)
		}
		if s.pointers == nil {
			s.pointers = make([]unsafe.Pointer, len(s.operands))
		}
		c.program.steps = append(c.program.steps, s)
	}
	c.settleOutputs()
	c.placeValues()
	return c.program, nil
}

// describe names a unit in errors.
func describe(u *fuse.Unit) string {
	if u.Op != nil {
		return u.Op.String()
	}
	return fmt.Sprintf("loop that gives %v", u.Writes[0])
}

// compiler makes a program.
type compiler struct {
	machine *Machine
	graph   *ir.Graph
	outputs []*ir.Node // whose memory holds the outputs
	program *Program
	slots   map[*ir.Node]int
}

func newCompiler(m *Machine, g *ir.Graph, outputs []*ir.Node) *compiler {
	c := &compiler{machine: m, graph: g, outputs: outputs, program: &Program{machine: m}, slots: map[*ir.Node]int{}}
	for _, n := range g.Params {
		c.program.params = append(c.program.params, c.slot(n))
	}
	return c
}

// slot is the number of a value's memory.
func (c *compiler) slot(n *ir.Node) int {
	slot, known := c.slots[n]
	if !known {
		slot = len(c.program.memory)
		c.slots[n] = slot
		c.program.memory = append(c.program.memory, nil)
		if n.Op == compute.OpTypeConstant {
			c.program.memory[slot] = n.Attr.(ir.Constant).Data
		}
	}
	return slot
}

// Run computes the outputs. Inputs are the parameters' memory; donated[j] tells that input j's memory may be overwritten and
// given back as an output. Outputs[i] is memory from alloc, or where from[i] is not -1 that of the donated input from[i].
func (p *Program) Run(inputs [][]byte, donated []bool, alloc func(bytes int) []byte) (outputs [][]byte, from []int, err error) {
	p.machine.grow(p.size)
	for i, slot := range p.params {
		p.memory[slot] = inputs[i]
	}
	for _, v := range p.fixed {
		p.memory[v.slot] = p.machine.arena[v.offset:][:v.bytes]
	}
	donated = slices.Clone(donated)
	for _, o := range p.outputs {
		j, memory := o.reuse, []byte(nil)
		if j >= 0 && donated[j] {
			donated[j] = false
			memory = inputs[j]
		} else {
			j, memory = -1, alloc(o.bytes)
		}
		outputs, from = append(outputs, memory), append(from, j)
		if o.copy < 0 {
			p.memory[o.slot] = memory
		}
	}
	for _, s := range p.steps {
		p.do(s)
	}
	for i, o := range p.outputs {
		if o.copy >= 0 && from[i] < 0 {
			copy(outputs[i], p.memory[o.copy])
		}
	}
	return outputs, from, nil
}

// do runs one step.
func (p *Program) do(s *step) {
	for i, o := range s.operands {
		if memory := p.memory[o.slot]; o.offset < len(memory) {
			s.pointers[i] = unsafe.Pointer(&memory[o.offset])
		}
	}
	end := p.machine.profile.begin(s)
	s.run(s, p)
	end.end()
}

// scratchFor is the memory that a step may use while it runs.
func (p *Program) scratchFor(s *step) []byte { return p.machine.arena[p.scratch:][:s.scratch] }
