package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/dataset/pack"
	"videomae/frames/chain"
	"videomae/internal/given"
	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/video/imagedir"
	"videomae/video/libav"
)

// realClips is the first n of the real clips of a split ("": of all), and a decoder for them.
func realClips(t testing.TB, n int, split string) (Manifest, video.Decoder) {
	t.Helper()
	var files video.Decoder
	var err error
	if files, err = libav.New(0); err != nil {
		files, err = ffmpeg.New(0)
	}
	if err != nil {
		t.Skip(err)
	}
	m, err := Load(given.Clips(t, "clips.csv"), Options{Split: split})
	if err != nil {
		t.Fatal(err)
	}
	m.Items = m.Items[:min(n, len(m.Items))]
	return m, video.Mux{Files: files, Folders: imagedir.Decoder{FPS: 25}}
}

func TestRealClipsAreTheSameForAnyWorkersAndStart(t *testing.T) {
	m, d := realClips(t, 6, "")
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
	m, d := realClips(t, 3, "")
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

// TestRealClipsAreTheChainByHand reads files and packs as evaluation and fine-tuning do, and compares with their steps done one by one.
func TestRealClipsAreTheChainByHand(t *testing.T) {
	m, d := realClips(t, 1, "")
	for name, c := range map[string]struct {
		m Manifest
		d video.Decoder
	}{"files": {m, d}, "a pack": {packedOf(t, m, d), video.Mux{Packs: pack.Decoder{}}}} {
		v := viewOptions()
		v.Height, v.Width, v.Chain = 64, 64, chain.OfficialTest(64, 2)
		v.Scheme.Views = 2
		for i, got := range look(t, c.m, c.d, v) {
			if got.Err != nil || !sameBits(got.Clips, alone(t, c.m.Items[i], i, c.d, v)) {
				t.Errorf("%s: views of video %d differ, error %v", name, i, got.Err)
			}
		}
		o := labelledOptions(t)
		o.Batch, o.Height, o.Width = 1, 48, 64
		var err error
		if o.Classes, err = Classes(c.m.Items); err != nil {
			t.Fatal(err)
		}
		batches, err := takeLabelled(t, c.m, c.d, o, Position{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		clips, targets := byHand(t, c.m, c.d, o, Position{})
		if !sameBits(batches[0].Clips, clips) || !sameBits(batches[0].Targets, targets) {
			t.Errorf("%s: the batch differs", name)
		}
	}
}
