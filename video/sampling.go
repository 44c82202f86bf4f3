package video

import "math/rand/v2"

// PretrainStarts returns from how many first frames a pre-training clip can be drawn: a video of n frames has n - frames*stride + 1
// of them, and a shorter one only frame 0. Source: spec section 5.2.
func PretrainStarts(n, frames, stride int) int {
	return max(1, n-frames*stride+1)
}

// PretrainIndices returns the frames of a pre-training clip that begins at frame start of a video of n frames: each is stride after
// the one before, and where the next would be the video's last frame or later, the current one repeats.
//
// That the last frame itself is never stepped to is the official code's (it compares a count from 1 with a strict "less"),
// and is kept so that clips are the published ones. Source: spec section 5.2.
func PretrainIndices(start, n, frames, stride int) []int {
	indices := make([]int, frames)
	at := start
	for i := range indices {
		indices[i] = at
		if at+1+stride < n {
			at += stride
		}
	}
	return indices
}

// DrawPretrain draws the start of a pre-training clip from rng and returns its frames. It draws nothing for a video too short to choose from.
func DrawPretrain(rng *rand.Rand, n, frames, stride int) []int {
	start := 0
	if starts := PretrainStarts(n, frames, stride); starts > 1 {
		start = rng.IntN(starts)
	}
	return PretrainIndices(start, n, frames, stride)
}
