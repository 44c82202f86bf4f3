//go:build libav && cgo

package libav

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"videomae/internal/given"
	"videomae/seed"
	"videomae/video"
)

// damage changes a video at random: bits, zeroed blocks, a cut end.
func damage(good []byte, trial uint64) []byte {
	rng := seed.Rand(7, "damage", trial)
	bad := bytes.Clone(good)
	switch trial % 3 {
	case 0:
		for range 1 + rng.IntN(20) {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
	case 1:
		at := rng.IntN(len(bad))
		clear(bad[at:min(at+rng.IntN(4096), len(bad))])
	default:
		bad = bad[:rng.IntN(len(bad))]
	}
	return bad
}

// resident is the memory that this process has now, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(text)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// Memory must not grow with the number of clips, good or damaged, in either way of finding frames.
func TestMemoryStays(t *testing.T) {
	peer(t)
	var infos []video.Info
	var damaged []string
	for _, name := range []string{"a.mp4", "a.mkv", "a.avi", "a.ts"} {
		path := encode(t, name, "128x96", 40, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "12", "-pix_fmt", "yuv420p")
		info, err := decoder(t).Probe(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for trial := range uint64(6) {
			bad := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(bad, damage(good, trial), 0o644); err != nil {
				t.Fatal(err)
			}
			damaged = append(damaged, bad)
		}
	}
	d, ctx := decoder(t), context.Background()
	decode := func(i int) {
		info := infos[i%len(infos)]
		if i%4 == 3 {
			found, err := d.Probe(ctx, damaged[i/4%len(damaged)])
			if err != nil {
				return
			}
			info = found
		}
		first := i % max(1, info.Frames-9)
		indices := []int{first, min(first+8, info.Frames-1)}
		if _, err := d.Frames(ctx, info, indices, video.Output{Channels: 3, ShortSide: 64, Crop: 48}); err != nil && i%4 != 3 {
			t.Fatal(err)
		}
	}
	clips := 1500
	if given.Long(t) {
		clips = 20000
	}
	for i := range 300 { // the allocator's own reserves come first
		decode(i)
	}
	before := resident(t)
	for i := range clips {
		decode(i)
	}
	if grown := resident(t) - before; grown > 8<<20 {
		t.Errorf("%d clips took %d KiB that they did not give back", clips, grown>>10)
	}
}
