package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videomae/seed"
	"videomae/video"
	"videomae/video/mp4"
)

// magenta is a colour that no text has.
var magenta = []uint8{255, 0, 255}

// plain returns a clip of one colour.
func plain(t, h, w int, pixel []uint8) video.Clip {
	clip := video.NewClip(t, h, w, len(pixel))
	copy(clip.Pix, bytes.Repeat(pixel, t*h*w))
	return clip
}

// noisy returns a clip whose every pixel is random but the same in all frames, except for the top row.
func noisy(frames, h, w int) video.Clip {
	clip := video.NewClip(frames, h, w, 3)
	rng := seed.Rand(1, "test")
	for i := range h * w * 3 {
		v := uint8(rng.UintN(256))
		for t := range frames {
			clip.Frame(t)[i] = v
			if i < 3*w {
				clip.Frame(t)[i] = uint8(rng.UintN(256))
			}
		}
	}
	return clip
}

// count returns how many pixels of a picture have the given colour.
func count(img image.Image, rgb []uint8) int {
	n := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, b, _ := img.At(x, y).RGBA(); uint8(r>>8) == rgb[0] && uint8(g>>8) == rgb[1] && uint8(b>>8) == rgb[2] {
				n++
			}
		}
	}
	return n
}

func TestSheetShowsTheChosenFramesOfEveryPanel(t *testing.T) {
	clip := plain(8, 16, 32, []uint8{0, 0, 255})
	for i := range 3 { // only the frames 0 and 4 of a panel are magenta, and frame 5, which is not chosen
		copy(clip.Frame([]int{0, 4, 5}[i]), bytes.Repeat(magenta, 16*32))
	}
	panels := []Panel{{"One", clip}, {"Two", clip}, {"Grey", plain(8, 16, 32, []uint8{77})}}
	img, err := Sheet(panels, []int{0, 2, 4}, "A caption")
	if err != nil {
		t.Fatal(err)
	}
	// 32 pixels are enlarged fourfold, to the 112 at least that a frame is wide.
	const frame = 16 * 32 * 4 * 4
	for name, c := range map[string]struct {
		rgb  []uint8
		want int
	}{"magenta": {magenta, 4 * frame}, "blue": {[]uint8{0, 0, 255}, 2 * frame}, "grey": {[]uint8{77, 77, 77}, 3 * frame}} {
		if got := count(img, c.rgb); got < c.want || got > c.want+c.want/100 { // smooth letters hold some grey, too
			t.Errorf("%d pixels are %s, want %d", got, name, c.want)
		}
	}
	if count(img, []uint8{0, 0, 0}) < 50 {
		t.Error("there is no black text")
	}
}

func TestLongTextWraps(t *testing.T) {
	faces, err := loadFaces()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("statistics from the nearest visible cube ", 5)
	lines := wrap(faces.regular, text, 200)
	if got := strings.Fields(strings.Join(lines, " ")); strings.Join(got, " ") != strings.TrimSpace(text) {
		t.Errorf("words were lost: %q", lines)
	}
	clip := plain(1, 64, 64, magenta)
	short, err := Sheet([]Panel{{"Short", clip}}, []int{0}, "")
	if err != nil {
		t.Fatal(err)
	}
	long, err := Sheet([]Panel{{text, clip}}, []int{0}, "")
	if err != nil {
		t.Fatal(err)
	}
	if long.Bounds().Dx() != short.Bounds().Dx() || long.Bounds().Dy() <= short.Bounds().Dy() {
		t.Errorf("a long title gives %v, a short one %v: want the same width and more height", long.Bounds(), short.Bounds())
	}
	for y := range long.Bounds().Dy() {
		for x := long.Bounds().Dx() - 2; x < long.Bounds().Dx(); x++ {
			if long.At(x, y) != (color.RGBA{255, 255, 255, 255}) {
				t.Fatalf("text reaches the right edge at (%d,%d)", x, y)
			}
		}
	}
}

func TestBothWaysOfUndoingTheNormalisationAreNamed(t *testing.T) {
	leaks, blind := 0, 0
	for _, p := range (Reconstruction{}).Panels() {
		if strings.Contains(p.Title, "leaks ground truth") {
			leaks++
		}
		if strings.Contains(p.Title, "without ground truth") {
			blind++
		}
	}
	if leaks != 2 || blind != 2 {
		t.Errorf("%d panels say that they leak and %d that they do not, want 2 and 2", leaks, blind)
	}
}

