// Memory of buffers: blocks that begin at cache lines and are used again once their buffer is finalised.

package simd

import (
	"sync"

	"videomae/engine/simd/plan"
)

// MemoryStats tells how much memory a backend holds, in bytes. Compiled programs' constants are not counted.
type MemoryStats struct {
	Arena       int // for values inside a computation, shared by all of them
	Buffers     int // in buffers that are in use
	PeakBuffers int // the most that Buffers ever was
	PeakTotal   int // the most that the arena, the buffers and what is kept for new buffers ever were together
}

// memory hands out blocks and takes them back. It never keeps more for later than was once in use at a time, so that a
// program that goes on to other shapes does not hold on to the old ones for ever.
type memory struct {
	mutex sync.Mutex
	free  map[int][][]byte // by capacity; nil when nothing is to be kept
	kept  int              // bytes in free
	stats MemoryStats
}

func newMemory() *memory { return &memory{free: map[int][][]byte{}} }

// take gives a block of so many bytes with arbitrary contents.
func (m *memory) take(bytes int) []byte {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	size := (bytes + plan.Line - 1) / plan.Line * plan.Line // blocks are whole cache lines
	block := m.reuse(size)
	if block == nil {
		block = plan.Aligned(size)
	}
	m.stats.Buffers += size
	m.stats.PeakBuffers = max(m.stats.PeakBuffers, m.stats.Buffers)
	m.measure()
	return block[:bytes]
}

// reuse gives a free block of a size, or nothing.
func (m *memory) reuse(size int) []byte {
	list := m.free[size]
	if len(list) == 0 {
		return nil
	}
	block := list[len(list)-1]
	list[len(list)-1] = nil
	m.free[size] = list[:len(list)-1]
	m.kept -= size
	return block
}

// give takes back a block that nothing refers to any more.
func (m *memory) give(block []byte) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	size := cap(block)
	m.stats.Buffers -= size
	if m.kept+size > m.stats.PeakBuffers {
		clear(m.free)
		m.kept = 0
	}
	if size > 0 && m.free != nil {
		m.free[size] = append(m.free[size], block[:size])
		m.kept += size
	}
}

// lose stops counting a block of a size that the garbage collector has taken.
func (m *memory) lose(size int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.stats.Buffers -= size
}

// setArena notes the size of the arena.
func (m *memory) setArena(bytes int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.stats.Arena = bytes
	m.measure()
}

func (m *memory) measure() {
	m.stats.PeakTotal = max(m.stats.PeakTotal, m.stats.Arena+m.stats.Buffers+m.kept)
}

// close lets go of everything that is kept for later, and keeps nothing any more.
func (m *memory) close() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.free, m.kept, m.stats.Arena = nil, 0, 0
}

func (m *memory) report() MemoryStats {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.stats
}
