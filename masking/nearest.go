package masking

// None stands for a masked cube's neighbour where it has none.
const None = -1

// NearestInSpace gives, for each masked cube in raster order, the index of the visible cube of its time slot that is
// closest (the first of equals in raster order), or None in a slot with nothing visible.
func (m Mask) NearestInSpace(g Grid) []int32 {
	var nearest []int32
	for s := range g.Slots {
		slot := m[s*g.Places() : (s+1)*g.Places()]
		for p, hidden := range slot {
			if hidden {
				nearest = append(nearest, offset(closest(slot, p, g.Cols), s*g.Places()))
			}
		}
	}
	return nearest
}

// closest is the visible place nearest to p on a map of the given number of columns.
func closest(slot []bool, p, cols int) int {
	best, bestDistance := None, 0
	for q, hidden := range slot {
		if hidden {
			continue
		}
		dy, dx := q/cols-p/cols, q%cols-p%cols
		if d := dy*dy + dx*dx; best == None || d < bestDistance {
			best, bestDistance = q, d
		}
	}
	return best
}

// NearestInTime gives, for each masked cube in raster order, the index of the visible cube at its place in the closest time
// slot (the earlier of equals), or None where the place is never visible, as in every tube mask.
func (m Mask) NearestInTime(g Grid) []int32 {
	var nearest []int32
	for i, hidden := range m {
		if !hidden {
			continue
		}
		s, p := i/g.Places(), i%g.Places()
		best := None
		for distance := 1; distance < g.Slots && best == None; distance++ {
			for _, t := range []int{s - distance, s + distance} {
				if t >= 0 && t < g.Slots && !m[t*g.Places()+p] {
					best = t*g.Places() + p
					break
				}
			}
		}
		nearest = append(nearest, int32(best))
	}
	return nearest
}

func offset(i, by int) int32 {
	if i == None {
		return None
	}
	return int32(i + by)
}
