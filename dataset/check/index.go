package check

import (
	"math/bits"
	"slices"
)

// index finds, among the words of many videos, those that differ from a word in few bits. The words are cut in 4 bands of 16 bits and
// chained by the value of each. Looked at are those that agree with the word in a band, but perhaps for one bit that is weak: what
// changes in copies are mostly those. A video has several words, of which one will do.
//
// It takes 32 bytes a word, beside 1 MiB.
type index struct {
	entries []entry
	head    [bands][]uint32 // by value of the band, the entry added last, +1
	seen    int             // words compared with, in all look-ups
}

type entry struct {
	word uint64
	next [bands]uint32 // the entry added before with the same value of the band, +1; 0 ends the chain
	row  uint32        // whose word it is
}

const (
	bands    = 4
	bandBits = 64 / bands

	// longestChain bounds a look-up where very many videos agree in a band, as those of one camera may: the words added last are looked at.
	longestChain = 1024
)

func newIndex() *index {
	x := &index{}
	for b := range x.head {
		x.head[b] = make([]uint32, 1<<bandBits)
	}
	return x
}

func band(word uint64, b int) uint64 { return word >> (b * bandBits) & (1<<bandBits - 1) }

// add puts in a word of a row.
func (x *index) add(word uint64, row uint32) {
	e := entry{word: word, row: row}
	for b := range bands {
		head := &x.head[b][band(word, b)]
		e.next[b] = *head
		*head = uint32(len(x.entries) + 1)
	}
	x.entries = append(x.entries, e)
}

// near counts in hits, by row, the words within a number of bits of one of a video.
func (x *index) near(word, weak uint64, within int, hits map[uint32]int) {
	for b := range bands {
		value := band(word, b)
		x.follow(b, value, word, within, hits)
		for doubt := band(weak, b); doubt != 0; doubt &= doubt - 1 {
			x.follow(b, value^doubt&-doubt, word, within, hits)
		}
	}
}

// follow looks at the words with a value of a band.
func (x *index) follow(b int, value, word uint64, within int, hits map[uint32]int) {
	at := x.head[b][value]
	for range longestChain {
		if at == 0 {
			return
		}
		e := &x.entries[at-1]
		if bits.OnesCount64(e.word^word) <= within {
			hits[e.row]++
		}
		x.seen++
		at = e.next[b]
	}
}

// candidates are the rows with the most hits, at most limit of them, the rows with more hits first, among equals the earlier row.
func candidates(hits map[uint32]int, limit int) []uint32 {
	rows := make([]uint32, 0, len(hits))
	for row := range hits {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b uint32) int {
		if d := hits[b] - hits[a]; d != 0 {
			return d
		}
		return int(a) - int(b)
	})
	return rows[:min(limit, len(rows))]
}
