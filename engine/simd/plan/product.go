package plan

import (
	"fmt"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/fuse"
	"videomae/engine/simd/gemm"
	"videomae/engine/simd/ir"
	"videomae/engine/simd/loop"
	"videomae/engine/simd/tile"
)

// productStep multiplies matrices where they lie, and runs the loop over the blocks of the result, if there is one.
func (c *compiler) productStep(u *fuse.Unit) (*step, error) {
	problem, err := problemOf(u)
	if err != nil {
		return nil, err
	}
	plan := gemm.NewPlan(c.machine.tile, problem)
	s := &step{cost: cost{flops: int(problem.FLOPs())}}
	s.name = fmt.Sprintf("product %dx%dx%d", problem.M, problem.N, problem.K)
	for _, v := range u.Operands {
		s.operands = append(s.operands, operand{c.slot(v.Node), v.Offset * ir.ByteSize(v.Node.Shape.DType), false})
	}
	s.scratch = plan.ScratchBytes(c.machine.Pool.Workers())
	if u.Loop == nil {
		s.operands = append(s.operands, operand{c.slot(u.Op), 0, true})
		s.pointers = make([]unsafe.Pointer, len(s.operands))
		s.run = func(s *step, p *Program) {
			plan.Run(p.machine.Pool, s.pointers[0], s.pointers[1], s.pointers[2], p.scratchFor(s), nil)
		}
		return s, nil
	}
	program, err := loop.New(c.machine.vec, c.machine.Pool.Workers(), u.Loop.Spec)
	if err != nil {
		return nil, err
	}
	s.name += " and a loop"
	c.bind(s, u.Loop)
	finish := &epilogue{program: program, operands: s.pointers[2:]}
	own := (s.scratch + Line - 1) / Line * Line
	s.scratch = own + program.ScratchBytes()
	s.run = func(s *step, p *Program) {
		scratch := p.scratchFor(s)
		finish.scratch = scratch[own:]
		plan.Run(p.machine.Pool, s.pointers[0], s.pointers[1], nil, scratch[:own], finish)
	}
	return s, nil
}

// epilogue runs a loop over each finished block of a product.
type epilogue struct {
	program  *loop.Program
	operands []unsafe.Pointer
	scratch  []byte
}

// Block implements gemm.Epilogue. Products in batches have no loop over their blocks.
func (e *epilogue) Block(worker, _, row, rows, col, cols int, block []float32, ld int) {
	e.program.Block(worker, e.operands, row, rows, col, cols, block, ld, e.scratch)
}

// problemOf describes a product to package gemm.
func problemOf(u *fuse.Unit) (gemm.Problem, error) {
	left, err := u.Left()
	if err != nil {
		return gemm.Problem{}, err
	}
	right, err := u.Right()
	if err != nil {
		return gemm.Problem{}, err
	}
	p := gemm.Problem{
		M: left.Free, N: right.Free, K: left.Contract, Alpha: 1,
		A:     gemm.Operand{Type: typeOf(u.Operands[0].DType()), Row: left.FreeStride, Col: left.ContractStride},
		B:     gemm.Operand{Type: typeOf(u.Operands[1].DType()), Row: right.ContractStride, Col: right.FreeStride},
		C:     gemm.Result{Type: typeOf(u.Op.Shape.DType), Row: right.Free},
		Round: u.Operands[0].Round || u.Operands[1].Round,
	}
	stride := u.Op.Shape.Size()
	for i, size := range left.Batch {
		stride /= size
		if size == 1 {
			continue
		}
		at := len(p.Batch)
		if at == gemm.MaxBatch {
			return gemm.Problem{}, fmt.Errorf("a product in %d batch dimensions: %w", len(left.Batch), compute.ErrNotImplemented)
		}
		p.Batch = append(p.Batch, size)
		p.A.Batch[at], p.B.Batch[at], p.C.Batch[at] = left.BatchStrides[i], right.BatchStrides[i], stride
	}
	return p, nil
}

func typeOf(d dtypes.DType) tile.Type {
	if d == dtypes.BFloat16 {
		return tile.BF16
	}
	return tile.F32
}