func TestBadPanelsAreNamed(t *testing.T) {
	good := Panel{"Good", plain(4, 16, 16, magenta)}
	for say, panels := range map[string][]Panel{
		"no panels":   nil,
		"2 channels":  {{"Odd", plain(4, 16, 16, magenta[:2])}},
		"differs":     {good, {"Odd", plain(4, 16, 18, magenta)}},
		"empty":       {{"Odd", video.Clip{C: 3}}},
		"incomplete":  {{"Odd", video.Clip{T: 1, H: 2, W: 2, C: 3, Pix: magenta}}},
		`panel "Odd"`: {good, {"Odd", plain(3, 16, 16, magenta)}},
	} {
		_, sheetErr := Sheet(panels, []int{0}, "")
		_, filmErr := NewFilm(panels, 1, "")
		for _, err := range []error{sheetErr, filmErr} {
			if err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("error %v, want one that says %q", err, say)
			}
		}
	}
	for _, frames := range [][]int{nil, {4}, {-1}} {
		if _, err := Sheet([]Panel{good}, frames, ""); err == nil {
			t.Errorf("frames %v of 4 gave a sheet", frames)
		}
	}
	if _, err := NewFilm([]Panel{good}, 0, ""); err == nil {
		t.Error("0 rows gave a film")
	}
	if err := (Film{}).WriteGIF("x.gif", 8); err == nil {
		t.Error("a film without frames gave a GIF")
	}
	if err := (Film{}).WriteMP4(t.Context(), "x.mp4", 8); err == nil {
		t.Error("a film without frames gave an MP4")
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		total, n int
		want     string
	}{{16, 8, "[0 2 4 6 8 10 12 14]"}, {3, 8, "[0 1 2]"}, {10, 4, "[0 2 5 7]"}, {0, 8, "[]"}} {
		if got := fmt.Sprint(Spread(c.total, c.n)); got != c.want {
			t.Errorf("Spread(%d, %d) = %s, want %s", c.total, c.n, got, c.want)
		}
	}
}

func TestGIFKeepsColoursAndIsSteady(t *testing.T) {
	film, err := NewFilm([]Panel{{"A", noisy(3, 24, 40)}, {"B", plain(3, 24, 40, magenta)}}, 1, "Caption")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "film.gif")
	if err := film.WriteGIF(path, 8); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := gif.DecodeAll(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Image) != 3 || got.Delay[1] != 13 || got.LoopCount != 0 {
		t.Fatalf("%d frames, delay %d, loops %d; want 3, 13 and endless (0)", len(got.Image), got.Delay[1], got.LoopCount)
	}
	if before, after := count(film[0], magenta), count(got.Image[0], magenta); before != after {
		t.Errorf("%d magenta pixels became %d", before, after)
	}
	if before, after := count(film[0], []uint8{0, 0, 0}), count(got.Image[0], []uint8{0, 0, 0}); after < before {
		t.Errorf("%d black pixels of text became %d", before, after)
	}
	squares := 0.0
	for i := 0; i < len(film[0].Pix); i += 4 {
		x, y := i/4%film[0].Rect.Dx(), i/4/film[0].Rect.Dx()
		if film[0].At(x, y) == film[1].At(x, y) && got.Image[0].At(x, y) != got.Image[1].At(x, y) {
			t.Fatalf("pixel (%d,%d) flickers", x, y)
		}
		want, have := film[0].RGBAAt(x, y), color.RGBAModel.Convert(got.Image[0].At(x, y)).(color.RGBA)
		for _, d := range []float64{float64(want.R) - float64(have.R), float64(want.G) - float64(have.G), float64(want.B) - float64(have.B)} {
			squares += d * d / float64(3*len(film[0].Pix)/4)
		}
	}
	// 254 colours for uniform noise: boxes of 256^3/254, about 40 a side, so an error of 40/sqrt(12) = 12 or somewhat more; the
	// noise fills less than half of the picture.
	if rms := math.Sqrt(squares); rms > 12 {
		t.Errorf("colours are off by %.1f levels (root mean square)", rms)
	}
}

func TestMP4ShowsTheFilm(t *testing.T) {
	if err := mp4.Check(); err != nil {
		t.Skip(err)
	}
	film, err := NewFilm([]Panel{{"A", plain(5, 17, 31, []uint8{40, 90, 160})}}, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "film.mp4")
	if err := film.WriteMP4(t.Context(), path, 8); err != nil {
		t.Fatal(err)
	}
	pix, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgba", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	if len(pix) != 5*len(film[0].Pix) {
		t.Fatalf("decoded %d bytes, want 5 frames of %v", len(pix), film[0].Rect)
	}
	off := 0.0
	for i, v := range film[0].Pix {
		off += math.Abs(float64(v)-float64(pix[i])) / float64(len(film[0].Pix))
	}
	if off > 3 {
		t.Errorf("pixels are off by %.1f levels on average", off)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := film.WriteMP4(stopped, path, 8); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestWritePNGIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	if err := WritePNG(path, blank(3, 2)); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if img, err := png.Decode(file); err != nil || img.Bounds() != image.Rect(0, 0, 3, 2) {
		t.Errorf("read back: %v, %v", img, err)
	}
	bad := filepath.Join(dir, "empty.png")
	if err := WritePNG(bad, image.NewRGBA(image.Rectangle{})); err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("an empty picture: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("a failed write left %v", left)
	}
	if err := WritePNG(filepath.Join(dir, "none", "a.png"), blank(3, 2)); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
