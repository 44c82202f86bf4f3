package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/video"
)

func TestUnreadableFilesNameFileAndReason(t *testing.T) {
	d := decoder(t)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	late := read(encode(t, "late.mp4", "64x48", 50, "-c:v", "libx264"))
	early := read(encode(t, "early.mp4", "64x48", 50, "-c:v", "libx264", "-movflags", "+faststart"))
	sound := filepath.Join(dir, "sound.mp4")
	command(t, "-f", "lavfi", "-i", "sine=d=1", sound)
	for name, c := range map[string]struct{ path, reason string }{
		"missing":                {filepath.Join(dir, "none.mp4"), "no such file"},
		"folder":                 {dir, "folder"},
		"empty":                  {write("empty.mp4", nil), "empty"},
		"text":                   {write("text.mp4", []byte("not a video\nat all\n")), "not a video"},
		"text ffmpeg would draw": {write("text.ans", []byte("not a video\nat all\n")), "not a video"},
		"play list":              {write("list.mp4", []byte("ffconcat version 1.0\nfile '"+sound+"'\n")), "not a video"},
		"cut before its index":   {write("late_cut.mp4", late[:len(late)/2]), "not a video"},
		"cut after its index":    {write("early_cut.mp4", early[:len(early)*3/4]), "cut short"},
		"sound only":             {sound, "no video stream"},
		"zero frames":            {encode(t, "zero.avi", "64x48", 0, "-c:v", "mpeg4"), video.ErrNoFrames.Error()},
	} {
		_, err := d.Probe(context.Background(), c.path)
		if err == nil || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: error %v, want one with %q and the path", name, err, c.reason)
		}
		if empty := c.reason == video.ErrNoFrames.Error(); errors.Is(err, video.ErrNoFrames) != empty {
			t.Errorf("%s: error %v is video.ErrNoFrames: %v", name, err, !empty)
		}
	}
}

func TestFewerFramesThanAnnounced(t *testing.T) {
	d := decoder(t)
	info := probe(t, encode(t, "short.mp4", "64x48", 20, "-c:v", "mpeg4"))
	info.Frames = 30
	_, err := d.Frames(context.Background(), info, []int{3, 17, 25, 29}, video.RGB)
	if err == nil || !strings.Contains(err.Error(), "2 of the 4 frames") || !strings.Contains(err.Error(), "announces 30") || !strings.Contains(err.Error(), info.Path) {
		t.Errorf("error %v", err)
	}
}

func TestDamageInsideFileEndsInFramesOrError(t *testing.T) {
	d := decoder(t)
	path := encode(t, "damaged.mkv", "64x48", 50, "-c:v", "libx264")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/3:], bytes.Repeat([]byte{0xff}, len(data)/3))
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := d.Probe(context.Background(), path)
	if err != nil {
		return
	}
	clip, err := d.Frames(context.Background(), info, []int{0, info.Frames - 1}, video.RGB)
	if err == nil && clip.T != 2 {
		t.Errorf("clip %v without an error", clip)
	}
}

func TestMissingProgramSaysHowToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := New(0); err == nil || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Errorf("error %v", err)
	}
}
