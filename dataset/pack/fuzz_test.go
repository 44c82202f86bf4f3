package pack

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"videomae/dataset/lists"
	"videomae/dataset/pack/jpeg"
	"videomae/video"
)

func FuzzEntry(f *testing.F) {
	e := entry{item: lists.Item{Name: "a", Path: "/a", Label: "run", Split: "val", First: 3, Count: 4}, frames: 2, at: 64, tableAt: 99,
		format: jpeg.Format{Width: 5, Height: 6, Channels: 3, Quality: 95}, original: video.Info{Width: 9, Height: 9, Variable: true, FPS: 25}}
	f.Add(e.append(nil))
	e.frames, e.reason = 0, "torn"
	f.Add(e.append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parseEntry(data)
		if err != nil {
			return
		}
		again, err := parseEntry(e.append(nil))
		if err != nil || again.item != e.item || again.format != e.format || again.frames != e.frames || again.at != e.at {
			t.Fatalf("%+v was read back as %+v, %v", e, again, err)
		}
	})
}

func FuzzDescription(f *testing.F) {
	dir := f.TempDir()
	write(f, dir, many(2), Options{Settings: settings()})
	f.Add([]byte(contents(f, dir)[File]))
	f.Add([]byte(`{"format": "videomae pack", "version": 1, "items": -1, "shards": [{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parseDescription(data)
		if err == nil && d.Covered() > d.Items {
			t.Fatalf("%+v", d)
		}
	})
}

// FuzzShard puts bytes into the part after the clips of a shard, with right checksums at its ends.
func FuzzShard(f *testing.F) {
	dir := f.TempDir()
	write(f, dir, many(2), Options{Settings: settings()})
	path := filepath.Join(dir, shardName(0))
	s, err := openShard(path)
	if err != nil {
		f.Fatal(err)
	}
	at, items := s.footer.at, s.items
	s.close()
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[at-200:at], data[at:len(data)-footerSize], data[:headerSize], items)
	f.Fuzz(func(t *testing.T, entries, table, head []byte, items int) {
		file := filepath.Join(t.TempDir(), shardName(0))
		body := append(append(append(append([]byte{}, head...), data[headerSize:at-200]...), entries...), table...)
		foot := footer{at: int64(len(body) - len(table)), items: items, checksum: checksum(table), length: int64(len(body)) + footerSize}
		if err := os.WriteFile(file, append(body, foot.bytes()...), 0o644); err != nil {
			t.Fatal(err)
		}
		for range Items(file) { // items or errors
		}
		_, _, _ = examine(file)
		if info, err := (Decoder{}).Probe(context.Background(), video.Packed(file, 1)); err == nil && info.Frames*info.Width*info.Height < 1<<20 {
			_, _ = Decoder{}.Frames(context.Background(), info, []int{0}, video.RGB)
		}
	})
}
