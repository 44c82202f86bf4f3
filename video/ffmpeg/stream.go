// Long videos in one pass.

package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"videomae/video"
)

// longest bounds a pass through a file whose length is not known; what may not take long is each of its frames.
const longest = 1000 * time.Hour

// Stream decodes in one process and one pass, and takes as much memory as a frame. It is the decoder's deadline that no frame takes longer
// than, the frames passed over on the way to it included; the time that take needs does not count.
func (d *Decoder) Stream(ctx context.Context, info video.Info, indices []int, out video.Output, take func(frame []uint8) error) error {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return err
	}
	sel := choose(indices)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var stalled atomic.Bool
	watch := time.AfterFunc(d.deadline, func() { stalled.Store(true); stop() })
	defer watch.Stop()
	arrived := 0
	var refused error
	unhurried := *d
	unhurried.deadline = longest
	complaint, err := unhurried.run(ctx, d.ffmpeg, d.decodeArgs(info, sel, layout, out.Channels), func(frames io.Reader) (err error) {
		frame := make([]uint8, layout.H*layout.W*out.Channels)
		arrived, err = sel.each(indices, frame, frames, func() error {
			watch.Stop()
			if refused = take(frame); refused != nil {
				stop()
				return refused
			}
			watch.Reset(d.deadline)
			return nil
		})
		return err
	})
	switch {
	case refused != nil:
		return refused
	case stalled.Load():
		err = fmt.Errorf("ffmpeg gave no frame for %v and was ended", d.deadline)
	case err == nil && arrived < sel.count:
		err = withLog(fmt.Errorf("%d of the %d frames read up to frame %d are missing, though the file announces %d frames: it may be damaged",
			sel.count-arrived, sel.count, indices[len(indices)-1], info.Frames), complaint)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("video %s: %w", info.Path, err)
	}
	return err
}

// each reads the selection's frames from r, one after another into frame, and calls take for those at rising indices. It returns how many
// whole frames there were; fewer than the selection has are not an error here.
func (s selection) each(indices []int, frame []uint8, r io.Reader, take func() error) (arrived int, err error) {
	next := 0
	for _, p := range s.terms {
		for n := p.first; n <= p.last; n += p.step {
			_, err := io.ReadFull(r, frame)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return arrived, nil
			}
			if err != nil {
				return arrived, err
			}
			arrived++
			if indices[next] != n {
				continue
			}
			next++
			if err := take(); err != nil {
				return arrived, err
			}
		}
	}
	return arrived, nil
}
