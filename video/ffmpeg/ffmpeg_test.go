package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videomae/internal/given"
	"videomae/seed"
	"videomae/video"
)

// shared is one decoder for all tests, since making it starts a process.
var shared = sync.OnceValues(func() (*Decoder, error) { return New(0) })

func decoder(t *testing.T) *Decoder {
	t.Helper()
	d, err := shared()
	if err != nil {
		t.Skip(err)
	}
	return d
}

// encode writes a moving test picture with ffmpeg; args are the output's options.
func encode(t *testing.T, name, size string, frames int, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	command(t, append([]string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc=size=%s:rate=25", size), "-frames:v", fmt.Sprint(frames)}, append(args, path)...)...)
	return path
}

func command(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, log bytes.Buffer
	cmd := exec.Command("ffmpeg", append([]string{"-nostdin", "-loglevel", "error", "-y"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, log.String())
	}
	return out.Bytes()
}

// sequential is every frame of a file, by ffmpeg alone, with the filter for subsampled colours that PyAV has too.
func sequential(t *testing.T, info video.Info, format string) []byte {
	filter := "scale=flags=bilinear"
	if slices.Contains([]string{"h264", "hevc", "mpeg4"}, info.Codec) { // their colours lie at the left of their pixels, where PyAV takes them
		filter += ":in_h_chr_pos=0"
	}
	return command(t, "-i", info.Path, "-map", "0:V:0", "-fps_mode", "passthrough", "-vf", filter+",format="+format, "-f", "rawvideo", "-pix_fmt", format, "-")
}

// checkFile compares chosen frames with those of a sequential decoding.
func checkFile(t *testing.T, info video.Info, channels int, requests map[string][]int) {
	t.Helper()
	format := map[int]string{1: "gray", 3: "rgb24"}[channels]
	all := sequential(t, info, format)
	size := info.Width * info.Height * channels
	if len(all) != info.Frames*size {
		t.Fatalf("probed %d frames of %dx%d, but %d bytes of %s decode, %.2f frames", info.Frames, info.Width, info.Height, len(all), format, float64(len(all))/float64(size))
	}
	for name, indices := range requests {
		clip, err := decoder(t).Frames(context.Background(), info, indices, video.Output{Channels: channels})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, n := range indices {
			if !bytes.Equal(clip.Frame(i), all[n*size:(n+1)*size]) {
				t.Fatalf("%s, %s: frame %d differs from the sequential decoding", name, format, n)
			}
		}
	}
}

// scattered is random frames, with repeats, and the last one.
func scattered(n, count int) []int {
	rng := seed.Rand(3, "test", uint64(n), uint64(count))
	indices := []int{n - 1}
	for range count {
		indices = append(indices, rng.IntN(n))
	}
	slices.Sort(indices)
	return indices
}

func probe(t *testing.T, path string) video.Info {
	t.Helper()
	info, err := decoder(t).Probe(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestRealFilesDecodeExactly(t *testing.T) {
	for name, frames := range map[string]int{"mm_demo.mp4": 280, "mm_test.avi": 164} {
		t.Run(name, func(t *testing.T) {
			info := probe(t, given.Clips(t, "decode", name))
			if info.Frames != frames {
				t.Errorf("%d frames, want %d", info.Frames, frames)
			}
			rng := seed.Rand(3, "test")
			requests := map[string][]int{"few": scattered(frames, 9), "many": scattered(frames, 150), "first": {0}, "clip": video.DrawPretrain(rng, frames, 16, 4)}
			checkFile(t, info, 3, requests)
			checkFile(t, info, 1, map[string][]int{"clip": requests["clip"]})
		})
	}
}

func TestCodecsAndContainersDecodeExactly(t *testing.T) {
	decoder(t)
	codecs := map[string][]string{
		"h264":  {"-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p"},
		"hevc":  {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p"},
		"mpeg4": {"-c:v", "mpeg4", "-bf", "2"},
		"vp9":   {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"},
	}
	for _, c := range []struct{ name, codec, size, container string }{
		{"clip.mp4", "h264", "64x48", "mov"}, {"clip.mkv", "h264", "64x48", "matroska"}, {"clip.mov", "h264", "62x46", "mov"},
		{"clip.mp4", "hevc", "64x48", "mov"}, {"clip.mkv", "hevc", "66x50", "matroska"},
		{"clip.avi", "mpeg4", "64x48", "avi"}, {"clip.mp4", "mpeg4", "33x17", "mov"}, {"clip.mov", "mpeg4", "64x48", "mov"},
		{"clip.webm", "vp9", "33x17", "matroska"}, {"clip.mkv", "vp9", "64x48", "matroska"}, {"clip.mp4", "vp9", "64x48", "mov"},
		{"7x5.webm", "vp9", "7x5", "matroska"}, {"-odd 'name', 100%.mp4", "h264", "64x48", "mov"},
	} {
		t.Run(c.codec+" in "+c.name, func(t *testing.T) {
			t.Parallel()
			info := probe(t, encode(t, c.name, c.size, 24, codecs[c.codec]...))
			if size := fmt.Sprintf("%dx%d", info.Width, info.Height); size != c.size || info.Codec != c.codec || info.Frames != 24 || info.FPS != 25 || !strings.Contains(info.Container, c.container) {
				t.Errorf("probed %+v", info)
			}
			checkFile(t, info, 3, map[string][]int{"scattered": scattered(info.Frames, 12)})
		})
	}
}

func TestUnusualFilesDecodeExactly(t *testing.T) {
	decoder(t)
	plain := encode(t, "plain.mp4", "64x48", 60, "-c:v", "libx264", "-g", "20", "-bf", "2", "-pix_fmt", "yuv420p")
	derive := func(name string, args ...string) string {
		path := filepath.Join(t.TempDir(), name)
		command(t, append(append([]string{}, args...), path)...)
		return path
	}
	for name, c := range map[string]struct {
		path   string
		frames int // 0: where the muxer cut is its choice, and the sequential decoding has the right number
	}{
		"one frame":          {encode(t, "one.mp4", "64x48", 1, "-c:v", "libx264"), 1},
		"edit list":          {derive("cut.mp4", "-ss", "0.5", "-i", plain, "-c", "copy"), 0},
		"uneven time stamps": {derive("vfr.mkv", "-i", plain, "-vf", "select='not(mod(n,7))+lt(n,9)'", "-fps_mode", "passthrough"), 16},
		"sound first":        {derive("av.mkv", "-f", "lavfi", "-i", "sine=d=3", "-i", plain, "-map", "0:a", "-map", "1:v", "-c:v", "copy"), 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info := probe(t, c.path)
			if c.frames != 0 && info.Frames != c.frames {
				t.Errorf("%d frames, want %d", info.Frames, c.frames)
			}
			checkFile(t, info, 3, map[string][]int{"scattered": scattered(info.Frames, 12)})
		})
	}
}

func TestTurnedFilesComeUpright(t *testing.T) {
	d := decoder(t)
	plain := encode(t, "plain.mp4", "64x48", 3, "-c:v", "libx264", "-pix_fmt", "yuv420p")
	first := func(info video.Info) []uint8 {
		clip, err := d.Frames(context.Background(), info, []int{0}, video.Grey)
		if err != nil {
			t.Fatal(err)
		}
		return clip.Frame(0)
	}
	flat := first(probe(t, plain))
	seen := map[int]bool{}
	for _, angle := range []string{"90", "180", "270"} {
		path := filepath.Join(t.TempDir(), "turned.mp4")
		command(t, "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate="+angle, path)
		info := probe(t, path)
		seen[info.Rotation] = true
		checkFile(t, info, 3, map[string][]int{"all": {0, 1, 2}})
		picture := first(info)
		for i, v := range flat {
			x, y := i%64, i/64
			switch info.Rotation {
			case 90:
				x, y = 47-y, x
			case 180:
				x, y = 63-x, 47-y
			case 270:
				x, y = y, 63-x
			}
			if picture[y*info.Width+x] != v {
				t.Fatalf("turned by tag %s: pixel %d of the flat frame is not where a clockwise turn by %d degrees puts it", angle, i, info.Rotation)
			}
		}
	}
	if len(seen) != 3 || !seen[90] || !seen[180] || !seen[270] {
		t.Errorf("rotations %v", seen)
	}
}

// The count of frames must not begin anew where the size of pictures changes; frames before the change are as ever.
func TestChangeOfSizeWithinFile(t *testing.T) {
	d := decoder(t)
	var joined []byte
	for _, size := range []string{"64x48", "96x64"} {
		part, err := os.ReadFile(encode(t, "part.ts", size, 10, "-c:v", "libx264"))
		if err != nil {
			t.Fatal(err)
		}
		joined = append(joined, part...)
	}
	path := filepath.Join(t.TempDir(), "joined.ts")
	if err := os.WriteFile(path, joined, 0o644); err != nil {
		t.Fatal(err)
	}
	info := probe(t, path)
	clip, err := d.Frames(context.Background(), info, []int{8, 9, 10, 19}, video.RGB)
	if err != nil {
		t.Fatal(err)
	}
	if want := "4x48x64x3"; clip.String() != want {
		t.Errorf("clip %v, want %s", clip, want)
	}
}

func TestParseVersion(t *testing.T) {
	for banner, want := range map[string]string{
		"ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000": "5.1.9-0+deb12u1 -fps_mode",
		"ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright":   "4.4.2-0ubuntu0.22.04.1 -vsync",
		"ffmpeg version n7.1 Copyright":                     "n7.1 -fps_mode",
		"ffmpeg version N-118-gabc Copyright":               "N-118-gabc -fps_mode",
		"something else":                                    "unknown -fps_mode",
	} {
		version, keep := parseVersion(banner)
		if got := version + " " + keep[0]; got != want {
			t.Errorf("%q: %s, want %s", banner, got, want)
		}
	}
}

func TestDeadlineAndCancelEndTheProcess(t *testing.T) {
	path := encode(t, "clip.mp4", "64x48", 5, "-c:v", "mpeg4")
	hasty := *decoder(t)
	hasty.deadline = 5 * time.Millisecond
	if _, err := hasty.Probe(context.Background(), path); err == nil || !strings.Contains(err.Error(), "took longer") {
		t.Errorf("past the deadline: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := decoder(t).Probe(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
