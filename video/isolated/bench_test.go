//go:build unix

package isolated

import (
	"testing"

	"videomae/internal/given"
	"videomae/video"
)

// BenchmarkClip is what a clip of 16 whole frames takes, decoded here and in a worker.
func BenchmarkClip(b *testing.B) {
	path := given.Clips(b, "fightsurv", "fight", "fi011.mp4")
	direct, err := real("libav")
	if err != nil {
		b.Skip(err)
	}
	workers, err := New(Options{Command: command("libav"), Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer workers.Close()
	info, err := direct.Probe(ctx, path)
	if err != nil {
		b.Fatal(err)
	}
	indices := video.PretrainIndices(0, info.Frames, 16, 4)
	for name, d := range map[string]video.Decoder{"direct": direct, "isolated": workers} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Frames(ctx, info, indices, video.RGB); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
