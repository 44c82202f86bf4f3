// Programs that choose between whole values by one number, as an update does that may be skipped, are made in two versions: then
// neither has anything to choose, and the usual one computes right into memory.

package loop

import (
	"slices"
	"unsafe"

	"videomae/engine/simd/vec"
)

// New checks and plans a Spec for runs on at most a number of workers.
func New(k *vec.Kernels, workers int, spec Spec) (*Program, error) {
	classes, err := classify(&spec)
	if err != nil {
		return nil, err
	}
	mask := switched(&spec, classes)
	if mask == none {
		return newProgram(k, workers, spec, classes)
	}
	p, err := newProgram(k, workers, version(spec, mask, 1), classes)
	if err != nil {
		return nil, err
	}
	p.mask = mask
	p.otherwise, err = newProgram(k, workers, version(spec, mask, 2), classes)
	return p, err
}

// switched gives the operand of a single number by which a Where chooses between values that are as large as its own, or none.
func switched(s *Spec, classes []Class) int {
	for i := range s.Nodes {
		if o := s.mask(i, classes); o != none {
			return o
		}
	}
	return none
}

// mask is the operand by which a node chooses between values of its class, or none.
func (s *Spec) mask(node int, classes []Class) int {
	n := &s.Nodes[node]
	if n.Op != Where || s.Nodes[n.In[0]].Op != Load || classes[n.In[0]] != Scalar {
		return none
	}
	if c := classes[node]; c == Scalar || classes[n.In[1]] != c || classes[n.In[2]] != c {
		return none
	}
	return s.Nodes[n.In[0]].Operand
}

// version is the Spec in which every choice by a mask is taken: the first or the second of the two values.
func version(s Spec, mask int, taken int) Spec {
	classes, _ := classify(&s)
	nodes := slices.Clone(s.Nodes)
	instead := make([]Value, len(nodes)) // of each node's value
	for i := range nodes {
		n := &nodes[i]
		for j := range n.in() {
			n.In[j] = instead[n.In[j]]
		}
		instead[i] = Value(i)
		if s.mask(i, classes) == mask {
			instead[i] = n.In[taken]
		}
	}
	s.Nodes = nodes
	return s
}

// chosen is the version that is to run. It may be asked by several workers at a time.
func (p *Program) chosen(operands []unsafe.Pointer, worker int) *Program {
	if p.otherwise == nil {
		return p
	}
	number := p.workers[worker].number[:]
	p.tensors[p.mask].read(number, operands[p.mask])
	if number[0] != 0 {
		return p
	}
	return p.otherwise
}
