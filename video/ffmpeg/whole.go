package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"videomae/video"
)

// WholeFileDeadline is a deadline for decoders of which Whole is asked.
const WholeFileDeadline = 30 * time.Minute

// Whole decodes every frame of a file, and returns what is wrong: frames that are missing, and what the decoder complains of, such as
// damage that it conceals by repeating parts of other frames.
func (d *Decoder) Whole(ctx context.Context, info video.Info) error {
	args := append([]string{"-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1"}, input(info.Path)...)
	args = append(args, "-map", "0:V:0")
	args = append(args, d.keepTiming...)
	args = append(args, "-copyts", "-f", "framehash", "-hash", "adler32", "pipe:1")
	frames := 0
	complaint, err := d.run(ctx, d.ffmpeg, args, func(out io.Reader) (err error) {
		frames, err = countHashes(out)
		return err
	})
	switch {
	case err != nil:
	case complaint != "":
		err = fmt.Errorf("its frames are damaged: %s", complaint)
	case frames < info.Frames:
		err = fmt.Errorf("%d of %d frames can be decoded", frames, info.Frames)
	}
	if err != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("video %s: %w", info.Path, err)
	}
	return err
}

// countHashes counts the lines of the format framehash that are not comments: one a frame.
func countHashes(out io.Reader) (frames int, err error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if line := lines.Bytes(); len(line) > 0 && !bytes.HasPrefix(line, []byte("#")) {
			frames++
		}
	}
	return frames, lines.Err()
}
