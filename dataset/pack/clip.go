package pack

import (
	"context"
	"encoding/binary"

	"videomae/dataset/lists"
	"videomae/dataset/pack/jpeg"
	"videomae/video"
)

// pictureRun is the files of consecutive frames, and the rows of the table that say where they lie.
type pictureRun struct{ files, rows []byte }

// clip is an item on its way into a shard.
type clip struct {
	entry
	runs chan pictureRun // closed after the last frame, or at an error
	err  error           // why the item cannot be read; set before runs is closed
}

// Limits of what a worker holds: decoded pixels of one call of the decoder, and runs of files that wait for their turn.
const (
	decodedBytes = 64 << 20
	waitingRuns  = 4
)

func newClip(item lists.Item) *clip {
	return &clip{entry: entry{item: item}, runs: make(chan pictureRun, waitingRuns)}
}

// read reads the item's video and sends its frames.
func (c *clip) read(ctx context.Context, d video.Decoder, o Options) {
	defer close(c.runs)
	c.err = c.encode(ctx, d, o)
}

func (c *clip) encode(ctx context.Context, d video.Decoder, o Options) error {
	info, err := d.Probe(ctx, c.item.Path)
	if err != nil {
		return err
	}
	start, count, err := c.item.Span(info)
	if err != nil {
		return err
	}
	out := video.Output{Channels: o.Channels}
	if min(info.Width, info.Height) > o.ShortSide {
		out.ShortSide = o.ShortSide
	}
	layout, err := video.CheckRequest(info, []int{start, start + count - 1}, out)
	if err != nil {
		return err
	}
	c.original, c.frames = info, count
	c.format = jpeg.Format{Width: layout.W, Height: layout.H, Channels: o.Channels, Quality: o.Quality}
	encoder, err := jpeg.NewEncoder(c.format)
	if err != nil {
		return err
	}
	step := max(1, o.callBytes/(layout.W*layout.H*o.Channels))
	for at := start; at < start+count; at += step {
		indices := make([]int, min(step, start+count-at))
		for i := range indices {
			indices[i] = at + i
		}
		pixels, err := d.Frames(ctx, info, indices, out)
		if err != nil {
			return err
		}
		if err := c.send(ctx, encoder, pixels); err != nil {
			return err
		}
	}
	return nil
}

// send encodes frames and hands them on.
func (c *clip) send(ctx context.Context, encoder *jpeg.Encoder, pixels video.Clip) error {
	var run pictureRun
	for t := range pixels.T {
		before := len(run.files)
		var err error
		if run.files, err = encoder.Append(run.files, pixels.Frame(t)); err != nil {
			return err
		}
		file := run.files[before:]
		run.rows = binary.LittleEndian.AppendUint32(run.rows, uint32(len(file)))
		run.rows = binary.LittleEndian.AppendUint32(run.rows, checksum(file))
	}
	select {
	case c.runs <- run:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
