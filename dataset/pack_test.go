package dataset

import (
	"bytes"
	"context"
	"testing"

	"videomae/dataset/pack"
	"videomae/video"
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

func TestRealPackIsTheSameForAnyWorkersAndStart(t *testing.T) {
	m, d := realClips(t, 6)
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
