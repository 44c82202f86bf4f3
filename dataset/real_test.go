package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/internal/given"
	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/video/imagedir"
)

// realClips is the first n of the real clips, and a decoder for them.
func realClips(t *testing.T, n int) (Manifest, video.Decoder) {
	t.Helper()
	files, err := ffmpeg.New(0)
	if err != nil {
		t.Skip(err)
	}
	m, err := Load(given.Clips(t, "clips.csv"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.Items = m.Items[:n]
	return m, video.Mux{Files: files, Folders: imagedir.Decoder{FPS: 25}}
}

func TestRealClipsAreTheSameForAnyWorkersAndStart(t *testing.T) {
	m, d := realClips(t, 6)
	o := LoaderOptions{Seed: 1, Batch: 3, Scheme: video.Scheme{Sampling: video.SamplePretrain, Mode: video.Official, Frames: 8, Stride: 4, Views: 1}, Height: 64, Width: 96, Channels: 3, Workers: 2}
	read := func(workers, count int, start Position) []Batch {
		o.Workers = workers
		batches, err := takeFrom(t, m, d, o, start, count)
		if err != nil {
			t.Fatal(err)
		}
		return batches
	}
	want := read(2, 3, Position{})
	equal(t, "1 worker", read(1, 3, Position{}), want)
	equal(t, "5 workers, later start", read(5, 2, want[1].Position), want[1:])
}

func TestFilesThatAreNoVideosAreReplaced(t *testing.T) {
	m, d := realClips(t, 3)
	data, err := os.ReadFile(m.Items[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{"text.mp4": "not a video", "cut.mp4": string(data[:len(data)/2]), "empty.mp4": ""})
	for _, name := range []string{"text.mp4", "cut.mp4", "empty.mp4", "missing.mp4", "folder"} {
		m.Items = append(m.Items, Item{Name: name, Path: filepath.Join(dir, name)})
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	o := LoaderOptions{Seed: 1, Batch: 8, Scheme: video.Scheme{Sampling: video.SamplePretrain, Mode: video.Official, Frames: 4, Stride: 1, Views: 1}, Height: 32, Width: 32, Channels: 1, MaxBadShare: .7,
		Report: func(f Failure) { reasons[f.Item.Name] = f.Err.Error() }}
	batches, err := takeFrom(t, m, d, o, Position{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range batches[0].Items {
		if _, bad := reasons[item.Name]; bad {
			t.Errorf("a clip claims to be cut from %s", item.Name)
		}
	}
	if len(reasons) != 5 {
		t.Errorf("reported %d files, want 5", len(reasons))
	}
	for name, reason := range reasons {
		if !strings.Contains(reason, filepath.Join(dir, name)) {
			t.Errorf("%s: %s", name, reason)
		}
	}
	o.MaxBadShare, o.Report = .3, nil
	if _, err = takeFrom(t, m, d, o, Position{}, 1); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("of %d videos", len(m.Items))) {
		t.Errorf("5 of 8 bad with a share of .3: %v", err)
	}
}
