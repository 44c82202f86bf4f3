package frames

import (
	"math"
	"path/filepath"
	"testing"

	"videomae/internal/given"
	"videomae/video"
	"videomae/weights"
)

func openArrays(t *testing.T, elem ...string) *weights.File {
	t.Helper()
	arrays, err := weights.Open(given.Golden(t, append([]string{"pipeline"}, elem...)...))
	if err != nil {
		t.Fatalf("%s: %v", filepath.Join(elem...), err)
	}
	t.Cleanup(func() { _ = arrays.Close() })
	return arrays
}

// cut is a box of a picture.
func cut(src video.Clip, b Box) video.Clip {
	dst := video.NewClip(src.T, b.H, b.W, src.C)
	for t := range src.T {
		for y := range b.H {
			copy(dst.Frame(t)[y*b.W*src.C:][:b.W*src.C], src.Frame(t)[((b.Y+y)*src.W+b.X)*src.C:])
		}
	}
	return dst
}

func TestNormalisationEqualsOfficialOne(t *testing.T) {
	var c struct {
		Normalise struct {
			Key, Image string
			Box        [4]int `json:"crop_xywh"`
		}
		Flip struct{ Key, Of string } `json:"hflip"`
	}
	decode(t, &c, "transforms.json")
	_, arrays := reference(t)
	table := ImageNet(3)
	n := c.Normalise
	src := cut(picture(t, arrays, "image_"+n.Image), Box{n.Box[0], n.Box[1], n.Box[2], n.Box[3]})
	got := NewFloats(1, src.H, src.W, 3)
	if err := table.Normalise(got, src); err != nil {
		t.Fatal(err)
	}
	want := channelsLast(t, tensor(t, arrays, n.Key))
	if equal := compare(t, n.Key, got, want, tolerance); equal != len(want.Pix) {
		t.Errorf("%s: %d of %d values differ in the last bits", n.Key, len(want.Pix)-equal, len(want.Pix))
	}
	flipped := channelsLast(t, tensor(t, arrays, c.Flip.Of))
	FlipFloats(flipped)
	compare(t, c.Flip.Key, flipped, channelsLast(t, tensor(t, arrays, c.Flip.Key)), 0)

	values, err := tensor(t, arrays, "normalise_table_256x3").Float32s()
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if got := table.values[i%3][i/3]; got != v {
			t.Fatalf("byte %d, channel %d: %v, want %v", i/3, i%3, got, v)
		}
	}
}

func TestActionDetectionsNormalisationEqualsOfficialOne(t *testing.T) {
	arrays := openArrays(t, "ava", "ava.safetensors")
	table, err := NewTable([]float32{122.7717, 115.9465, 102.9801}, []float32{57.375, 57.375, 57.375}, 1)
	if err != nil {
		t.Fatal(err)
	}
	src := picture(t, arrays, "hsv_in")
	got := NewFloats(1, src.H, src.W, 3)
	if err := table.Normalise(got, src); err != nil {
		t.Fatal(err)
	}
	compare(t, "ava_norm", got, channelsLast(t, tensor(t, arrays, "ava_norm")), tolerance)
}

func TestColourEqualsOfficialFunctions(t *testing.T) {
	var c struct {
		Colour struct {
			Box   [4]int `json:"crop_xywh"`
			Cases []struct {
				Key   string
				Alpha float32
			}
		} `json:"unused_color"`
	}
	decode(t, &c, "transforms.json")
	if len(c.Colour.Cases) == 0 {
		t.Fatal("no cases")
	}
	_, arrays := reference(t)
	b := c.Colour.Box
	src := cut(picture(t, arrays, "image_odd"), Box{b[0], b[1], b[2], b[3]})
	bytes := func() Floats {
		clip := NewFloats(1, src.H, src.W, 3)
		for i, v := range src.Pix {
			clip.Pix[i] = float32(v)
		}
		return clip
	}
	// stored as one frame, channels first
	stored := func(key string) Floats {
		x := tensor(t, arrays, key)
		x.Shape = x.Shape[1:]
		return channelsLast(t, x)
	}
	const limit = 1e-3 // of 255
	kinds := map[string]ColourKind{"brightness": Brightness, "contrast": Contrast, "saturation": Saturation}
	for _, want := range c.Colour.Cases {
		kind, ok := kinds[want.Key]
		if !ok {
			t.Fatalf("unknown case %q", want.Key)
		}
		got := bytes()
		if err := LumaBGR.ChangeColour(got, []ColourStep{{kind, want.Alpha}}); err != nil {
			t.Fatal(err)
		}
		compare(t, want.Key, got, stored(want.Key), limit)
	}
	got := bytes()
	if err := LumaBGR.Grey(got); err != nil {
		t.Fatal(err)
	}
	compare(t, "gray", got, stored("gray"), limit)
}

func TestHSVShiftEqualsOfficialOne(t *testing.T) {
	var c struct {
		Transforms struct {
			HSV []struct {
				Key, In string
				Shift   [3]int `json:"hue_sat_val_shift"`
			}
		}
	}
	decode(t, &c, "ava", "ava.json")
	if len(c.Transforms.HSV) == 0 {
		t.Fatal("no cases")
	}
	arrays := openArrays(t, "ava", "ava.safetensors")
	convert := NewHSV()
	for _, want := range c.Transforms.HSV {
		got := cut(picture(t, arrays, want.In), Whole(picture(t, arrays, want.In).W, picture(t, arrays, want.In).H))
		if err := convert.Shift(got, HSVShift{want.Shift[0], want.Shift[1], want.Shift[2]}); err != nil {
			t.Fatal(err)
		}
		equal := 0
		for i, v := range picture(t, arrays, want.Key).Pix {
			d := math.Abs(float64(got.Pix[i]) - float64(v))
			if d > 1 {
				t.Fatalf("%s: value %d is %d, want %d", want.Key, i, got.Pix[i], v)
			}
			if d == 0 {
				equal++
			}
		}
		t.Logf("%s: %d of %d values are equal", want.Key, equal, len(got.Pix))
	}
}
