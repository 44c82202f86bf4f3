//go:build libav && cgo

package libav

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/video"
)

func TestUnreadableFilesNameFileAndReason(t *testing.T) {
	peer(t)
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
	sound := command(t, "sound.mp4", "-f", "lavfi", "-i", "sine=d=1")
	pipe := filepath.Join(dir, "pipe.mp4")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(early)
	at := bytes.Index(huge, []byte("moov"))
	copy(huge[at-4:], []byte{0x7f, 0xff, 0xff, 0xf0}) // the header claims two gigabytes
	for name, c := range map[string]struct{ path, reason string }{
		"missing":               {filepath.Join(dir, "none.mp4"), "no such file"},
		"folder":                {dir, "folder"},
		"pipe":                  {pipe, "pipe"},
		"empty":                 {write("empty.mp4", nil), "empty"},
		"text":                  {write("text.mp4", []byte("not a video\nat all\n")), "not a video"},
		"text libav would draw": {write("text.ans", []byte("not a video\nat all\n")), "not a video"},
		"play list":             {write("list.mp4", []byte("ffconcat version 1.0\nfile '"+sound+"'\n")), "not a video"},
		"cut before its index":  {write("late_cut.mp4", late[:len(late)/2]), "not a video"},
		"cut after its index":   {write("early_cut.mp4", early[:len(early)*3/4]), "cut short"},
		"endless header":        {write("huge.mp4", huge), ""},
		"sound only":            {sound, "no video stream"},
		"zero frames":           {encode(t, "zero.avi", "64x48", 0, "-c:v", "mpeg4"), video.ErrNoFrames.Error()},
	} {
		_, err := decoder(t).Probe(context.Background(), c.path)
		if c.reason == "" && err == nil {
			continue // the library may find its way
		}
		if err == nil || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: error %v, want one with %q and the path", name, err, c.reason)
		}
		if empty := c.reason == video.ErrNoFrames.Error(); errors.Is(err, video.ErrNoFrames) != empty {
			t.Errorf("%s: error %v is video.ErrNoFrames: %v", name, err, !empty)
		}
	}
}

func TestFewerFramesThanAnnounced(t *testing.T) {
	peer(t)
	info := check(t, encode(t, "short.mp4", "64x48", 20, "-c:v", "mpeg4"))
	info.Frames = 30
	_, err := decoder(t).Frames(context.Background(), info, []int{3, 17, 25, 29}, video.RGB)
	if err == nil || !strings.Contains(err.Error(), "2 of the 4 frames") || !strings.Contains(err.Error(), "announces 30") || !strings.Contains(err.Error(), info.Path) {
		t.Errorf("error %v", err)
	}
}

// Bytes changed at random must end in frames or an error, in Probe or in Frames, and leave the process as it was.
func TestDamageEndsInFramesOrError(t *testing.T) {
	peer(t)
	for _, name := range []string{"a.mp4", "a.mkv", "a.avi", "a.ts"} {
		good, err := os.ReadFile(encode(t, name, "64x48", 50, "-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		for trial := range uint64(40) {
			if err := os.WriteFile(path, damage(good, trial), 0o644); err != nil {
				t.Fatal(err)
			}
			info, err := decoder(t).Probe(context.Background(), path)
			if err != nil {
				continue
			}
			clip, err := decoder(t).Frames(context.Background(), info, []int{0, info.Frames / 2, info.Frames - 1}, video.RGB)
			if err == nil && clip.T != 3 || err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%s, trial %d: clip %v, %v", name, trial, clip, err)
			}
		}
	}
}

func TestDeadlineAndCancelStopCalls(t *testing.T) {
	peer(t)
	path := encode(t, "long.mp4", "640x480", 150, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
	info, err := decoder(t).Probe(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, info.Frames)
	for i := range all {
		all[i] = i
	}
	hasty, err := New(3 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hasty.Frames(context.Background(), info, all, video.Grey); err == nil || !strings.Contains(err.Error(), "took longer") {
		t.Errorf("past the deadline: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(3*time.Millisecond, cancel)
	if _, err := decoder(t).Frames(ctx, info, all, video.Grey); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := decoder(t).Probe(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
}
