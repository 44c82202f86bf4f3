// Memory of the workers.

package attention

import "unsafe"

// line is the alignment of everything in scratch memory, so that a row of a panel does not straddle cache lines.
const line = 64

// scratch hands out pieces of memory in order. Without memory it only counts bytes: the same function lays out a worker's
// memory and finds its size.
type scratch struct {
	memory []byte
	used   int
}

// newScratch begins at the first aligned byte.
func newScratch(memory []byte) scratch {
	return scratch{memory, int(-uintptr(unsafe.Pointer(unsafe.SliceData(memory))) % line)}
}

// floats takes n numbers, whose values are left over from earlier use.
func (s *scratch) floats(n int) []float32 {
	begin := s.used
	s.used += divide(4*n, line) * line
	if s.memory == nil || n == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&s.memory[begin:s.used][0])), n)
}

// label is a place to note what a worker's memory holds.
func (s *scratch) label() *label {
	begin := s.used
	s.used += line
	if s.memory == nil {
		return nil
	}
	return (*label)(unsafe.Pointer(&s.memory[begin:s.used][0]))
}

// label is the number of the head whose tensors are packed in a worker's memory, or none: tasks that follow each other are often
// of the same head.
type label int

const none label = -1

// holds notes that a head will be packed, and says whether it is already.
func (l *label) holds(head int) bool {
	held := *l == label(head)
	*l = label(head)
	return held
}
