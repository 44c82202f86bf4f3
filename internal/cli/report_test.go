package cli

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/dataset"
	"videomae/eval"
	"videomae/video/imagedir"
)

// pictureVideo writes a video of eight pictures as a folder; the shade of each is its number.
func pictureVideo(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		img := image.NewGray(image.Rect(0, 0, 16, 16))
		for p := range img.Pix {
			img.Pix[p] = uint8(30 * i)
		}
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("img_%05d.jpg", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(file, img, nil); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExamplesHaveFramesOfTheirVideo(t *testing.T) {
	root := t.TempDir()
	pictureVideo(t, filepath.Join(root, "cut", "one"))
	pictureVideo(t, filepath.Join(root, "pour", "two"))
	items, err := evaluatedItems(eval.About{Data: root}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 2 {
		t.Fatalf("%d videos, want 2: %v", len(items), items)
	}
	d := imagedir.Decoder{FPS: 12}
	for name := range items {
		strip, err := exampleStrip(context.Background(), d, items, name)
		if err != nil || len(strip) != exampleFrames || !strings.HasPrefix(string(strip[0]), "data:image/jpeg;base64,") {
			t.Errorf("%s: %d pictures (%v)", name, len(strip), err)
		}
	}
	if _, err := exampleStrip(context.Background(), d, items, "gone"); err == nil || !strings.Contains(err.Error(), "not hold this video") {
		t.Errorf("a video that the list lacks: %v", err)
	}
	for _, item := range items {
		if err := os.RemoveAll(item.Path); err != nil {
			t.Fatal(err)
		}
		if _, err := exampleStrip(context.Background(), d, map[string]dataset.Item{"x": item}, "x"); err == nil {
			t.Error("a video that is gone has pictures")
		}
	}
	if _, err := evaluatedItems(eval.About{}, ""); err == nil {
		t.Error("predictions of no list have videos")
	}
	if _, err := evaluatedItems(eval.About{Data: filepath.Join(root, "missing.csv")}, ""); err == nil {
		t.Error("a list that is gone has videos")
	}
}

func TestFrameImage(t *testing.T) {
	root := filepath.Join(t.TempDir(), "v")
	pictureVideo(t, root)
	strip, err := exampleClip(context.Background(), imagedir.Decoder{FPS: 12}, dataset.Item{Name: "v", Path: root})
	if err != nil {
		t.Fatal(err)
	}
	for at, number := range []int{1, 3, 5, 7} { // the middle of each quarter
		got := frameImage(strip, at).At(3, 3).(color.RGBA)
		if want := 30 * number; got.A != 255 || int(got.R) < want-3 || int(got.R) > want+3 {
			t.Errorf("picture %d is %v, want a grey of %d", at, got, want)
		}
	}
}
