package dataset

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"videomae/dataset/pack"
	"videomae/video"
	"videomae/video/imagedir"
)

// packedOf packs a manifest, whose splits are not stated, and loads the pack.
func packedOf(t *testing.T, m Manifest, d video.Decoder) Manifest {
	t.Helper()
	dir := t.TempDir()
	s := pack.Defaults()
	s.ShardMiB = 1
	if _, err := pack.Write(context.Background(), dir, m.Items, d, pack.Options{Settings: s, MaxBadShare: .5}); err != nil {
		t.Fatal(err)
	}
	p, err := Load(dir, Options{ValShare: .5})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPackTrainsAsItsList takes the same batches from both: the same videos in the same order, the unreadable ones replaced by the same
// others, the same frames of them and the same crops.
func TestPackTrainsAsItsList(t *testing.T) {
	m := painted(22, map[int]string{3: "bad", 8: "bad"})
	p := packedOf(t, m, &paintedDecoder{})
	for i := range m.Items {
		m.Items[i].Split = HashSplit(m.Items[i].Name, .5)
	}
	if p.Hash() != m.Hash() {
		t.Error("the pack has another hash than the list")
	}
	want := mustTake(t, m, options, Position{}, 9)
	for _, workers := range []int{1, 3} {
		o := options
		o.Workers = workers
		got, err := takeFrom(t, p, video.Mux{Packs: pack.Decoder{}}, o, Position{}, 9)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			for k, item := range got[i].Items {
				if item.Name != want[i].Items[k].Name {
					t.Fatalf("batch %d has %s, want %s", i, item.Name, want[i].Items[k].Name)
				}
			}
			for k, v := range want[i].Clips { // even frames survive nearly unchanged
				if d := int(v) - int(got[i].Clips[k]); d < -2 || d > 2 {
					t.Fatalf("batch %d: value %d is %d, want %d", i, k, got[i].Clips[k], v)
				}
			}
		}
	}
}

// TestPackOfPartsOfFolders packs pictures 3 to 6 of a folder, each of a grey of its number.
func TestPackOfPartsOfFolders(t *testing.T) {
	dir := t.TempDir()
	for n := 1; n <= 9; n++ {
		picture := image.NewGray(image.Rect(0, 0, 24, 16))
		for i := range picture.Pix {
			picture.Pix[i] = uint8(10 * n)
		}
		var file bytes.Buffer
		if err := png.Encode(&file, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("img_%05d.png", n)), file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m := Manifest{Items: []Item{{Name: "part", Path: dir, Split: Train, First: 3, Count: 4}}}
	p := packedOf(t, m, video.Mux{Files: &paintedDecoder{}, Folders: imagedir.Decoder{FPS: 12}})
	if p.Hash() != m.Hash() {
		t.Error("the pack has another hash than the list")
	}
	info, err := pack.Decoder{}.Probe(t.Context(), p.Items[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	start, count, err := p.Items[0].Span(info)
	if err != nil || start != 0 || count != 4 || info.Frames != 4 {
		t.Errorf("frames %d to %d of %d, %v; want all of 4", start, start+count-1, info.Frames, err)
	}
	clip, err := pack.Decoder{}.Frames(t.Context(), info, []int{0, 3}, video.Grey)
	if err != nil || clip.Frame(0)[0] != 30 || clip.Frame(1)[0] != 60 {
		t.Errorf("levels %d and %d, %v; want 30 and 60", clip.Frame(0)[0], clip.Frame(1)[0], err)
	}
}

func TestRealPackIsTheSameForAnyWorkersAndStart(t *testing.T) {
	m, d := realClips(t, 6, "")
	p := packedOf(t, m, d)
	o := LoaderOptions{Seed: 1, Batch: 3, Scheme: scheme, Height: 64, Width: 96, Channels: 3}
	read := func(workers, count int, start Position) []Batch {
		o.Workers = workers
		batches, err := takeFrom(t, p, video.Mux{Packs: pack.Decoder{}}, o, start, count)
		if err != nil {
			t.Fatal(err)
		}
		return batches
	}
	want := read(2, 4, Position{})
	equal(t, "1 worker", read(1, 4, Position{}), want)
	equal(t, "3 workers", read(3, 4, Position{}), want)
	equal(t, "later start", read(3, 3, want[1].Position), want[1:])
	if bytes.Equal(want[0].Clips, want[1].Clips) {
		t.Error("all batches are the same")
	}
}
