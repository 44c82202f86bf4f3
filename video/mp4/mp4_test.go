package mp4

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videomae/seed"
	"videomae/video"
)

// slopes returns a clip of smooth random colours.
func slopes(t, h, w int) video.Clip {
	clip := video.NewClip(t, h, w, 3)
	start := seed.Rand(1, "test").IntN(100)
	for i := range clip.Pix {
		clip.Pix[i] = uint8(start + i/3%w + i%3*20 + i/(h*w*3))
	}
	return clip
}

func TestWrittenFileProbesAsAsked(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.mp4"), filepath.Join(dir, "two: odd, but a name.mp4")
	for _, path := range []string{one, two} {
		if err := Write(t.Context(), path, slopes(10, 18, 34), 12.5); err != nil {
			t.Fatal(err)
		}
	}
	said, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-of", "csv=p=0", "-show_entries",
		"stream=codec_name,width,height,pix_fmt,r_frame_rate,nb_read_frames", one).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(said)); got != "h264,34,18,yuv420p,25/2,10" {
		t.Errorf("ffprobe finds %s, want h264,34,18,yuv420p,25/2,10", got)
	}
	a, _ := os.ReadFile(one)
	b, err := os.ReadFile(two)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("two writes of a clip differ (%v)", err)
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	cut := slopes(2, 8, 8)
	cut.Pix = cut.Pix[:50]
	for say, c := range map[string]struct {
		clip video.Clip
		fps  float64
	}{
		"even height":      {slopes(2, 7, 8), 25},
		"even height and":  {slopes(2, 8, 7), 25},
		"clip 0x8x8x3":     {video.NewClip(0, 8, 8, 3), 25},
		"3 channels":       {video.NewClip(2, 8, 8, 1), 25},
		"50 values":        {cut, 25},
		"frame rate 0":     {slopes(2, 8, 8), 0},
		"frame rate -1":    {slopes(2, 8, 8), -1},
		"frame rate NaN":   {slopes(2, 8, 8), math.NaN()},
		"frame rate -Inf ": {slopes(2, 8, 8), math.Inf(-1)},
	} {
		path := filepath.Join(dir, "bad.mp4")
		if err := Write(t.Context(), path, c.clip, c.fps); err == nil || !strings.Contains(err.Error(), say) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names the file and says %q", err, say)
		}
	}
	if Check() == nil {
		if err := Write(t.Context(), filepath.Join(dir, "none", "a.mp4"), slopes(2, 8, 8), 25); err == nil {
			t.Error("wrote into a folder that is not there")
		}
	}
	t.Setenv("PATH", dir)
	if err := Write(t.Context(), filepath.Join(dir, "a.mp4"), slopes(2, 8, 8), 25); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("without ffmpeg: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("failed writes left %v", left)
	}
}
