package synth

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videomae/video"
	"videomae/video/mp4"
)

// needFFmpeg skips a test on a machine that cannot write videos.
func needFFmpeg(t *testing.T) {
	t.Helper()
	if err := mp4.Check(); err != nil {
		t.Skip(err)
	}
}

// decode reads all frames of a file by calling ffmpeg.
func decode(t *testing.T, path string, height, width int) video.Clip {
	t.Helper()
	pix, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-").Output()
	if err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
	return video.Clip{T: len(pix) / (height * width * 3), H: height, W: width, C: 3, Pix: pix}
}

// lowContrast is the share of the clip's boxes of t frames x s x s pixels, each channel on its own, whose standard deviation is below
// 2 grey levels.
func lowContrast(clip video.Clip, t, s int) float64 {
	low, all := 0, 0
	for box := range clip.T / t * (clip.H / s) * (clip.W / s) * 3 {
		c, x, y, t0 := box%3, box/3%(clip.W/s)*s, box/3/(clip.W/s)%(clip.H/s)*s, box/3/(clip.W/s)/(clip.H/s)*t
		var sum, squares float64
		for i := range t * s * s {
			v := float64(clip.Frame(t0 + i/(s*s))[((y+i/s%s)*clip.W+x+i%s)*3+c])
			sum, squares = sum+v, squares+v*v
		}
		n := float64(t * s * s)
		if math.Sqrt(max(0, squares/n-sum/n*sum/n)) < 2 {
			low++
		}
		all++
	}
	return float64(low) / float64(all)
}

func TestWrittenFilesShowTheRenderedClips(t *testing.T) {
	needFFmpeg(t)
	o := small()
	o.Clips, o.Width = len(Motions), 80
	dir := t.TempDir()
	var last [2]int
	if err := Write(t.Context(), dir, o, func(done, total int) { last = [2]int{done, total} }); err != nil {
		t.Fatal(err)
	}
	if last != [2]int{o.Clips, o.Clips} {
		t.Errorf("progress ended at %v", last)
	}
	for i := range o.Clips {
		want, _ := render(t, o, i)
		got := decode(t, filepath.Join(dir, o.name(i)), o.Height, o.Width)
		if got.String() != want.String() {
			t.Fatalf("%s decodes to %v, want %v", o.name(i), got, want)
		}
		noise := 0.0
		for k, v := range want.Pix {
			d := float64(v) - float64(got.Pix[k])
			noise += d * d / float64(len(want.Pix))
		}
		if psnr := 10 * math.Log10(255*255/noise); psnr < 30 {
			t.Errorf("%s: %.1f dB from the rendered clip, want 30 or more", o.name(i), psnr)
		}
		if flat := lowContrast(got, 2, 16); flat > 0.005 {
			t.Errorf("%s: %.2f %% of the cubes' channels are nearly flat", o.name(i), 100*flat)
		}
	}
}

func TestEveryRegionHasContrast(t *testing.T) {
	for _, side := range []int{64, 112, 224} {
		var cubes, regions float64
		const clips = 22
		for i := range clips {
			o := small()
			o.Frames, o.Height, o.Width = 2, side, side
			clip, _ := render(t, o, i)
			cubes += lowContrast(clip, 2, 16) / clips
			regions += lowContrast(clip, 1, 8) / clips
		}
		if cubes > 0.005 || regions > 0.05 {
			t.Errorf("side %d: %.2f %% of the cubes' channels and %.2f %% of the 8x8 regions' are nearly flat", side, 100*cubes, 100*regions)
		}
	}
}

func TestManifestIsBalanced(t *testing.T) {
	o := small()
	o.Motions, o.Clips, o.ValShare = Motions[:8], 80, 0.2
	dir := t.TempDir()
	if err := o.writeClipsStub(dir); err != nil {
		t.Fatal(err)
	}
	if err := o.writeManifest(dir); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, Manifest))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if head := strings.Join(rows[0], ","); head != "path,label,split" {
		t.Errorf("header %q", head)
	}
	count := map[string]int{}
	for _, r := range rows[1:] {
		count[r[1]+" "+r[2]]++
		if !strings.HasPrefix(r[0], "videos/"+r[1]+"_") {
			t.Errorf("path %s of label %s", r[0], r[1])
		}
	}
	for _, m := range o.Motions {
		if train, val := count[fmt.Sprint(m, " train")], count[fmt.Sprint(m, " val")]; train != 8 || val != 2 {
			t.Errorf("%s has %d training and %d validation clips, want 8 and 2", m, train, val)
		}
	}
}

// writeClipsStub makes the folder of videos, without videos.
func (o Options) writeClipsStub(dir string) error {
	return os.Mkdir(filepath.Join(dir, "videos"), 0o777)
}

func TestWriteRefusesForeignFolders(t *testing.T) {
	needFFmpeg(t)
	for _, name := range []string{Manifest, "thesis.tex"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		o := small()
		o.Clips = 1
		if err := Write(t.Context(), dir, o, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a folder that holds %s: error %v", name, err)
		}
	}
}

func TestWriteSaysWhatStoppedIt(t *testing.T) {
	needFFmpeg(t)
	o := small()
	o.Clips = 3
	noManifest := func(dir string) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(dir, Manifest)); err == nil {
			t.Error("a stopped call left a manifest")
		}
	}

	dir := t.TempDir()
	stopped, cancel := context.WithCancel(t.Context())
	err := Write(stopped, dir, o, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	noManifest(dir)
	if err := Write(t.Context(), dir, o, nil); err != nil {
		t.Errorf("going on in the folder of an interrupted call: %v", err)
	}

	o.Clips = 0
	if err := Write(t.Context(), t.TempDir(), o, nil); err == nil || !strings.Contains(err.Error(), "0 clips") {
		t.Errorf("no clips: %v", err)
	}

	o.Clips = 3
	dir = t.TempDir()
	if _, err := os.Stat("/dev/full"); err == nil { // a device that is always full
		if err := o.writeClipsStub(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/dev/full", filepath.Join(dir, o.name(1)+".part")); err != nil {
			t.Fatal(err)
		}
		err := Write(t.Context(), dir, o, nil)
		if err == nil || !strings.Contains(err.Error(), o.name(1)) || !strings.Contains(err.Error(), "No space left") {
			t.Errorf("full disk: %v", err)
		}
		noManifest(dir)
	}

	t.Setenv("PATH", t.TempDir())
	if err := Write(t.Context(), t.TempDir(), o, nil); !errors.Is(err, mp4.ErrNoFFmpeg) {
		t.Errorf("without ffmpeg: %v", err)
	}
}
