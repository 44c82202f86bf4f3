package video

import (
	"errors"
	"fmt"
	"io/fs"
)

// CheckRequest returns an error where a call of Decoder.Frames asks for what its contract excludes: no frames, an index outside the
// video or below the one before, channels other than 1 and 3, a video without pixels.
func CheckRequest(info Info, indices []int, channels int) error {
	if channels != 1 && channels != 3 {
		return fmt.Errorf("video %s: cannot decode to %d channels, only to 1 (grey) or 3 (RGB)", info.Path, channels)
	}
	if info.Width < 1 || info.Height < 1 {
		return fmt.Errorf("video %s: picture size %dx%d is not a size", info.Path, info.Width, info.Height)
	}
	if len(indices) == 0 {
		return fmt.Errorf("video %s: no frames asked for", info.Path)
	}
	before := 0
	for _, i := range indices {
		if i < 0 || i >= info.Frames {
			return fmt.Errorf("video %s: frame %d asked for, but it has frames 0 to %d", info.Path, i, info.Frames-1)
		}
		if i < before {
			return fmt.Errorf("video %s: frame %d asked for after frame %d; indices must not decrease", info.Path, i, before)
		}
		before = i
	}
	return nil
}

// Reason strips the call and the path that a file-system error repeats, for messages that name the path themselves.
func Reason(err error) error {
	if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
