package cli

import (
	"fmt"
	"strings"
	"time"

	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/video/libav"
)

// autoDecoder stands for the fastest decoder of this build: libav where it is there, else ffmpeg.
const autoDecoder = "auto"

// decoderNames are the decoders of video files that --decoder takes, and decoderHelp is what it says of itself.
var (
	decoderNames = []string{autoDecoder, "libav", "ffmpeg"}
	decoderHelp  = "video decoder: " + strings.Join(decoderNames, ", ") + " (videomae doctor lists those there are)"
)

// openFileDecoder starts the decoder of video files of the given name. No call takes longer than deadline (0: a minute).
func openFileDecoder(name string, deadline time.Duration) (video.Decoder, error) {
	switch name {
	case autoDecoder:
		if libav.Version() == "" {
			return ffmpeg.New(deadline)
		}
		return libav.New(deadline)
	case "libav":
		return libav.New(deadline)
	case "ffmpeg":
		return ffmpeg.New(deadline)
	}
	return nil, fmt.Errorf("unknown decoder %q (have %s)", name, strings.Join(decoderNames, ", "))
}
