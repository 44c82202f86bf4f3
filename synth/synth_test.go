package synth

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"videomae/seed"
	"videomae/video"
)

// small returns options for clips of 16 frames of 64x64 pixels.
func small() Options {
	o := Defaults()
	o.Frames = 16
	return o
}

// render is Render of valid options.
func render(t *testing.T, o Options, index int) (video.Clip, Label) {
	t.Helper()
	clip, label, err := Render(o, index)
	if err != nil {
		t.Fatal(err)
	}
	return clip, label
}

func TestRenderDependsOnSeedAndIndexAlone(t *testing.T) {
	o := small()
	base, _ := render(t, o, 3)
	if again, _ := render(t, o, 3); !bytes.Equal(base.Pix, again.Pix) {
		t.Error("two calls differ")
	}
	o.Clips, o.FPS, o.ValShare = 1, 99, 0.5
	if same, _ := render(t, o, 3); !bytes.Equal(base.Pix, same.Pix) {
		t.Error("number of clips, frame rate or split changed the pixels")
	}
	if other, _ := render(t, o, 3+len(Motions)); bytes.Equal(base.Pix, other.Pix) {
		t.Error("two clips of a class are the same")
	}
	o.Seed++
	if other, _ := render(t, o, 3); bytes.Equal(base.Pix, other.Pix) {
		t.Error("another seed gives the same clip")
	}
}

func TestFirstFrameSaysNothingOfTheClass(t *testing.T) {
	for index := range 3 {
		var first []uint8
		last := map[string]Motion{}
		for _, m := range Motions {
			o := small()
			o.Motions = []Motion{m}
			clip, label := render(t, o, index)
			if label.Motion != m {
				t.Fatalf("clip of %s is labelled %s", m, label.Motion)
			}
			if first == nil {
				first = clip.Frame(0)
			}
			if !bytes.Equal(first, clip.Frame(0)) {
				t.Errorf("clip %d: the first frame of %s is not that of %s", index, m, Motions[0])
			}
			middle := string(clip.Frame(clip.T * 3 / 5))
			if twin, taken := last[middle]; taken {
				t.Errorf("clip %d: %s and %s look alike later on", index, m, twin)
			}
			last[middle] = m
		}
	}
}

// track measures the shape in every frame, as the pixels that differ from the background: the middle in pixels, and the area.
func track(clip video.Clip, backdrop []uint8) (x, y, area []float64) {
	for t := range clip.T {
		var sx, sy, n float64
		for i := range clip.H * clip.W {
			if !bytes.Equal(clip.Frame(t)[3*i:3*i+3], backdrop[3*i:3*i+3]) {
				sx, sy, n = sx+float64(i%clip.W), sy+float64(i/clip.W), n+1
			}
		}
		x, y, area = append(x, sx/n), append(y, sy/n), append(area, n)
	}
	return x, y, area
}

// winding is the mean of the sine of the turns of a course: positive when it turns clockwise on the screen.
func winding(x, y []float64) float64 {
	sum := 0.0
	for i := 2; i < len(x); i++ {
		ax, ay, bx, by := x[i-1]-x[i-2], y[i-1]-y[i-2], x[i]-x[i-1], y[i]-y[i-1]
		sum += (ax*by - ay*bx) / math.Max(1e-9, math.Hypot(ax, ay)*math.Hypot(bx, by))
	}
	return sum / float64(len(x)-2)
}

func TestShapesMoveAsTheirClassSays(t *testing.T) {
	span := func(v []float64) float64 {
		low, high := v[0], v[0]
		for _, f := range v {
			low, high = math.Min(low, f), math.Max(high, f)
		}
		return high - low
	}
	for round := range 4 {
		for class, m := range Motions {
			o := small()
			index := round*len(Motions) + class
			clip, _ := render(t, o, index)
			look := drawScene(seed.Rand(o.Seed, "synth look", uint64(index)), o.Height, o.Width)
			x, y, area := track(clip, look.backdrop)
			end := clip.T - 1
			dx, dy, growth := x[end]-x[0], y[end]-y[0], area[end]/area[0]
			still := span(x) < 5 && span(y) < 5
			ok := map[Motion]bool{
				Left:             dx < -8 && span(y) < 5,
				Right:            dx > 8 && span(y) < 5,
				Up:               dy < -8 && span(x) < 5,
				Down:             dy > 8 && span(x) < 5,
				Clockwise:        winding(x, y) > 0.1 && span(x) > 5 && span(y) > 5,
				Counterclockwise: winding(x, y) < -0.1 && span(x) > 5 && span(y) > 5,
				Grow:             growth > 1.4 && still,
				Shrink:           growth < 0.6 && still,
				Spin:             math.Abs(growth-1) < 0.15 && still && !bytes.Equal(clip.Frame(0), clip.Frame(clip.T/3)),
				Bounce:           span(y) > 6 && math.Abs(dy) < 2 && span(x) < 5,
				Shake:            span(x) > 8 && math.Abs(dx) < 2 && span(y) < 5,
			}
			if !ok[m] {
				t.Errorf("clip %d does not %s: moved by (%.1f,%.1f), spans (%.1f,%.1f), area x%.2f, winding %.2f",
					index, m, dx, dy, span(x), span(y), growth, winding(x, y))
			}
		}
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	for _, c := range []struct {
		say  string
		with func(*Options)
	}{
		{"size 7x64", func(o *Options) { o.Height = 7 }},
		{"size 64x65", func(o *Options) { o.Width = 65 }},
		{"1 frames", func(o *Options) { o.Frames = 1 }},
		{"frame rate 0", func(o *Options) { o.FPS = 0 }},
		{"frame rate NaN", func(o *Options) { o.FPS = math.NaN() }},
		{"no motions", func(o *Options) { o.Motions = nil }},
		{`unknown motion "sit"`, func(o *Options) { o.Motions = []Motion{"sit"} }},
		{"listed twice", func(o *Options) { o.Motions = []Motion{Left, Left} }},
		{"validation share 1", func(o *Options) { o.ValShare = 1 }},
	} {
		o := small()
		c.with(&o)
		if _, _, err := Render(o, 0); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("error %v, want one that says %q", err, c.say)
		}
	}
	if _, _, err := Render(small(), -1); err == nil {
		t.Error("a negative index gave a clip")
	}
}
