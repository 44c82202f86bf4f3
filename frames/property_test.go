package frames

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"videomae/frames/draw"
	"videomae/seed"
	"videomae/video"
)

var methods = []Method{PillowBilinear, PillowBicubic, OpenCVBilinear}

// box draws a box of a w x h frame, often at its borders.
func box(source draw.Source, w, h int) Box {
	b := Box{W: 1 + source.Below(w), H: 1 + source.Below(h)}
	b.X, b.Y = source.Below(w-b.W+1), source.Below(h-b.H+1)
	if source.Below(3) == 0 {
		b.X, b.Y = w-b.W, h-b.H
	}
	return b
}

// What is kept of a resize is what a cut from all of it would be, and what is cut from a frame is all that counts; both for every method,
// from single pixels on.
func TestBoxesBeforeAndAfterAreCuts(t *testing.T) {
	resizer, again := new(Resizer), new(Resizer)
	for i := range uint64(400) {
		source := draw.From(seed.Rand(1, "sizes", i))
		w, h, c := 1+source.Below(40), 1+source.Below(40), 1+source.Below(4)
		src := noisy(1+source.Below(2), w, h, c)
		from := box(source, w, h)
		outW, outH := 1+source.Below(50), 1+source.Below(50)
		if i%5 == 0 && from.W > 1 && from.H > 1 { // an exact halving
			from.W, from.H = from.W&^1, from.H&^1
			outW, outH = from.W/2, from.H/2
		}
		keep := box(source, outW, outH)
		for _, m := range methods {
			whole := video.NewClip(src.T, outH, outW, c)
			if err := resizer.Resize(whole, cut(src, from), m, Fill(Whole(from.W, from.H), outW, outH)); err != nil {
				t.Fatal(err)
			}
			part := video.NewClip(src.T, keep.H, keep.W, c)
			if err := again.Resize(part, src, m, Scaling{From: from, W: outW, H: outH, Keep: keep}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(part.Pix, cut(whole, keep).Pix) {
				t.Fatalf("%v, %v from %+v to %dx%d, of which %+v: pixels differ", m, src, from, outW, outH, keep)
			}
		}
		table := ImageNet(c)
		whole, part := NewFloats(src.T, outH, outW, c), NewFloats(src.T, keep.H, keep.W, c)
		if err := resizer.ResizeFloats(whole, cut(src, from), table, Fill(Whole(from.W, from.H), outW, outH), false); err != nil {
			t.Fatal(err)
		}
		if err := again.ResizeFloats(part, src, table, Scaling{From: from, W: outW, H: outH, Keep: keep}, true); err != nil {
			t.Fatal(err)
		}
		FlipFloats(part)
		want := NewFloats(src.T, keep.H, keep.W, c)
		if err := whole.Cut(want, keep); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(part.Pix, want.Pix) {
			t.Fatalf("floats, %v from %+v to %dx%d, of which %+v: values differ", src, from, outW, outH, keep)
		}
	}
}

func TestResizesKeepFlatFramesAndWholeOnes(t *testing.T) {
	resizer := new(Resizer)
	for _, m := range methods {
		for _, size := range [][2]int{{1, 1}, {1, 30}, {30, 1}, {17, 23}} {
			src := noisy(1, size[0], size[1], 3)
			same := video.NewClip(1, src.H, src.W, 3)
			if err := resizer.Resize(same, src, m, Fill(Whole(src.W, src.H), src.W, src.H)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(same.Pix, src.Pix) {
				t.Errorf("%v: a resize to the same %dx%d pixels changes them", m, src.W, src.H)
			}
			for i := range src.Pix {
				src.Pix[i] = 199
			}
			flat := video.NewClip(1, 19, 7, 3)
			if err := resizer.Resize(flat, src, m, Fill(Whole(src.W, src.H), 7, 19)); err != nil {
				t.Fatal(err)
			}
			for i, v := range flat.Pix {
				if v != 199 {
					t.Fatalf("%v, %v: value %d of a flat frame becomes %d", m, src, i, v)
				}
			}
		}
	}
}

func TestInterpolateEqualsResizeFloatsOfWhatIsNormalised(t *testing.T) {
	src, table := noisy(2, 31, 22, 3), ImageNet(3)
	normalised := NewFloats(2, 22, 31, 3)
	if err := table.Normalise(normalised, src); err != nil {
		t.Fatal(err)
	}
	a, b := NewFloats(2, 16, 16, 3), NewFloats(2, 16, 16, 3)
	s := Fill(Box{2, 1, 29, 20}, 16, 16)
	if err := new(Resizer).Interpolate(a, normalised, s, true); err != nil {
		t.Fatal(err)
	}
	if err := new(Resizer).ResizeFloats(b, src, table, s, true); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Pix, b.Pix) {
		t.Error("values differ")
	}
}

func TestRandomCropsStayInsideTheFrame(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 100}, {100, 1}, {2, 3}, {320, 240}} {
		for i := range uint64(200) {
			b := OfficialCrop().Draw(draw.From(seed.Rand(1, "crop", i)), size[0], size[1])
			if !b.inside(size[0], size[1]) {
				t.Fatalf("%v: box %+v leaves the frame", size, b)
			}
		}
	}
}

func TestViewsCoverTheLongerSide(t *testing.T) {
	for _, size := range [][2]int{{340, 256}, {256, 340}, {256, 256}, {1, 77}} {
		w, h := ShortSide(size[0], size[1], 64)
		for count := 1; count < 8; count++ {
			for i := range count {
				if b := View(w, h, 64, 64, i, count); !b.inside(w, h) {
					t.Errorf("%dx%d, view %d of %d: box %+v leaves the frame", w, h, i, count, b)
				}
			}
			if count > 1 {
				if b := View(w, h, 64, 64, count-1, count); b.X+b.W != w && w > h || b.Y+b.H != h && h > w {
					t.Errorf("%dx%d: the last of %d views ends at %+v", w, h, count, b)
				}
			}
		}
	}
}

