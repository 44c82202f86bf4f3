package isolated

import (
	"fmt"
	"os"
)

// memory is a piece of memory that two processes map, which can grow but not shrink.
type memory struct {
	file   *os.File
	mapped []byte
}

// size is how many bytes are mapped here.
func (m *memory) size() int64 { return int64(len(m.mapped)) }

// bytes are the first n. n must not be more than was asked of grow or attach.
func (m *memory) bytes(n int64) []byte { return m.mapped[:n] }

// grow makes room for n bytes.
func (m *memory) grow(n int64) error {
	if n <= m.size() {
		return nil
	}
	n = (n + step - 1) / step * step
	if err := m.file.Truncate(n); err != nil {
		return err
	}
	return m.remap(n)
}

// step is what memory grows by, so that clips of slightly different sizes share it.
const step = 1 << 20

// attach maps what the other process has made room for, at least n bytes of it.
func (m *memory) attach(n int64) error {
	if n <= m.size() {
		return nil
	}
	entry, err := m.file.Stat()
	if err != nil {
		return err
	}
	if entry.Size() < n {
		return fmt.Errorf("%d bytes are shared, and %d are needed", entry.Size(), n)
	}
	return m.remap(entry.Size())
}

func (m *memory) remap(n int64) (err error) {
	if err := m.unmap(); err != nil {
		return err
	}
	m.mapped, err = mapFile(m.file, n)
	return err
}

func (m *memory) unmap() error {
	if m.mapped == nil {
		return nil
	}
	mapped := m.mapped
	m.mapped = nil
	return unmapFile(mapped)
}

func (m *memory) close() {
	_ = m.unmap() // of what was mapped, which cannot fail
	m.file.Close()
}
