package imagedir

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/video"
)

// shade is the colour of pixel (x, y) of picture n.
func shade(n, x, y int) color.RGBA { return color.RGBA{uint8(n), uint8(x * 9), uint8(y * 13), 255} }

func write(t *testing.T, path string, n, w, h int) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			picture.SetRGBA(x, y, shade(n, x, y))
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if strings.HasSuffix(path, ".png") {
		err = png.Encode(f, picture)
	} else {
		err = jpeg.Encode(f, picture, &jpeg.Options{Quality: 100})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFramesComeByNumber(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{1, 2, 9, 10, 100} { // "img_9" sorts after "img_100" as text
		write(t, filepath.Join(dir, fmt.Sprintf("img_%d.png", n)), n, 7, 5)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("no frame"), 0o644); err != nil {
		t.Fatal(err)
	}
	d := video.Mux{Folders: Decoder{FPS: 12}}
	info, err := d.Probe(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (video.Info{Path: dir, Container: "frames", Codec: "png", Frames: 5, KeyFrames: 5, Seconds: 5. / 12, Width: 7, Height: 5, FPS: 12}); info != want {
		t.Fatalf("probed %+v, want %+v", info, want)
	}
	clip, err := d.Frames(context.Background(), info, []int{0, 2, 2, 4}, video.RGB)
	if err != nil {
		t.Fatal(err)
	}
	grey, err := d.Frames(context.Background(), info, []int{0, 2, 2, 4}, video.Grey)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{1, 9, 9, 100} {
		for y := range 5 {
			for x := range 7 {
				c, at := shade(n, x, y), y*7+x
				if got := clip.Frame(i)[at*3:][:3]; !bytes.Equal(got, []byte{c.R, c.G, c.B}) {
					t.Fatalf("frame %d (%d,%d) is %v, want %v", i, x, y, got, c)
				}
				luma := .299*float64(c.R) + .587*float64(c.G) + .114*float64(c.B)
				if d := float64(grey.Frame(i)[at]) - luma; d > 1 || d < -1 {
					t.Fatalf("frame %d (%d,%d): grey %d, want %.1f", i, x, y, grey.Frame(i)[at], luma)
				}
			}
		}
	}
}

func TestJPEGGreyIsItsLuma(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "f1.jpg"), 40, 33, 17)
	info, err := Decoder{}.Probe(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	grey, err := Decoder{}.Frames(context.Background(), info, []int{0}, video.Grey)
	if err != nil {
		t.Fatal(err)
	}
	for y := range 17 {
		for x := range 33 {
			c := shade(40, x, y)
			luma := .299*float64(c.R) + .587*float64(c.G) + .114*float64(c.B)
			if d := float64(grey.Pix[y*33+x]) - luma; d > 3 || d < -3 {
				t.Fatalf("(%d,%d): grey %d, want %.1f", x, y, grey.Pix[y*33+x], luma)
			}
		}
	}
}

func TestBadFolders(t *testing.T) {
	file := func(name, content string) func(string) {
		return func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	picture := func(name string, w int) func(string) {
		return func(dir string) { write(t, filepath.Join(dir, name), 0, w, 4) }
	}
	for name, c := range map[string]struct {
		fill   []func(string)
		reason string
	}{
		"empty":         {nil, "holds no"},
		"no number":     {[]func(string){picture("cover.png", 4)}, "cover.png"},
		"huge number":   {[]func(string){picture("f99999999999999999999.png", 4)}, "f99999999999999999999.png"},
		"same number":   {[]func(string){picture("a_1.png", 4), picture("b_01.png", 4)}, "both have the number 1"},
		"not a picture": {[]func(string){file("img_1.jpg", "text")}, "img_1.jpg"},
		"sizes differ":  {[]func(string){picture("1.png", 4), picture("2.png", 5)}, "is 5x4, but the first frame is 4x4"},
		"second broken": {[]func(string){picture("1.png", 4), file("2.png", "text")}, "2.png"},
	} {
		dir := t.TempDir()
		for _, fill := range c.fill {
			fill(dir)
		}
		info, err := Decoder{}.Probe(context.Background(), dir)
		if err == nil {
			_, err = Decoder{}.Frames(context.Background(), info, []int{0, info.Frames - 1}, video.RGB)
		}
		if err == nil || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v, want one with %q and the folder", name, err, c.reason)
		}
	}
}

func TestMuxNamesAMissingPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.mp4")
	if _, err := (video.Mux{Folders: Decoder{}}).Probe(context.Background(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

func TestTemplateChoosesAmongPictures(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"img_00001.jpg", "img_00003.jpg", "flow_x_00001.jpg", "img_2.jpg.png", "b7.a.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Numbers(dir); err == nil || !strings.Contains(err.Error(), "both have the number 1: name those that are meant") {
		t.Errorf("two kinds of pictures: %v", err)
	}
	for template, want := range map[string][]int{"img_{:05}.jpg": {1, 3}, "img_{:05d}.jpg": {1, 3}, "img_%05d.jpg": {1, 3}, "flow_x_{}.jpg": {1}, "b{}.a.jpg": {7}, "frame_{}.png": nil} {
		got, err := Numbers(filepath.Join(dir, template))
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, %v, want %v", template, got, err, want)
		}
	}
}
