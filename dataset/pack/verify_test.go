package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/video"
)

func verify(dir string) error {
	_, err := Verify(context.Background(), dir, 2, func(int, int) {})
	return err
}

// regions tells, for each byte of a shard, what it belongs to: clip and frame as Damage counts them.
func regions(t *testing.T, path string) (clips, frames []int) {
	t.Helper()
	s, err := openShard(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	clips, frames = make([]int, s.length), make([]int, s.length)
	for i := range clips {
		clips[i], frames[i] = -1, -1
	}
	n := 0
	for e, err := range s.entries() {
		if err != nil {
			t.Fatal(err)
		}
		spans, err := s.spans(n, e)
		if err != nil {
			t.Fatal(err)
		}
		for at := e.at; at < e.tableAt+int64(e.frames*frameRow); at++ {
			clips[at] = n
		}
		for i, sp := range spans {
			for at := range int64(sp.length) {
				frames[sp.at+at] = i
			}
		}
		n++
	}
	return clips, frames
}

func TestDamagedByteIsNamedWhereverItIs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, many(3), Options{Settings: settings()})
	path := filepath.Join(dir, shardName(0))
	clips, frames := regions(t, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for at := 0; at < len(data); at++ {
		if at%3 != 0 || frames[at] >= 0 && at%97 != 0 { // which leaves no part out; frames are long
			continue
		}
		data[at] ^= 0x10
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		data[at] ^= 0x10
		err := verify(dir)
		damage := (*Damage)(nil)
		if !errors.As(err, &damage) || damage.Shard != path {
			t.Fatalf("byte %d: error %v, want damage of the shard", at, err)
		}
		if clips[at] >= 0 && damage.Clip != clips[at] || damage.Frame != frames[at] {
			t.Fatalf("byte %d: %v, want clip %d, frame %d", at, err, clips[at], frames[at])
		}
		if clips[at] >= 0 && !strings.Contains(err.Error(), fmt.Sprintf("video %d.mp4", clips[at])) {
			t.Fatalf("byte %d: %v does not name the video", at, err)
		}
		seen[fmt.Sprintf("clip %v frame %v", clips[at] >= 0, frames[at] >= 0)]++
	}
	if len(seen) != 3 {
		t.Errorf("bytes of these kinds were damaged: %v", seen)
	}
}

