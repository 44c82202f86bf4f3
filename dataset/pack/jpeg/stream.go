package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// stream reads the coded units of a picture, from any restart marker on.
type stream struct {
	bits     []byte // the intervals wanted, without markers and the zeros after 0xff bytes
	starts   []int  // where in bits each of them begins, and the end of the last
	first    int    // number of the first of them
	interval int    // units in each
	next     int    // the unit that is read next
	before   [3]int32

	at    int    // the next byte of bits to enter acc
	end   int    // where the present interval ends in bits
	acc   uint64 // bits to read, at the upper end
	n     uint   // how many of them count
	wrong bool   // a code was impossible
}

// slack is how many bytes a read may look at beyond the end of an interval.
const slack = 16

// load takes the part of a scan with units from to end, out of total. Nothing is decoded yet.
func (s *stream) load(scan []byte, interval, total, from, end int) error {
	s.interval, s.first, s.next = interval, from/interval, -1
	s.at, s.end, s.n, s.wrong = 0, 0, 0, false
	s.bits, s.starts = s.bits[:0], s.starts[:0]
	last := (end - 1) / interval
	final := (total - 1) / interval
	for n := 0; n <= last; n++ {
		if n >= s.first {
			s.starts = append(s.starts, len(s.bits))
		}
		marker, rest, err := s.segment(scan, n >= s.first)
		if err != nil {
			return err
		}
		want := byte(markRST0 + n%8)
		if n == final {
			want = markEOI
		}
		if marker != want {
			return fmt.Errorf("marker %#x stands where %#x must", marker, want)
		}
		scan = rest
	}
	s.starts = append(s.starts, len(s.bits))
	s.bits = append(s.bits, make([]byte, slack)...)
	return nil
}

// segment takes the bytes before the next marker, if wanted, and returns that marker and what follows it.
func (s *stream) segment(scan []byte, wanted bool) (marker byte, rest []byte, err error) {
	for {
		i := bytes.IndexByte(scan, 0xff)
		if i < 0 || i+1 >= len(scan) {
			return 0, nil, errors.New("the coded picture is cut short")
		}
		stuffed := scan[i+1] == 0
		if wanted && stuffed {
			s.bits = append(s.bits, scan[:i+1]...)
		} else if wanted {
			s.bits = append(s.bits, scan[:i]...)
		}
		marker, scan = scan[i+1], scan[i+2:]
		if !stuffed {
			return marker, scan, nil
		}
	}
}

// seek makes unit the next one to read, where skip reads one.
func (s *stream) seek(unit int, skip func()) error {
	if s.next < 0 || s.next > unit || s.next/s.interval != unit/s.interval {
		s.next = unit / s.interval * s.interval
	}
	for s.next < unit {
		if err := s.step(); err != nil {
			return err
		}
		skip()
	}
	return nil
}

// step must be called before each unit is read: it begins an interval where one begins.
func (s *stream) step() error {
	if s.next%s.interval == 0 {
		if err := s.check(); err != nil {
			return err
		}
		n := s.next/s.interval - s.first
		s.at, s.end, s.acc, s.n, s.before = s.starts[n], s.starts[n+1], 0, 0, [3]int32{}
	}
	s.next++
	return nil
}

// check tells whether what was read so far of the present interval cannot be right.
func (s *stream) check() error {
	if s.wrong || 8*s.at-int(s.n) > 8*s.end {
		return errors.New("the coded picture is damaged")
	}
	return nil
}

// block reads the coefficients of one block, in place and dequantised. What is wrong with them shows in check, later.
func (s *stream) block(b *block, dc, ac *codes, steps *[64]step, before *int32) {
	*b = block{}
	acc, n, at, bits := s.acc, s.n, s.at, s.bits
	table := dc
	for k := 0; k < 64; k++ {
		if at > len(bits)-8 {
			s.wrong = true
			break
		}
		acc |= binary.BigEndian.Uint64(bits[at:]) >> (n & 63)
		at += int((63 - n) >> 3)
		n |= 56 // enough for a code and the bits that follow it, which are at most 27
		e := table.fast[acc>>(64-fastBits)]
		if e >= long {
			e = table.finish(e, acc)
		}
		acc <<= e & 63
		n -= uint(e & 63)
		k += int(e >> zerosAt & 127)
		to := &steps[k&63]
		b[to.place&63] = e.coefficient() * to.quant // the end of the block writes a zero where there is one
		table = ac
	}
	s.acc, s.n, s.at = acc, n, at
	*before += b[0]
	b[0] = *before
}
