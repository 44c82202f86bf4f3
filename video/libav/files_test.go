//go:build libav && cgo

package libav

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/video"
)

// frameOrders are options of encoders that order and refer to frames in every usual way.
var frameOrders = map[string]struct {
	name string
	args []string
}{
	"pyramid of B-frames":   {"a.mp4", []string{"-c:v", "libx264", "-bf", "7", "-g", "30", "-x264-params", "b-pyramid=normal:b-adapt=0"}},
	"no B-frames":           {"a.mp4", []string{"-c:v", "libx264", "-bf", "0", "-g", "12"}},
	"open groups":           {"a.mp4", []string{"-c:v", "libx264", "-bf", "3", "-g", "10", "-x264-params", "open-gop=1:b-adapt=0:scenecut=0"}},
	"open groups, Matroska": {"a.mkv", []string{"-c:v", "libx264", "-bf", "3", "-g", "10", "-x264-params", "open-gop=1:b-adapt=0:scenecut=0"}},
	"gradual refresh":       {"a.mp4", []string{"-c:v", "libx264", "-g", "20", "-x264-params", "intra-refresh=1"}},
	"interlaced":            {"a.mp4", []string{"-c:v", "libx264", "-g", "20", "-flags", "+ildct+ilme"}},
	"stream format":         {"a.ts", []string{"-c:v", "libx264", "-bf", "2", "-g", "15"}},
	"fragments":             {"a.mp4", []string{"-c:v", "libx264", "-g", "15", "-movflags", "frag_keyframe"}},
	"fragments only":        {"a.mp4", []string{"-c:v", "libx264", "-g", "15", "-movflags", "frag_keyframe+empty_moov"}},
	"flash":                 {"a.flv", []string{"-c:v", "libx264", "-bf", "2", "-g", "15"}},
	"H.264 in AVI":          {"a.avi", []string{"-c:v", "libx264", "-bf", "0", "-g", "15"}},
	"HEVC, open groups":     {"a.mp4", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:open-gop=1:keyint=10:min-keyint=10:bframes=3:b-adapt=0:scenecut=0"}},
	"HEVC, temporal layers": {"a.mp4", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:temporal-layers=1:keyint=20:bframes=3"}},
	"HEVC in Matroska":      {"a.mkv", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:open-gop=0:keyint=15:bframes=3"}},
	"MPEG-4 in AVI":         {"a.avi", []string{"-c:v", "mpeg4", "-g", "300"}},
	"MPEG-4, B-frames":      {"a.mp4", []string{"-c:v", "mpeg4", "-bf", "2", "-g", "12"}},
	"MPEG-2":                {"a.mpg", []string{"-c:v", "mpeg2video", "-bf", "2", "-g", "12"}},
	"MPEG-2, Matroska":      {"a.mkv", []string{"-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-flags", "+cgop", "-sc_threshold", "1000000000"}},
	"VP9":                   {"a.webm", []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "20"}},
	"VP9 in MP4":            {"a.mp4", []string{"-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-g", "20", "-auto-alt-ref", "1", "-lag-in-frames", "16"}},
	"VP8":                   {"a.webm", []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "20"}},
	"motion JPEG":           {"a.avi", []string{"-c:v", "mjpeg"}},
	"motion JPEG in MOV":    {"a.mov", []string{"-c:v", "mjpeg"}},
}

func TestEveryOrderOfFrames(t *testing.T) {
	for name, c := range frameOrders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer(t)
			args := c.args
			if c.args[1] != "mjpeg" {
				args = append(slices.Clone(args), "-pix_fmt", "yuv420p")
			}
			check(t, encode(t, c.name, "64x48", 53, args...))
		})
	}
}

