package loop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/vec"
)

// memory makes tensors with random contents.
func (p *program) memory(r *rand.Rand) []*tensor {
	tensors := make([]*tensor, len(p.Operands))
	for i, o := range p.Operands {
		if from, ok := p.shares[i]; ok && from != i {
			tensors[i] = tensors[from]
			continue
		}
		tensors[i] = newTensor(&p.Spec, o, r.IntN(9))
		tensors[i].fill(r)
	}
	return tensors
}

func pointers(tensors []*tensor) []unsafe.Pointer {
	list := make([]unsafe.Pointer, len(tensors))
	for i, t := range tensors {
		list[i] = t.pointer()
	}
	return list
}

func copies(tensors []*tensor) []*tensor {
	copied := map[*tensor]*tensor{}
	list := make([]*tensor, len(tensors))
	for i, t := range tensors {
		if copied[t] == nil {
			twin := *t
			twin.memory = bytes.Clone(t.memory)
			copied[t] = &twin
		}
		list[i] = copied[t]
	}
	return list
}

// execute runs a program on copies of the tensors and returns them.
func execute(t *testing.T, p *pool.Pool, level isa.Level, s Spec, tensors []*tensor) []*tensor {
	t.Helper()
	made, err := New(vec.For(level), p.Workers(), s)
	if err != nil {
		t.Fatal(err)
	}
	after := copies(tensors)
	made.Run(p, pointers(after), make([]byte, made.ScratchBytes()))
	return after
}

// verify compares tensors after a run with what they should hold, and everything else with what was there before.
func verify(wanted map[int][]number, before, after []*tensor) error {
	written := map[*tensor]bool{}
	for operand, want := range wanted {
		written[after[operand]] = true
		if row, col, n, bad := after[operand].wrong(want); bad {
			return fmt.Errorf("operand %d, row %d, column %d: %v, want %v +- %.2g", operand, row, col, after[operand].get(row, col), n.v, n.e)
		}
	}
	for operand, t := range after {
		mask := t.mask()
		for i := range t.memory {
			if t.memory[i] != before[operand].memory[i] && !(written[t] && mask[i]) {
				return fmt.Errorf("operand %d: byte %d of its memory was changed, which is no element's", operand, i)
			}
		}
	}
	return nil
}

// Random programs over random spaces, on all levels, give what the interpreter says, and the same bits on any number of
// workers.
func TestRandomPrograms(t *testing.T) {
	var pools []*pool.Pool
	for _, workers := range []int{1, 2, 3, 8} {
		pools = append(pools, pool.New(workers))
		defer pools[len(pools)-1].Close()
	}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 4))
		p := randomProgram(r)
		before := p.memory(r)
		want := interpret(&p.Spec, before)
		for _, level := range isa.Levels() {
			var first []*tensor
			for _, pool := range pools {
				after := execute(t, pool, level, p.Spec, before)
				if first == nil {
					first = after
					if err := verify(want, before, after); err != nil {
						t.Fatalf("seed %d, %s: %v\n%+v", seed, level, err, p)
					}
				}
				for i := range after {
					if !bytes.Equal(after[i].memory, first[i].memory) {
						t.Fatalf("seed %d, %s: operand %d differs on %d workers", seed, level, i, pool.Workers())
					}
				}
			}
		}
	}
}
