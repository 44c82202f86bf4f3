package video

import (
	"context"
	"fmt"
)

// Streamer is a decoder that hands frames over one after another in one pass through the file, however long that is.
type Streamer interface {
	// Stream decodes the frames at rising indices and gives take the pixels of each, which it must not keep. An error of take ends the pass and
	// is returned.
	Stream(ctx context.Context, info Info, indices []int, out Output, take func(frame []uint8) error) error
}

// callSpan is how many frames of a video one call passes at most in a Stream, so that its time has a bound.
const callSpan = 3000

// Stream gives take the frames of a video at rising indices, in order. Where they take up to budget bytes and lie close enough together for
// one call, that is what happens. Beyond that, a decoder that is a Streamer decodes each frame once; another decodes parts, each from
// the key frame before it.
func Stream(ctx context.Context, d Decoder, info Info, indices []int, out Output, budget int, take func(frame []uint8) error) error {
	layout, err := CheckRequest(info, indices, out)
	if err != nil {
		return err
	}
	for i := 1; i < len(indices); i++ {
		if indices[i] == indices[i-1] {
			return fmt.Errorf("video %s: frame %d asked for twice in one pass", info.Path, indices[i])
		}
	}
	part := max(1, budget/(layout.W*layout.H*out.Channels))
	if s, ok := d.(Streamer); ok && partOf(indices, part) < len(indices) {
		return s.Stream(ctx, info, indices, out, take)
	}
	return inParts(ctx, d, info, indices, out, part, take)
}

// partOf is how many of the indices go into the next call: at most most, and none too far from the first.
func partOf(indices []int, most int) int {
	n := min(most, len(indices))
	for n > 1 && indices[n-1]-indices[0] >= callSpan {
		n--
	}
	return n
}

// inParts decodes at most part frames in each call.
func inParts(ctx context.Context, d Decoder, info Info, indices []int, out Output, part int, take func(frame []uint8) error) error {
	for len(indices) > 0 {
		n := partOf(indices, part)
		clip, err := d.Frames(ctx, info, indices[:n], out)
		if err != nil {
			return err
		}
		for t := range n {
			if err := take(clip.Frame(t)); err != nil {
				return err
			}
		}
		indices = indices[n:]
	}
	return nil
}
