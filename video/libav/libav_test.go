//go:build libav && cgo

package libav

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"videomae/seed"
	"videomae/video"
	"videomae/video/ffmpeg"
)

// decoder is the one under test, and program the one by ffmpeg, which it must equal.
func decoder(t testing.TB) video.Decoder {
	t.Helper()
	d, err := New(0)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var program = sync.OnceValues(func() (*ffmpeg.Decoder, error) { return ffmpeg.New(0) })

func peer(t testing.TB) *ffmpeg.Decoder {
	t.Helper()
	d, err := program()
	if err != nil {
		t.Skip(err)
	}
	return d
}

// source is ffmpeg's options for a moving test picture.
func source(size string, frames int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc=size=%s:rate=25", size), "-frames:v", fmt.Sprint(frames)}
}

// encode writes a video of that picture; args are the output's options.
func encode(t testing.TB, name, size string, frames int, args ...string) string {
	t.Helper()
	return command(t, name, slices.Concat(source(size, frames), args)...)
}

// command runs ffmpeg, which writes a file of the given name.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args = slices.Concat([]string{"-nostdin", "-loglevel", "error", "-y", "-threads", "1"}, args, []string{path})
	if log, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, log)
	}
	return path
}

// sequential is every frame of a file at its own size, by ffmpeg alone, with PyAV's filter for subsampled colours.
func sequential(t testing.TB, path, format, filter string) []byte {
	t.Helper()
	args := []string{"-nostdin", "-loglevel", "error", "-i", path, "-map", "0:V:0", "-fps_mode", "passthrough", "-vf", "scale=flags=bilinear" + filter,
		"-f", "rawvideo", "-pix_fmt", format, "-"}
	var log bytes.Buffer
	cmd := exec.Command("ffmpeg", args...)
	cmd.Stderr = &log
	all, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, log.String())
	}
	return all
}

// draw is count random frames of n, in order, some twice.
func draw(rng *rand.Rand, n, count int) []int {
	var indices []int
	for range count {
		indices = append(indices, rng.IntN(n))
	}
	slices.Sort(indices)
	return indices
}

// requests are the frames asked for in tests of a file of n frames: scattered, close together, single, clips, the last.
func requests(n int) [][]int {
	rng := seed.Rand(5, "test", uint64(n))
	list := [][]int{{0}, {n - 1}, {0, n - 1}, draw(rng, n, 20), video.DrawPretrain(rng, n, 4, 4)}
	for range 4 {
		list = append(list, []int{rng.IntN(n)})
	}
	return list
}

// outputs are forms that frames are asked for in.
var outputs = []video.Output{video.Grey, {Channels: 3, ShortSide: 48, Crop: 33}, {Channels: 3, Crop: 5}, {Channels: 3, ShortSide: 19}}

// check compares a file with what ffmpeg says and decodes: its description, and chosen frames at their own size.
func check(t *testing.T, path string) video.Info {
	t.Helper()
	d, p, ctx := decoder(t), peer(t), context.Background()
	info, err := d.Probe(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Probe(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if info != want {
		t.Errorf("probed\n%+v, ffmpeg says\n%+v", info, want)
	}
	filter := ""
	if slices.Contains([]string{"h264", "hevc", "mpeg4", "mpeg2video"}, info.Codec) {
		filter = ":in_h_chr_pos=0"
	}
	all, size := sequential(t, path, "rgb24", filter), info.Width*info.Height*3
	if len(all) != info.Frames*size {
		t.Fatalf("probed %d frames of %dx%d, but %.2f such frames decode", info.Frames, info.Width, info.Height, float64(len(all))/float64(size))
	}
	for _, indices := range requests(info.Frames) {
		clip, err := d.Frames(ctx, info, indices, video.RGB)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range indices {
			if !bytes.Equal(clip.Frame(i), all[n*size:(n+1)*size]) {
				t.Fatalf("of frames %v, frame %d differs from the sequential decoding", indices, n)
			}
		}
	}
	return info
}

// checkForms is check, and compares frames in all forms.
func checkForms(t *testing.T, path string) {
	t.Helper()
	info := check(t, path)
	indices := draw(seed.Rand(6, "test"), info.Frames, 3)
	for _, out := range outputs {
		equal(t, info, indices, out)
	}
}

// equal compares frames with those of the ffmpeg program.
func equal(t *testing.T, info video.Info, indices []int, out video.Output) {
	t.Helper()
	got, err := decoder(t).Frames(context.Background(), info, indices, out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := peer(t).Frames(context.Background(), info, indices, out)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != want.String() {
		t.Fatalf("%+v: clip %v, want %v", out, got, want)
	}
	if worst, at := difference(got.Pix, want.Pix); worst > 0 {
		t.Errorf("%+v of %s %dx%d: value %d differs from ffmpeg's by %d", out, info.Codec, info.Width, info.Height, at, worst)
	}
}

// difference is the largest difference between two lists of equal length, and its place.
func difference(a, b []uint8) (worst, at int) {
	for i := range a {
		if d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i])); d > worst {
			worst, at = d, i
		}
	}
	return worst, at
}
