package randaugment

import (
	"testing"

	"videomae/seed"
	"videomae/video"
)

// A clip of 16 frames of 340 x 256 pixels; the usual magnitude.
func BenchmarkOperation(b *testing.B) {
	clip := video.NewClip(16, 256, 340, 3)
	rng := seed.Rand(1, "noise")
	for i := range clip.Pix {
		clip.Pix[i] = uint8(rng.Uint32())
	}
	dst := video.NewClip(clip.T, clip.H, clip.W, clip.C)
	for _, op := range increasingOps() {
		b.Run(op.String(), func(b *testing.B) {
			scratch := new(Scratch)
			b.ReportAllocs()
			for b.Loop() {
				if err := Apply(dst, clip, []Step{{Op: op, Level: 7}}, Bicubic, scratch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
