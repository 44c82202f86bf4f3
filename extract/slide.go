// Windows of a video become batches of clips, in one pass through its frames.

package extract

import (
	"context"
	"errors"
	"fmt"

	"videomae/frames"
	"videomae/video"
	"videomae/vit"
)

// Batch is clips of consecutive windows.
type Batch struct {
	First, Count int     // windows First to First+Count-1
	Pixels       []uint8 // as many clips as were asked for, T x H x W x C values each; those after Count repeat the last
}

// ErrVideo marks an error of the video itself, which says nothing of other videos.
var ErrVideo = errors.New("cannot be read")

// heldFrames is how many bytes of decoded frames are held at a time, at the video's own size.
const heldFrames = 256 << 20

// Each cuts the windows of a video and gives use batches of size clips of the shape of c, in order, while the next frames are decoded. Each
// frame is decoded once (video.Stream) and becomes the model's size as in the official validation: the shorter side resized to the
// model's longer one as OpenCV does, the middle cut. Memory holds the frames between the first and the
// last of a window, at the model's size, whatever the video's length.
//
// An error of use ends the pass and is returned as it is; one of the video wraps ErrVideo.
func Each(ctx context.Context, d video.Decoder, info video.Info, w Windows, c vit.Config, size int, use func(Batch) error) error {
	if w.Frames != c.Frames || size < 1 {
		return fmt.Errorf("windows of %d frames in batches of %d do not suit a model of %d frames", w.Frames, size, c.Frames)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches, failed := make(chan Batch, 1), make(chan error, 1)
	go func() {
		defer close(batches)
		s := slider{windows: w, model: c, size: size, held: map[int][]uint8{}, out: func(b Batch) error {
			select {
			case batches <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		failed <- s.run(ctx, d, info)
	}()
	for b := range batches {
		if err := use(b); err != nil {
			stop()
			<-failed
			return err
		}
	}
	err := <-failed
	if err == nil || ctx.Err() != nil || errors.Is(err, video.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrVideo, err)
}

// slider holds the frames that windows still need.
type slider struct {
	windows Windows
	model   vit.Config
	size    int
	out     func(Batch) error

	resizer frames.Resizer
	held    map[int][]uint8 // by number, at the model's size
	spare   [][]uint8
	next    int // window to be cut
	batch   Batch
}

// run decodes the video and cuts all windows.
func (s *slider) run(ctx context.Context, d video.Decoder, info video.Info) error {
	wanted := s.windows.union()
	at := 0
	err := video.Stream(ctx, d, info, wanted, video.Output{Channels: s.model.Channels}, heldFrames, func(frame []uint8) error {
		n := wanted[at]
		at++
		if err := s.hold(n, frame, info); err != nil {
			return err
		}
		return s.cut(n)
	})
	if err != nil || s.batch.Count == 0 {
		return err
	}
	clip := s.clipSize()
	for i := s.batch.Count; i < s.size; i++ {
		s.batch.Pixels = append(s.batch.Pixels, s.batch.Pixels[(s.batch.Count-1)*clip:s.batch.Count*clip]...)
	}
	return s.out(s.batch)
}

func (s *slider) clipSize() int {
	return s.model.Frames * s.model.Height * s.model.Width * s.model.Channels
}

// hold keeps a frame at the model's size.
func (s *slider) hold(n int, frame []uint8, info video.Info) error {
	c := s.model
	small := video.Clip{T: 1, H: c.Height, W: c.Width, C: c.Channels}
	if last := len(s.spare) - 1; last >= 0 {
		small.Pix, s.spare = s.spare[last], s.spare[:last]
	} else {
		small.Pix = make([]uint8, c.Height*c.Width*c.Channels)
	}
	s.held[n] = small.Pix
	whole := video.Clip{T: 1, H: info.Height, W: info.Width, C: c.Channels, Pix: frame}
	return s.resizer.Resize(small, whole, frames.OpenCVBilinear, fit(c, info.Width, info.Height))
}

// fit is how a frame of w x h pixels becomes a model's, as in validation.
func fit(c vit.Config, w, h int) frames.Scaling {
	return frames.ShortSideView(w, h, max(c.Height, c.Width), c.Width, c.Height, 0, 1)
}

// cut makes clips of the windows that end with frame n or before, and lets go of the frames that no window needs any more.
func (s *slider) cut(n int) error {
	for ; s.next < s.windows.Count; s.next++ {
		indices := s.windows.Indices(s.next)
		if indices[len(indices)-1] > n {
			s.release(indices[0])
			return nil
		}
		if s.batch.Count == 0 {
			s.batch = Batch{First: s.next, Pixels: make([]uint8, 0, s.size*s.clipSize())}
		}
		for _, i := range indices {
			s.batch.Pixels = append(s.batch.Pixels, s.held[i]...)
		}
		if s.batch.Count++; s.batch.Count == s.size {
			full := s.batch
			s.batch = Batch{}
			if err := s.out(full); err != nil {
				return err
			}
		}
	}
	return nil
}

// release drops the frames before one.
func (s *slider) release(first int) {
	for n, pixels := range s.held {
		if n < first {
			delete(s.held, n)
			s.spare = append(s.spare, pixels)
		}
	}
}
