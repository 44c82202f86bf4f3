package video

import (
	"errors"
	"fmt"
	"io/fs"
)

// CheckRequest returns an error where a call of Decoder.Frames asks for what its contract excludes: no frames, an index outside the
// video or below the one before, a form that frames of its size cannot take. Else it returns where the pixels go.
func CheckRequest(info Info, indices []int, out Output) (Layout, error) {
	layout, err := out.Layout(info.Width, info.Height)
	if err != nil {
		return layout, fmt.Errorf("video %s: %w", info.Path, err)
	}
	if len(indices) == 0 {
		return layout, fmt.Errorf("video %s: no frames asked for", info.Path)
	}
	before := 0
	for _, i := range indices {
		if i < 0 || i >= info.Frames {
			return layout, fmt.Errorf("video %s: frame %d asked for, but it has frames 0 to %d", info.Path, i, info.Frames-1)
		}
		if i < before {
			return layout, fmt.Errorf("video %s: frame %d asked for after frame %d; indices must not decrease", info.Path, i, before)
		}
		before = i
	}
	return layout, nil
}

// Reason strips the call and the path that a file-system error repeats, for messages that name the path themselves.
func Reason(err error) error {
	if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