func TestEveryFormOfPixels(t *testing.T) {
	for name, c := range map[string]struct{ size, format string }{
		"odd":            {"33x17", "yuv444p"},
		"full range":     {"64x48", "yuvj420p"},
		"4:4:4":          {"64x48", "yuv444p"},
		"4:2:2":          {"62x50", "yuv422p"},
		"10 bits":        {"64x48", "yuv420p10le"},
		"4:2:2, 10 bits": {"62x46", "yuv422p10le"},
		"grey":           {"64x48", "gray"},
		"two planes":     {"66x34", "nv12"},
		"narrow":         {"18x130", "yuv420p"},
		"cropped":        {"50x42", "yuv420p"}, // codecs hold multiples of 16
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer(t)
			checkForms(t, encode(t, "a.mp4", c.size, 9, "-c:v", "libx264", "-bf", "2", "-pix_fmt", c.format))
		})
	}
	for _, size := range []string{"33x17", "7x5", "64x47"} {
		t.Run("odd "+size, func(t *testing.T) {
			t.Parallel()
			peer(t)
			checkForms(t, encode(t, "a.webm", size, 9, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"))
			if size != "7x5" { // smaller than what MPEG-4 allows
				checkForms(t, encode(t, "a.mp4", size, 9, "-c:v", "mpeg4"))
			}
		})
	}
	t.Run("colours of high definition", func(t *testing.T) {
		t.Parallel()
		peer(t)
		checkForms(t, encode(t, "a.mp4", "64x48", 5, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"))
	})
}

func TestUnusualFiles(t *testing.T) {
	peer(t)
	plain := encode(t, "plain.mp4", "64x48", 60, "-c:v", "libx264", "-g", "20", "-bf", "2", "-pix_fmt", "yuv420p")
	stream := encode(t, "plain.ts", "64x48", 60, "-c:v", "libx264", "-g", "20", "-bf", "2", "-pix_fmt", "yuv420p")
	for name, c := range map[string]struct {
		file string
		args []string
		want func(video.Info) bool
	}{
		"edit list":          {"cut.mp4", []string{"-ss", "0.5", "-i", plain, "-c", "copy"}, nil},
		"edit list, later":   {"cut.mp4", []string{"-ss", "1.3", "-i", plain, "-c", "copy"}, nil},
		"uneven time stamps": {"vfr.mkv", []string{"-i", plain, "-vf", "select='not(mod(n,7))+lt(n,9)'", "-fps_mode", "passthrough"}, func(i video.Info) bool { return i.Variable }},
		"uneven, MP4":        {"vfr.mp4", []string{"-i", plain, "-vf", "select='not(mod(n,7))+lt(n,9)'", "-fps_mode", "passthrough"}, func(i video.Info) bool { return i.Variable }},
		"sound first":        {"av.mkv", []string{"-f", "lavfi", "-i", "sine=d=3", "-i", plain, "-map", "0:a", "-map", "1:v", "-c:v", "copy"}, nil},
		"sound beside":       {"av.mp4", []string{"-f", "lavfi", "-i", "sine=d=3", "-i", plain, "-c:v", "copy"}, func(i video.Info) bool { return !i.Variable && i.Frames == 60 && i.Seconds > 2.39 && i.Seconds < 2.41 }},
		"one frame":          {"one.mp4", []string{"-i", plain, "-frames:v", "1"}, func(i video.Info) bool { return i.Frames == 1 && i.KeyFrames == 1 }},
		"turned by 90":       {"t.mp4", []string{"-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90"}, func(i video.Info) bool { return i.Rotation != 0 && i.Width == 48 }},
		"turned by 180":      {"t.mp4", []string{"-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=180"}, func(i video.Info) bool { return i.Rotation == 180 && i.Width == 64 }},
		"turned by 270":      {"t.mp4", []string{"-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=270"}, func(i video.Info) bool { return i.Rotation != 0 && i.Width == 48 }},
		"long title, spaces": {"-odd 'name', 100%.mp4", []string{"-i", plain, "-c", "copy"}, nil},
		"clock of 1 kHz":     {"ms.mkv", []string{"-f", "lavfi", "-i", "testsrc=size=64x48:rate=30000/1001", "-frames:v", "40"}, func(i video.Info) bool { return !i.Variable }},
		"stream to MP4":      {"remux.mp4", []string{"-i", stream, "-c", "copy"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info := check(t, command(t, c.file, c.args...))
			if c.want != nil && !c.want(info) {
				t.Errorf("%+v", info)
			}
		})
	}
}

// Turning planes of odd size moves which colour a pixel shares.
func TestTurnedFilesOfOddSize(t *testing.T) {
	peer(t)
	turn := func(plain, angle string) string {
		return command(t, "turned.mp4", "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate="+angle)
	}
	odd := encode(t, "odd.mp4", "33x17", 4, "-c:v", "mpeg4")
	checkForms(t, turn(odd, "90"))
	for _, angle := range []string{"180", "270"} {
		check(t, turn(odd, angle))
	}
	for _, format := range []string{"yuv444p", "yuv420p10le"} {
		check(t, turn(encode(t, "plain.mp4", "66x50", 4, "-c:v", "libx264", "-pix_fmt", format), "270"))
	}
}

// Frames after a change of size come in the size announced.
func TestChangeOfSizeWithinFile(t *testing.T) {
	peer(t)
	var joined []byte
	for _, size := range []string{"64x48", "96x64"} {
		part, err := os.ReadFile(encode(t, "part.ts", size, 10, "-c:v", "libx264", "-pix_fmt", "yuv420p"))
		if err != nil {
			t.Fatal(err)
		}
		joined = append(joined, part...)
	}
	path := filepath.Join(t.TempDir(), "joined.ts")
	if err := os.WriteFile(path, joined, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := decoder(t).Probe(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Frames != 20 || info.Width != 64 || !strings.Contains(info.Container, "mpegts") {
		t.Fatalf("probed %+v", info)
	}
	equal(t, info, []int{8, 9, 10, 19}, video.RGB)
}

// A recording that begins in the middle of a group of frames has packets that cannot be decoded.
func TestBeginningWithoutKeyFrame(t *testing.T) {
	peer(t)
	data, err := os.ReadFile(encode(t, "whole.ts", "64x48", 60, "-c:v", "libx264", "-g", "20", "-bf", "2", "-pix_fmt", "yuv420p"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "part.ts")
	if err := os.WriteFile(path, data[len(data)/5/188*188:], 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := decoder(t).Probe(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, info, []int{0, 3, 20}, video.RGB)
}
