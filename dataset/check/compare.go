package check

import (
	"cmp"
	"math/bits"
)

// What makes two videos near-duplicates: laid over one another so that at least half of the shorter one, and 3 samples in which both
// move, have a partner, their Motion differs by at most motionLimit bits in the mean and their Scene by at most sceneLimit, or with few
// such samples sceneLimitFew. Words of unrelated videos differ by about 32 bits; of one camera's clips, Scene by few but Motion by 17 and
// more. Videos in which nothing moves have no Motion and are near-duplicates of none: two recordings of an empty street look alike and
// are not copies.
//
// Measured on 666 copies of 120 videos: Motion differs by 2 in the median and at most 11 where a copy was only encoded anew, scaled or
// mirrored, by 6 where 0.3 s of its beginning are gone; Scene differs by 1, and by 9 and at most 20 under a logo in a brighter picture.
const (
	motionLimit   = 14.
	sceneLimit    = 20.
	sceneLimitFew = 12.
	fewPairs      = 4

	leastPairs = 3
	mostFiner  = 2 // doublings of the samples' distance between two prints

	// nearly all copies that were only encoded anew are within these; other changes than mirroring and cuts go beyond sameScene.
	sameMotion = 12.
	sameScene  = 3.
)

// likeness is how two prints differ in the alignment in which their motion differs least.
type likeness struct {
	motion, scene float64 // mean bits of 64 that differ
	pairs         int     // samples that move in both
	shift         int     // samples of the finer print that the other begins after it
}

// alike tells whether the prints are of near-duplicates.
func (l likeness) alike() bool {
	scene := sceneLimit
	if l.pairs <= fewPairs {
		scene = sceneLimitFew
	}
	return l.pairs >= leastPairs && l.motion <= motionLimit && l.scene <= scene
}

// compare lays b over a, mirrored or not. Without an alignment that qualifies, pairs is 0.
func compare(a, b Print, mirrored bool) likeness {
	if a.Spacing > b.Spacing {
		a, b = b, a
	}
	if b.Spacing-a.Spacing > mostFiner {
		return likeness{}
	}
	var mask uint64
	if mirrored {
		mask = mirrorMask
	}
	step := 1 << (b.Spacing - a.Spacing)
	na, nb := len(a.Motion), len(b.Motion)
	half := max(leastPairs, (min((na+step-1)/step, nb)+1)/2)
	var best likeness
	for shift := -step * (nb - half); shift <= na-1-step*(half-1); shift++ {
		l := overlay(a, b, step, shift, half, mask)
		if l.pairs > 0 && (best.pairs == 0 || cmp.Less(l.motion, best.motion)) {
			best = l
		}
	}
	return best
}

// overlay compares sample j of b with sample step*j + shift of a.
func overlay(a, b Print, step, shift, least int, mask uint64) likeness {
	l := likeness{shift: shift}
	motion, scene, overlap := 0, 0, 0
	for j := range b.Motion {
		i := step*j + shift
		if i < 0 || i >= len(a.Motion) {
			continue
		}
		overlap++
		scene += bits.OnesCount64(a.Scene[i] ^ b.Scene[j] ^ mask)
		if a.Active>>i&1 == 1 && b.Active>>j&1 == 1 {
			l.pairs++
			motion += bits.OnesCount64(a.Motion[i] ^ b.Motion[j] ^ mask)
		}
	}
	if overlap < least || l.pairs < leastPairs {
		return likeness{}
	}
	l.motion, l.scene = float64(motion)/float64(l.pairs), float64(scene)/float64(overlap)
	return l
}