// TestDamageIsFoundWhereItIsReadAndNowhereElse reads around a damaged frame.
func TestDamageIsFoundWhereItIsReadAndNowhereElse(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, many(3), Options{Settings: settings()})
	path := filepath.Join(dir, shardName(0))
	clips, frames := regions(t, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range data {
		if clips[at] == 1 && frames[at] == 2 {
			data[at+20] ^= 1
			break
		}
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for n, item := range items(t, dir) {
		info, err := Decoder{}.Probe(ctx, item.Path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range info.Frames {
			_, err := Decoder{}.Frames(ctx, info, []int{i}, video.RGB)
			if bad := n == 1 && i == 2; (err != nil) != bad || bad && !strings.Contains(err.Error(), "clip 1 (b/video 1.mp4), frame 2: damaged") {
				t.Errorf("clip %d, frame %d: %v", n, i, err)
			}
		}
	}
}

func TestTruncatedShard(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, many(3), Options{Settings: settings()})
	path := filepath.Join(dir, shardName(0))
	clip := items(t, dir)[2].Path
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for length := 0; length < len(data); length += 1 + len(data)/300 {
		if err := os.WriteFile(path, data[:length], 0o644); err != nil {
			t.Fatal(err)
		}
		err := verify(dir)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut to %d bytes: %v", length, err)
		}
		if _, err := (Decoder{}).Probe(context.Background(), clip); err == nil {
			t.Fatalf("a clip of a shard cut to %d bytes was probed", length)
		}
	}
	if err := os.WriteFile(path, append(data, 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if verify(dir) == nil {
		t.Error("a shard with a byte too many passes")
	}
}

func TestShardsThatDoNotFitTheDescription(t *testing.T) {
	o := inSmallShards()
	dir, other := t.TempDir(), t.TempDir()
	write(t, dir, many(30), o)
	write(t, other, many(31), o)
	whole := contents(t, dir)
	put := func(name, data string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	change := func(change func(*Description)) {
		var d Description
		if err := json.Unmarshal([]byte(whole[File]), &d); err != nil {
			t.Fatal(err)
		}
		change(&d)
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		put(File, string(text))
	}
	for name, c := range map[string]struct {
		spoil func()
		says  string
	}{
		"exchanged":       {func() { put(shardName(0), whole[shardName(1)]); put(shardName(1), whole[shardName(0)]) }, "stands for shard"},
		"of another pack": {func() { put(shardName(1), contents(t, other)[shardName(1)]) }, "another pack"},
		"missing":         {func() { _ = os.Remove(filepath.Join(dir, shardName(1))) }, "no such file"},
		"a folder": {func() {
			_ = os.Remove(filepath.Join(dir, shardName(1)))
			_ = os.Mkdir(filepath.Join(dir, shardName(1)), 0o777)
		}, "not a file"},
		"too few items":  {func() { change(func(d *Description) { d.Shards[0].Items--; d.Shards[1].First--; d.Shards[1].Items++ }) }, "items"},
		"other length":   {func() { change(func(d *Description) { d.Shards[0].Bytes++ }) }, "bytes"},
		"holes":          {func() { change(func(d *Description) { d.Shards[1].First++ }) }, "does not follow"},
		"not all":        {func() { change(func(d *Description) { d.Shards = d.Shards[:1] }) }, "complete"},
		"newer version":  {func() { change(func(d *Description) { d.Version++ }) }, "version"},
		"no description": {func() { put(File, "{") }, "not the description"},
		"unknown key":    {func() { put(File, `{"colour": 1}`) }, "colour"},
	} {
		c.spoil()
		if err := verify(dir); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: verified with %v, want an error with %q", name, err, c.says)
		}
		failed := false
		for _, err := range Items(dir) {
			failed = failed || err != nil
		}
		if !failed {
			t.Errorf("%s: items without an error", name)
		}
		_ = os.RemoveAll(filepath.Join(dir, shardName(1)))
		for name, data := range whole {
			put(name, data)
		}
	}
	if err := verify(dir); err != nil {
		t.Error(err)
	}
	change(func(d *Description) { d.Shards[0].SHA256 = strings.Repeat("0", 64) })
	if err := verify(dir); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("another hash: %v", err)
	}
}

func TestFinishedShardsOfAnUnfinishedPackAreUsable(t *testing.T) {
	o := inSmallShards()
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(p Progress) {
		if p.Shards == 2 {
			cancel()
		}
	}
	dir := t.TempDir()
	d, err := Write(ctx, dir, many(30), painter{}, o)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	n := 0
	for i := range d.Shards {
		for _, item := range items(t, filepath.Join(dir, shardName(i))) {
			checkClip(t, item.Path, many(30)[n], o.Settings)
			n++
		}
	}
	if n == 0 || n != d.Covered() {
		t.Errorf("%d clips, want %d", n, d.Covered())
	}
}

func TestWrongPaths(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, many(2), Options{Settings: settings()})
	shard := filepath.Join(dir, shardName(0))
	for _, path := range []string{shard, shard + "#", shard + "#-1", shard + "#x", shard + "#2", filepath.Join(dir, shardName(1)) + "#0", "video.mp4#1"} {
		file, _, _ := strings.Cut(path, "#")
		if _, err := (Decoder{}).Probe(ctx, path); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	info, err := Decoder{}.Probe(ctx, video.Packed(shard, 0))
	if err != nil {
		t.Fatal(err)
	}
	info.Frames++ // as of another pack in the same place
	if _, err := (Decoder{}).Frames(ctx, info, []int{0}, video.RGB); err == nil {
		t.Error("frames of another clip")
	}
}
