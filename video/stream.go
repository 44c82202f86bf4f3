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

// Stream gives take the frames of a video at rising indices, in order. Where they take up to budget bytes, they are decoded in one call.
// Beyond that, a decoder that is a Streamer decodes each frame once; another decodes parts of budget bytes, each from the key frame before
// it.
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
	if s, ok := d.(Streamer); ok && part < len(indices) {
		return s.Stream(ctx, info, indices, out, take)
	}
	return inParts(ctx, d, info, indices, out, part, take)
}

// inParts decodes at most part frames in each call.
func inParts(ctx context.Context, d Decoder, info Info, indices []int, out Output, part int, take func(frame []uint8) error) error {
	for len(indices) > 0 {
		n := min(part, len(indices))
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
