package jpeg

import "sync"

// codes is a Huffman code in the forms that writing and reading want.
type codes struct {
	code [256]uint16 // of each value
	size [256]uint8  // its bits
	fast [1 << fastBits]entry
	long [17]struct { // by number of bits
		end   uint32 // codes of so many bits are below end, as the first bits of 16
		first uint32 // the first of them
		at    int    // its place in values
	}
	values []byte
	ac     bool
}

// fastBits is how many bits of the stream are looked up at once.
const fastBits = 11

// entry tells what a code means with the bits that follow it:
//
//	bits 0 to 5: how many bits both are together
//	bits 6 to 12: zeros before the coefficient
//	bits 13 to 28: the coefficient
//
// From long on, an entry of the fast table is for a code that needs a closer look: at the bits that follow it, of which the place of the
// coefficient then has the number; or, with unknown, at the code itself.
type entry uint32

const (
	zerosAt       = 6
	coefficientAt = 13
	long          = entry(1 << 29)
	unknown       = entry(1 << 30)
)

// endOfBlock is what an entry says in place of zeros where the rest of the block is zero. It leads past the block.
const endOfBlock = 64

// set is the codes of luma (0) and chroma (1).
type set struct{ dc, ac [2]codes }

// tables computes the codes once.
var tables = sync.OnceValue(func() *set {
	s := new(set)
	for i := range 2 {
		s.dc[i].build(dcSpecs[i], false)
		s.ac[i].build(acSpecs[i], true)
	}
	return s
})

func (c *codes) build(s spec, ac bool) {
	c.values, c.ac = s.values, ac
	for i := range c.fast {
		c.fast[i] = unknown
	}
	next, at := uint32(0), 0
	for n := 1; n <= 16; n++ {
		l := &c.long[n]
		l.first, l.at = next, at
		for range s.count[n-1] {
			value := s.values[at]
			c.code[value], c.size[value] = uint16(next), uint8(n)
			c.fill(next, n, value)
			next++
			at++
		}
		l.end = next << (16 - n)
		next <<= 1
	}
}

// fill enters a code of n bits at each place of the fast table that begins with it.
func (c *codes) fill(code uint32, n int, value byte) {
	size := int(value & 15)
	for tail := range uint32(1) << max(0, fastBits-n) {
		if n > fastBits {
			return
		}
		e := c.meaning(value, n) | entry(size)<<coefficientAt | long
		if rest := fastBits - n - size; rest >= 0 {
			e = c.meaning(value, n) | signed(tail>>rest, size)
		}
		c.fast[code<<(fastBits-n)|tail] = e
	}
}

// meaning is the entry of a code of n bits, but for the coefficient.
func (c *codes) meaning(value byte, n int) entry {
	zeros := entry(value >> 4)
	if c.ac && value == 0 {
		zeros = endOfBlock
	}
	return zeros<<zerosAt | entry(n+int(value&15))
}

// signed reads the size bits of a coefficient: those that begin with 0 stand for negative numbers. Source: ITU-T T.81, table F.1.
func signed(bits uint32, size int) entry {
	v := int32(bits)
	if size > 0 && bits>>(size-1) == 0 {
		v += 1 - 1<<size
	}
	return entry(uint16(v)) << coefficientAt
}

// coefficient is the entry's.
func (e entry) coefficient() int32 { return int32(e<<(16-coefficientAt)) >> 16 }

// finish completes an entry of the fast table for the code at the upper end of acc. There is none for 16 ones; it ends the block.
func (c *codes) finish(e entry, acc uint64) entry {
	if e&unknown == 0 {
		size := int(e >> coefficientAt & 15)
		follow := uint32(acc << (e&63 - entry(size)) >> (64 - size))
		return e&(1<<coefficientAt-1) | signed(follow, size)
	}
	for n := fastBits + 1; n <= 16; n++ {
		l := &c.long[n]
		if uint32(acc>>48) < l.end {
			value := c.values[l.at+int(uint32(acc>>(64-n))-l.first)]
			size := int(value & 15)
			return c.meaning(value, n) | signed(uint32(acc<<n>>32>>(32-size)), size)
		}
	}
	return endOfBlock << zerosAt
}
