package dataset

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"videomae/dataset/lists"
	"videomae/video"
	"videomae/video/imagedir"
)

// TestListsOfPicturesGiveTheirPart loads clips of a list that means pictures 5 to 14 of a folder of 20, each of a grey of its number.
func TestListsOfPicturesGiveTheirPart(t *testing.T) {
	dir := tree(t, map[string]string{"train.csv": "v/one 5 10\n", "v/one/flow_00005.jpg": ""})
	for n := 1; n <= 20; n++ {
		picture := image.NewGray(image.Rect(0, 0, 16, 16))
		for i := range picture.Pix {
			picture.Pix[i] = uint8(n)
		}
		f, err := os.Create(filepath.Join(dir, "v", "one", fmt.Sprintf("img_%05d.png", n)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, picture); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Load(filepath.Join(dir, "train.csv"), Options{List: lists.Options{Kind: lists.Pretrain, Root: dir, Pictures: "img_{:05}.png"}})
	if err != nil {
		t.Fatal(err)
	}
	o := options
	o.Batch, o.Channels, o.MaxBadShare = 1, 1, 0
	d := video.Mux{Folders: imagedir.Decoder{FPS: 12}}
	batches, err := takeFrom(t, m, d, o, Position{}, 40)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint8]bool{}
	for _, b := range batches {
		for _, level := range b.Clips {
			seen[level] = true
		}
	}
	for n := range uint8(21) {
		if seen[n] != (n >= 5 && n <= 14) && n != 14 { // the official sampling never steps to the last frame
			t.Errorf("picture %d seen: %v", n, seen[n])
		}
	}
}