func TestFlippingTwiceChangesNothing(t *testing.T) {
	for _, w := range []int{1, 2, 3, 10} {
		clip := noisy(2, w, 3, 3)
		was := slices.Clone(clip.Pix)
		Flip(clip)
		if w == 2 && !bytes.Equal(clip.Pix[:6], []byte{was[3], was[4], was[5], was[0], was[1], was[2]}) {
			t.Errorf("flipped %v is %v", was[:6], clip.Pix[:6])
		}
		Flip(clip)
		if !bytes.Equal(clip.Pix, was) {
			t.Errorf("%d pixels wide: flipped twice, pixels differ", w)
		}
	}
}

// Every pure colour survives the way to hue, saturation and value and back, up to the cut of the last digit.
func TestHSVThereAndBack(t *testing.T) {
	convert := NewHSV()
	for r := 0; r < 256; r += 5 {
		for g := 0; g < 256; g += 5 {
			for b := 0; b < 256; b += 5 {
				h, s, v := convert.FromRGB(uint8(r), uint8(g), uint8(b))
				if h >= hues || int(v) != max(r, g, b) || (s == 0) != (r == g && g == b) && max(r, g, b)-min(r, g, b) > 1 {
					t.Fatalf("(%d, %d, %d) is hue %d, saturation %d, value %d", r, g, b, h, s, v)
				}
				r2, g2, b2 := convert.ToRGB(h, s, v)
				for i, d := range [3]int{r - int(r2), g - int(g2), b - int(b2)} {
					if d > 8 || d < -8 {
						t.Fatalf("(%d, %d, %d) comes back as (%d, %d, %d): channel %d", r, g, b, r2, g2, b2, i)
					}
				}
			}
		}
	}
}

func TestColourJitterDrawsEachKindOnce(t *testing.T) {
	jitter := ColourJitter{Brightness: .4, Saturation: .2}
	first := map[ColourKind]int{}
	for i := range uint64(300) {
		steps := jitter.Draw(draw.From(seed.Rand(1, "colour", i)))
		if len(steps) != 2 || steps[0].Kind == steps[1].Kind {
			t.Fatalf("steps %v", steps)
		}
		first[steps[0].Kind]++
		for _, s := range steps {
			if limit := map[ColourKind]float64{Brightness: .4, Saturation: .2}[s.Kind]; math.Abs(float64(s.Alpha)-1) > limit+1e-6 {
				t.Fatalf("step %+v", s)
			}
		}
	}
	if first[Brightness] < 100 || first[Saturation] < 100 {
		t.Errorf("orders are not drawn evenly: %v", first)
	}
}

func TestBadFloatRequestsAreErrors(t *testing.T) {
	src, resizer := noisy(1, 10, 8, 3), new(Resizer)
	good := Fill(Whole(10, 8), 4, 4)
	for name, err := range map[string]error{
		"channels of the table": resizer.ResizeFloats(NewFloats(1, 4, 4, 3), src, ImageNet(1), good, false),
		"size kept":             resizer.ResizeFloats(NewFloats(1, 5, 4, 3), src, ImageNet(3), good, false),
		"box outside":           resizer.ResizeFloats(NewFloats(1, 4, 4, 3), src, ImageNet(3), Fill(Box{1, 0, 10, 8}, 4, 4), false),
		"kept outside":          resizer.ResizeFloats(NewFloats(1, 4, 4, 3), src, ImageNet(3), Scaling{Whole(10, 8), 5, 5, Box{2, 0, 4, 4}}, false),
		"centre of less":        resizer.Resize(video.NewClip(1, 9, 9, 3), src, OpenCVBilinear, Scaling{Whole(10, 8), 10, 8, Centre(10, 8, 9, 9)}),
		"unknown method":        resizer.Resize(video.NewClip(1, 4, 4, 3), src, Method(9), good),
		"shapes to normalise":   ImageNet(3).Normalise(NewFloats(1, 8, 9, 3), src),
		"grey in colour":        LumaRGB.Grey(NewFloats(1, 2, 2, 1)),
		"grey in hsv":           NewHSV().Shift(noisy(1, 2, 2, 1), HSVShift{}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, c := range map[string]struct {
		mean, std []float32
		scale     float32
	}{
		"none": {nil, nil, 255}, "lengths": {[]float32{0}, []float32{1, 1}, 255}, "zero deviation": {[]float32{0}, []float32{0}, 255}, "scale": {[]float32{0}, []float32{1}, 0},
	} {
		if _, err := NewTable(c.mean, c.std, c.scale); err == nil {
			t.Errorf("table, %s: no error", name)
		}
	}
}

func TestResizersAllocateNothingOnceWarm(t *testing.T) {
	src, small, floats := noisy(2, 40, 30, 3), video.NewClip(2, 16, 16, 3), NewFloats(2, 16, 16, 3)
	resizer, table, i := new(Resizer), ImageNet(3), 0
	use := func() {
		s := Fill(Box{i % 3, 0, 40 - i%3, 30}, 16, 16) // another one each time
		i++
		for _, m := range methods {
			if err := resizer.Resize(small, src, m, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := resizer.ResizeFloats(floats, src, table, s, false); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		use()
	}
	if n := testing.AllocsPerRun(20, use); n > 0 {
		t.Errorf("%v allocations for a clip", n)
	}
}
