package frames

import (
	"bytes"
	"math"
	"testing"

	"videomae/video"
	"videomae/weights"
)

// channelsLast is a C x T x H x W array, or one without T, as a clip.
func channelsLast(t *testing.T, x weights.Tensor) Floats {
	t.Helper()
	values, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	n := len(x.Shape)
	clip := NewFloats(1, x.Shape[n-2], x.Shape[n-1], x.Shape[0])
	if n == 4 {
		clip = NewFloats(x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[0])
	}
	plane := clip.T * clip.H * clip.W
	for i, v := range values {
		clip.Pix[i%plane*clip.C+i/plane] = v
	}
	return clip
}

// tolerance is how far values of float chains may be from the reference. Source: its README.
const tolerance = 2e-5

// compare checks values, and tells how many are equal to the bit.
func compare(t *testing.T, what string, got, want Floats, limit float64) (equal int) {
	t.Helper()
	if got.shape() != want.shape() {
		t.Fatalf("%s: clip %v, want %v", what, got, want)
	}
	worst := 0.0
	for i, v := range want.Pix {
		d := math.Abs(float64(got.Pix[i] - v))
		if !(d <= limit) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got.Pix[i], v)
		}
		if worst = max(worst, d); d == 0 {
			equal++
		}
	}
	t.Logf("%s: %d of %d values equal to the bit, largest difference %.2g", what, equal, len(want.Pix), worst)
	return equal
}

func TestResizesEqualOpenCV(t *testing.T) {
	var c struct {
		Cases []struct {
			Key, Image string
			ShortSide  int    `json:"short_side"`
			Out        [2]int `json:"out_hw"`
			Centre     [2]int `json:"center_crop_xy"`
		} `json:"cv2_resize"`
	}
	decode(t, &c, "transforms.json")
	if len(c.Cases) == 0 {
		t.Fatal("no cases")
	}
	_, arrays := reference(t)
	resizer := new(Resizer)
	for _, want := range c.Cases {
		src, whole := picture(t, arrays, "image_"+want.Image), picture(t, arrays, want.Key)
		w, h := ShortSide(src.W, src.H, want.ShortSide)
		if w != want.Out[1] || h != want.Out[0] {
			t.Fatalf("%s: %dx%d, want %v", want.Key, w, h, want.Out)
		}
		got := video.NewClip(1, h, w, 3)
		if err := resizer.Resize(got, src, OpenCVBilinear, Fill(Whole(src.W, src.H), w, h)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Pix, whole.Pix) {
			t.Errorf("%s: pixels differ from OpenCV's", want.Key)
		}
		if b := Centre(w, h, want.ShortSide, want.ShortSide); b.X != want.Centre[0] || b.Y != want.Centre[1] {
			t.Errorf("%s: centre %+v, want %v", want.Key, b, want.Centre)
		}
	}
}

func TestResizesEqualPyTorch(t *testing.T) {
	var c struct {
		Torch struct {
			Cases []struct {
				Key, Image string
				Side       int
				Place      int `json:"spatial_idx"`
			}
		} `json:"torch_resize_crop"`
		Random []struct {
			Key, Image string
			Box        [4]int `json:"box_ijhw"`
			Out        int
		} `json:"random_resized_crop"`
	}
	decode(t, &c, "transforms.json")
	if len(c.Torch.Cases) == 0 || len(c.Random) == 0 {
		t.Fatal("no cases")
	}
	_, arrays := reference(t)
	resizer, table := new(Resizer), ImageNet(3)
	for _, want := range c.Torch.Cases {
		src := picture(t, arrays, "image_"+want.Image)
		w, h := ShortSide(src.W, src.H, want.Side)
		s := Scaling{From: Whole(src.W, src.H), W: w, H: h, Keep: UniformCrop(w, h, want.Side, want.Place)}
		got := NewFloats(1, want.Side, want.Side, 3)
		if err := resizer.ResizeFloats(got, src, table, s, false); err != nil {
			t.Fatal(err)
		}
		compare(t, want.Key, got, channelsLast(t, tensor(t, arrays, want.Key)), tolerance)
	}
	for _, want := range c.Random {
		src := picture(t, arrays, "image_"+want.Image)
		s := Fill(Box{X: want.Box[1], Y: want.Box[0], W: want.Box[3], H: want.Box[2]}, want.Out, want.Out)
		got := NewFloats(1, want.Out, want.Out, 3)
		if err := resizer.ResizeFloats(got, src, table, s, false); err != nil {
			t.Fatal(err)
		}
		compare(t, want.Key, got, channelsLast(t, tensor(t, arrays, want.Key)), tolerance)
	}
}

func TestActionDetectionsResizeEqualsOfficialOne(t *testing.T) {
	arrays := openArrays(t, "ava", "ava.safetensors")
	src, want := picture(t, arrays, "hsv_in"), picture(t, arrays, "ava_resize_40")
	got := video.NewClip(1, want.H, want.W, 3)
	w, h := ShortSide(src.W, src.H, min(want.W, want.H))
	if err := new(Resizer).Resize(got, src, OpenCVBilinear, Fill(Whole(src.W, src.H), w, h)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Pix, want.Pix) {
		t.Error("pixels differ")
	}
}
