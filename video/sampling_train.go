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

// DenseStarts returns from how many first frames a dense clip can be drawn: n - frames*stride, for the official code draws the end, from
// frames*stride up to but not n. A video of frames*stride frames or fewer has one clip. Source: spec section 5.3.
func DenseStarts(n, frames, stride int) int {
	return max(1, n-frames*stride)
}

// DenseIndices returns the frames of a dense clip that begins at frame start of a video of n frames: frames numbers spread evenly from
// start to start + frames*stride, both included, cut to whole numbers, so that strides vary around stride*frames/(frames-1). A video
// of frames*stride frames or fewer gives n/stride frames (rounded down) spread so over itself, then its last one. Source: spec section 5.3.
func DenseIndices(start, n, frames, stride int) []int {
	end, count := start+frames*stride, frames
	if n <= frames*stride {
		start, end, count = 0, n, n/stride
	}
	indices := make([]int, frames)
	for i := range indices {
		indices[i] = end - 1
		if i < count {
			indices[i] = min(spread(i, count, start, end), end-1)
		}
	}
	return indices
}

// spread returns number i of count numbers spread evenly from start to end, both included, cut to a whole one.
func spread(i, count, start, end int) int {
	switch {
	case count == 1:
		return start
	case i == count-1:
		return end
	}
	step := float64(end-start) / float64(count-1)
	return int(float64(float64(i)*step) + float64(start)) // the product rounded on its own, as the official code's
}

// SegmentBounds returns the bound of the offset in each of segments equal parts of a video of n frames: n/segments, rounded down. Source: spec
// section 5.4.
func SegmentBounds(n, segments int) []int {
	bounds := make([]int, segments)
	for i := range bounds {
		bounds[i] = max(1, n/segments)
	}
	return bounds
}

// SegmentIndices returns the frame at an offset in each of len(offsets) equal parts of a video of n frames. The n modulo len(offsets)
// frames at the end are in no part; of a video with fewer frames than parts, frame 0 is taken for all. Source: spec section 5.4.
func SegmentIndices(offsets []int, n int) []int {
	indices := make([]int, len(offsets))
	if size := n / len(offsets); size > 0 {
		for i, offset := range offsets {
			indices[i] = i*size + offset
		}
	}
	return indices
}

// exactStarts returns from how many first frames a clip fits into a video of n frames, or 1 where it does not.
func exactStarts(n, frames, stride int) int {
	return max(1, n-(frames-1)*stride)
}

// exactIndices returns the frames of a clip that begins at start, stride apart; where the video is too short, the last one repeats.
func exactIndices(start, n, frames, stride int) []int {
	indices := make([]int, frames)
	for i := range indices {
		indices[i] = start + min(i, (n-1-start)/stride)*stride
	}
	return indices
}

// exactSegmentBounds returns the sizes of segments parts that share a video of n frames, or 1 for parts without a frame of their own.
func exactSegmentBounds(n, segments int) []int {
	bounds := make([]int, segments)
	for i := range bounds {
		bounds[i] = max(1, (i+1)*n/segments-i*n/segments)
	}
	return bounds
}

// exactSegmentIndices returns the frame at an offset in each part.
func exactSegmentIndices(offsets []int, n int) []int {
	indices := make([]int, len(offsets))
	for i, offset := range offsets {
		indices[i] = i*n/len(offsets) + offset
	}
	return indices
}
