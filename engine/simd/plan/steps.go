package plan

import (
	"fmt"
	"slices"
	"unsafe"

	"videomae/engine/simd/fuse"
	"videomae/engine/simd/ir"
	"videomae/engine/simd/loop"
	"videomae/engine/simd/ops"
)

// step makes a unit ready.
func (c *compiler) step(u *fuse.Unit) (*step, error) {
	switch {
	case u.Op == nil:
		return c.loopStep(u)
	case fuse.IsProduct(u.Op):
		return c.productStep(u)
	case fuse.IsAttention(u.Op):
		return c.attentionStep(u)
	}
	return c.generalStep(u)
}

// bind makes a loop's operands those of a step.
func (c *compiler) bind(s *step, l *fuse.Loop) {
	for _, b := range l.Bind {
		s.operands = append(s.operands, operand{c.slot(b.Node), b.Offset * ir.ByteSize(b.Node.Shape.DType), b.Write})
	}
	s.pointers = make([]unsafe.Pointer, len(s.operands))
}

func (c *compiler) loopStep(u *fuse.Unit) (*step, error) {
	program, err := loop.New(c.machine.vec, c.machine.Pool.Workers(), u.Loop.Spec)
	if err != nil {
		return nil, err
	}
	s := &step{name: loopName(u), scratch: program.ScratchBytes(), loop: &u.Loop.Spec, cost: cost{bytes: program.Cost().Bytes}}
	c.bind(s, u.Loop)
	s.run = func(s *step, p *Program) { program.Run(p.machine.Pool, s.pointers, p.scratchFor(s)) }
	return s, nil
}

// loopName tells loops of different kinds apart in profiles: by the number of ops, the space, and what reductions there are.
func loopName(u *fuse.Unit) string {
	spec := u.Loop.Spec
	ops, kind := 0, "element-wise"
	for _, n := range spec.Nodes {
		switch n.Op {
		case loop.ReduceRow, loop.ReduceTile:
			kind = "row-wise"
		case loop.ReduceCol:
			kind = "column sums"
		}
		if n.Op != loop.Load && n.Op != loop.Store && n.Op != loop.Const {
			ops++
		}
	}
	rows := 1
	for _, d := range spec.Rows {
		rows *= d
	}
	return fmt.Sprintf("loop %dx%d, %d ops, %s", rows, spec.Inner, ops, kind)
}

// inPlace tells whether the step, if a loop, reads the value in slot at the very places where it writes that of out.
func (s *step) inPlace(slot, out int) bool {
	if s.loop == nil {
		return false
	}
	var to *loop.Operand
	for i, o := range s.operands {
		if o.slot == out && o.write {
			if to != nil || o.offset != 0 {
				return false
			}
			to = &s.loop.Operands[i]
		}
	}
	for i, o := range s.operands {
		from := s.loop.Operands[i]
		if o.slot == slot && !o.write &&
			(to == nil || o.offset != 0 || from.Class != to.Class || from.Type != to.Type || !slices.Equal(from.Strides, to.Strides)) {
			return false
		}
	}
	return true
}

// generalStep runs a kernel of package ops.
func (c *compiler) generalStep(u *fuse.Unit) (*step, error) {
	kernel, err := generalKernel(u.Op)
	if err != nil {
		return nil, err
	}
	s := &step{name: u.Op.Op.String()}
	job := &generalJob{kernel: kernel}
	for i, v := range u.Operands {
		size := ir.ByteSize(v.Node.Shape.DType)
		s.operands = append(s.operands, operand{c.slot(v.Node), v.Offset * size, false})
		job.inBytes = append(job.inBytes, ir.Bytes(u.Op.In[i].Shape))
		s.cost.bytes += ir.Bytes(u.Op.In[i].Shape)
	}
	for _, n := range u.Writes {
		s.operands = append(s.operands, operand{c.slot(n), 0, true})
		s.cost.bytes += ir.Bytes(n.Shape)
	}
	job.in, job.out = make([][]byte, len(u.Operands)), make([][]byte, len(u.Writes))
	s.run = job.run
	return s, nil
}

// generalJob is a kernel with its operands.
type generalJob struct {
	kernel  ops.Kernel
	inBytes []int
	in, out [][]byte
}

func (j *generalJob) run(s *step, p *Program) {
	for i, o := range s.operands {
		memory := p.memory[o.slot][o.offset:]
		if i < len(j.in) {
			j.in[i] = memory[:j.inBytes[i]]
		} else {
			j.out[i-len(j.in)] = memory
		}
	}
	p.machine.Pool.Run(j.kernel.Tasks(), j)
}

// Do implements pool.Job.
func (j *generalJob) Do(task, worker int) { j.kernel.Do(task, worker, j.in, j.out) }
