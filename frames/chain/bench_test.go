package chain

import (
	"testing"

	"videomae/frames"
	"videomae/frames/draw"
	"videomae/seed"
	"videomae/video"
)

func noisy(t, w, h int) video.Clip {
	clip := video.NewClip(t, h, w, 3)
	rng := seed.Rand(1, "noise")
	for i := range clip.Pix {
		clip.Pix[i] = uint8(rng.Uint32())
	}
	return clip
}

// 16 frames of 340 x 256 pixels to 224 x 224, the mean over what is drawn.
func BenchmarkTrain(b *testing.B) {
	train, err := OfficialTrain(true)
	if err != nil {
		b.Fatal(err)
	}
	src, dst, scratch := noisy(16, 340, 256), frames.NewFloats(16, 224, 224, 3), new(Scratch)
	i := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		source := draw.From(seed.Rand(1, "bench", i%64))
		if err := train.Apply(dst, src, train.Draw(source, src.W, src.H, dst.W, dst.H), source, scratch); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkTest(b *testing.B) {
	chain := OfficialTest(224, 3)
	src, dst, scratch := noisy(16, 340, 256), frames.NewFloats(16, 224, 224, 3), new(Scratch)
	b.ReportAllocs()
	for b.Loop() {
		for i := range chain.Views {
			if err := chain.Apply(dst, src, i, scratch); err != nil {
				b.Fatal(err)
			}
		}
	}
}
