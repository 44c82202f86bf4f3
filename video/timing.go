package video

import "slices"

// unevenShare is how far a gap between frames may be from the usual one, as a share of it, before the rate counts as variable. Clocks
// that tick once a millisecond need some: they show 30 frames a second as gaps of 33 and 34.
const unevenShare = .1

// Timing returns what the time stamps of a video's frames say, in ticks of its clock: how long it is, with the last frame lasting as
// long as is usual, and whether the gaps between frames differ by more than the clock's grain. It sorts stamps.
func Timing(stamps []int64) (ticks int64, variable bool) {
	if len(stamps) < 2 {
		return 0, false
	}
	slices.Sort(stamps)
	gaps := make([]int64, len(stamps)-1)
	for i := range gaps {
		gaps[i] = stamps[i+1] - stamps[i]
	}
	slices.Sort(gaps)
	usual := gaps[len(gaps)/2]
	within := max(2, int64(unevenShare*float64(usual)))
	return stamps[len(stamps)-1] - stamps[0] + usual, usual-gaps[0] > within || gaps[len(gaps)-1]-usual > within
}
