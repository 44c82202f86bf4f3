package jpeg

import "math/bits"

// writer puts codes into a file, bit by bit.
type writer struct {
	out []byte
	acc uint64 // the last bits, at the low end
	n   uint8  // how many, below 8 between calls
}

// put appends the low n bits of v, at most 48.
func (w *writer) put(v uint64, n uint8) {
	w.acc = w.acc<<n | v
	w.n += n
	for w.n >= 8 {
		w.n -= 8
		b := byte(w.acc >> w.n)
		w.out = append(w.out, b)
		if b == 0xff { // which would begin a marker
			w.out = append(w.out, 0)
		}
	}
}

// value codes a coefficient after a number of zeros, below 16.
func (w *writer) value(c *codes, zeros int, v int32) {
	magnitude := max(v, -v)
	size := uint8(bits.Len32(uint32(magnitude)))
	symbol := uint8(zeros)<<4 | size
	if v < 0 {
		v += 1<<size - 1
	}
	w.put(uint64(c.code[symbol])<<size|uint64(v), c.size[symbol]+size)
}

// flush fills the last byte with ones.
func (w *writer) flush() {
	if w.n > 0 {
		w.put(1<<(8-w.n)-1, 8-w.n)
	}
}

// restart puts the restart marker that follows interval n.
func (w *writer) restart(n int) {
	w.flush()
	w.out = append(w.out, 0xff, markRST0+byte(n%8))
}
