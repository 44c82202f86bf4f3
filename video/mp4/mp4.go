// Package mp4 writes clips as MP4 files through an ffmpeg process.
package mp4

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"videomae/video"
)

// ErrNoFFmpeg is what Write and Check return, wrapped, on a machine without ffmpeg.
var ErrNoFFmpeg = errors.New("ffmpeg was not found on the PATH: install it with the system's package manager")

// Check returns an error that wraps ErrNoFFmpeg if nothing can be written here.
func Check() error {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return fmt.Errorf("write mp4: %w (%w)", ErrNoFFmpeg, err)
	}
	return nil
}

// Write encodes an RGB clip (T,H,W,3; H and W even) at fps frames per second as H.264, 4:2:0, near lossless (CRF 18) and
// with a key frame every 8 frames, so that any frame is reached quickly. The file appears under path only when it is
// complete. One clip gives the same bytes at every call.
func Write(ctx context.Context, path string, clip video.Clip, fps float64) error {
	if clip.T < 1 || clip.H < 2 || clip.W < 2 || clip.C != 3 || clip.H%2 != 0 || clip.W%2 != 0 {
		return fmt.Errorf("write mp4 %s: clip %v must have frames of 3 channels, with even height and width", path, clip)
	}
	if want := clip.T * clip.H * clip.W * clip.C; len(clip.Pix) != want {
		return fmt.Errorf("write mp4 %s: clip %v holds %d values, want %d", path, clip, len(clip.Pix), want)
	}
	if !(fps > 0) {
		return fmt.Errorf("write mp4 %s: frame rate %v must be positive", path, fps)
	}
	if err := Check(); err != nil {
		return err
	}
	part := path + ".part"
	if err := encode(ctx, part, clip, fps); err != nil {
		_ = os.Remove(part) // the error that matters is the encoder's
		return fmt.Errorf("write mp4 %s: %w", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("write mp4: %w", err)
	}
	return nil
}

// encode pipes the frames through ffmpeg. At the error log level ffmpeg is silent when all went well, and some versions
// exit with 0 though the last bytes did not fit on the disk: so any message counts as failure.
func encode(ctx context.Context, path string, clip video.Clip, fps float64) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-loglevel", "error", "-y",
		"-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", fmt.Sprintf("%dx%d", clip.W, clip.H),
		"-framerate", strconv.FormatFloat(fps, 'g', -1, 64), "-i", "pipe:0",
		"-c:v", "libx264", "-crf", "18", "-g", "8", "-pix_fmt", "yuv420p", "-threads", "1",
		"-fflags", "+bitexact", "-flags", "+bitexact", "-f", "mp4", "file:"+path)
	var messages bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(clip.Pix), &messages
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if said := strings.TrimSpace(messages.String()); said != "" {
		return fmt.Errorf("ffmpeg: %s", said)
	}
	return err
}
