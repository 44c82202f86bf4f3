package video

import (
	"errors"
	"fmt"
)

// MaxPixels bounds a frame: a larger one is a damaged header, not a video (8K has 33 million).
const MaxPixels = 1 << 26

// ErrNoFrames is why a video whose stream is empty cannot be read.
var ErrNoFrames = errors.New("the video stream has no frames")

// CheckInfo returns an error where what was found of a file leaves nothing to decode.
func CheckInfo(info Info) error {
	switch {
	case info.Frames == 0:
		return ErrNoFrames
	case info.Width < 1 || info.Height < 1:
		return fmt.Errorf("the video stream has no picture size (codec %q)", info.Codec)
	case info.Width > MaxPixels/info.Height:
		return fmt.Errorf("frames of %dx%d pixels are more than a video has: the file is damaged", info.Width, info.Height)
	}
	return nil
}
