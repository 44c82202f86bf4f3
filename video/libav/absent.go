//go:build !libav || !cgo

package libav

import (
	"errors"
	"time"

	"videomae/video"
)

// New fails: this build has no libav.
func New(time.Duration) (video.Decoder, error) {
	return nil, errors.New("this build has no libav decoder: install the FFmpeg libraries, for example with `apt-get install gcc pkg-config " +
		"libavformat-dev libavcodec-dev libswscale-dev libavutil-dev` (Debian, Ubuntu), and build again")
}

// Version is empty: this build has no libav.
func Version() string { return "" }
