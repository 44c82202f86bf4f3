package frames

import (
	"testing"

	"videomae/seed"
	"videomae/video"
)

// noisy is a clip of t frames as decoders give them, with pixels that compress badly.
func noisy(t, w, h, c int) video.Clip {
	clip := video.NewClip(t, h, w, c)
	rng := seed.Rand(1, "noise")
	for i := range clip.Pix {
		clip.Pix[i] = uint8(rng.Uint32())
	}
	return clip
}

// The clip and sizes of all benchmarks: 16 frames of 340 x 256 pixels to 224 x 224.
func BenchmarkResize(b *testing.B) {
	src, dst := noisy(16, 340, 256, 3), video.NewClip(16, 224, 224, 3)
	for name, c := range map[string]struct {
		method  Method
		scaling Scaling
	}{
		"pillow-bilinear": {PillowBilinear, Fill(Box{42, 0, 256, 256}, 224, 224)},
		"pillow-bicubic":  {PillowBicubic, Fill(Box{42, 0, 256, 256}, 224, 224)},
		"opencv-bilinear": {OpenCVBilinear, ShortSideView(340, 256, 224, 224, 224, 0, 1)},
	} {
		b.Run(name, func(b *testing.B) {
			resizer := new(Resizer)
			b.ReportAllocs()
			for b.Loop() {
				if err := resizer.Resize(dst, src, c.method, c.scaling); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResizeFloats(b *testing.B) {
	src, dst, resizer, table := noisy(16, 340, 256, 3), NewFloats(16, 224, 224, 3), new(Resizer), ImageNet(3)
	b.ReportAllocs()
	for b.Loop() {
		if err := resizer.ResizeFloats(dst, src, table, Fill(Box{60, 30, 200, 180}, 224, 224), true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalise(b *testing.B) {
	src, dst, table := noisy(16, 224, 224, 3), NewFloats(16, 224, 224, 3), ImageNet(3)
	b.ReportAllocs()
	for b.Loop() {
		if err := table.Normalise(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHSVShift(b *testing.B) {
	clip, convert := noisy(16, 224, 224, 3), NewHSV()
	b.ReportAllocs()
	for b.Loop() {
		if err := convert.Shift(clip, HSVShift{7, -20, 13}); err != nil {
			b.Fatal(err)
		}
	}
}
