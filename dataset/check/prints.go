package check

// prints holds the prints of all rows: 16 bytes a sample, at most 16 samples, and at most 8 of them in the index with 32 bytes each, so
// up to 519 bytes a row.
type prints struct {
	start   []uint32 // of the row's samples in scene and motion; one more than rows
	spacing []uint8
	active  []uint16
	scene   []uint64
	motion  []uint64
	index   *index
}

func newPrints() *prints { return &prints{start: []uint32{0}, index: newIndex()} }

// add puts in the print of the next row, or its lack. Of its samples it keeps every second: a video is found by all of its own.
func (p *prints) add(print *Print) {
	row := uint32(len(p.spacing))
	var kept Print
	if print != nil {
		kept = print.coarse()
	}
	p.spacing = append(p.spacing, uint8(kept.Spacing))
	p.active = append(p.active, uint16(kept.Active))
	p.scene = append(p.scene, kept.Scene...)
	p.motion = append(p.motion, kept.Motion...)
	p.start = append(p.start, uint32(len(p.motion)))
	taken := 0
	for i, word := range kept.Motion {
		if kept.Active>>i&1 == 0 {
			continue
		}
		if taken%2 == 0 {
			p.index.add(word, row)
		}
		taken++
	}
}

// at is the print of a row.
func (p *prints) at(row uint32) Print {
	from, to := p.start[row], p.start[row+1]
	return Print{Spacing: int(p.spacing[row]), Scene: p.scene[from:to], Motion: p.motion[from:to], Active: uint32(p.active[row])}
}

// match is a row whose print is alike.
type match struct {
	row      uint32
	mirrored bool
	likeness
}

// find returns the rows that are near-duplicates of a print, the likeliest first.
func (p *prints) find(print Print) (found []match) {
	const (
		within = 15  // bits in which single words of copies differ
		limit  = 128 // rows that are compared in full
	)
	if print.active() < leastPairs {
		return nil
	}
	for _, mirrored := range []bool{false, true} {
		hits := map[uint32]int{}
		for i, word := range print.Motion {
			if print.Active>>i&1 == 0 {
				continue
			}
			if mirrored {
				word ^= mirrorMask
			}
			p.index.near(word, print.Weak[i], within, hits)
		}
		for _, row := range candidates(hits, limit) {
			if l := compare(p.at(row), print, mirrored); l.alike() {
				found = append(found, match{row, mirrored, l})
			}
		}
	}
	return found
}
