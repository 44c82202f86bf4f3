package video

// TestDenseIndices returns the frames of view number view (from 0) of views over a video of n frames. Of all frames that are multiples of
// stride, filled up with the last to frames, each view is a run; the first view has the first and the last view the last, and a
// single one is in the middle. Source: spec section 5.7.
func TestDenseIndices(view, n, frames, stride, views int) []int {
	all := max((n+stride-1)/stride, frames)
	from := (all - frames) / 2
	if views > 1 {
		from = int(float64(view) * (float64(all-frames) / float64(views-1)))
	}
	last := (n - 1) / stride * stride
	indices := make([]int, frames)
	for i := range indices {
		indices[i] = min((from+i)*stride, last)
	}
	return indices
}

// TestSegmentIndices returns the frames of view number view (from 0) of views over a video of n frames: frames numbers n/frames apart,
// cut to whole ones, that begin view/views of that distance after frame 0. The official code has 1 or 2 views, its second version any
// number. Source: spec section 5.7.
func TestSegmentIndices(view, n, frames, views int) []int {
	tick := float64(n) / float64(frames)
	shift := float64(view) * tick / float64(views)
	indices := make([]int, frames)
	for i := range indices {
		indices[i] = int(shift + float64(tick*float64(i))) // product rounded on its own, as the official code's
	}
	return indices
}

// View is one clip of a test: a part of a video in time and in space.
type View struct{ Video, Temporal, Crop int }

// TestView returns which clip has place i in the official order of a test: all videos for the first crop of the first view, then for
// the next crop, and when all crops are through, for the next view. There are views*crops*videos places. Source: spec section 5.7.
func TestView(i, videos, crops int) View {
	return View{Video: i % videos, Crop: i / videos % crops, Temporal: i / videos / crops}
}
