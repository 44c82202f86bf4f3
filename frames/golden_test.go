package frames

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"videomae/internal/given"
	"videomae/video"
	"videomae/weights"
)

// cases is what these tests read of the reference file on transforms.
type cases struct {
	Candidates []struct {
		W, H, Input int
		Pairs       [][2]int   `json:"pairs_wh"`
		Offsets     [][][2]int `json:"offsets_xy_by_pair"`
	} `json:"multi_scale_crop_candidates"`
	Crops []struct {
		Key, Image string
		Input      int
		Pair       int    `json:"pair_index"`
		Offset     int    `json:"offset_index"`
		Box        [4]int `json:"box_xywh"`
	} `json:"group_multi_scale_crop"`
	Chain struct {
		Key   string
		Input int
		Pair  int `json:"pair_index"`
		Place int `json:"offset_index"`
	} `json:"pretrain_chain"`
}

func reference(t *testing.T) (c cases, arrays *weights.File) {
	t.Helper()
	folder := given.Golden(t, "pipeline")
	data, err := os.ReadFile(filepath.Join(folder, "transforms.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Candidates) == 0 || len(c.Crops) == 0 || c.Chain.Key == "" {
		t.Fatal("transforms.json lacks cases")
	}
	arrays, err = weights.Open(filepath.Join(folder, "transforms.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = arrays.Close() })
	return c, arrays
}

func tensor(t *testing.T, arrays *weights.File, name string) weights.Tensor {
	t.Helper()
	x, err := arrays.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// picture is a stored H x W x 3 picture as a clip of one frame.
func picture(t *testing.T, arrays *weights.File, name string) video.Clip {
	x := tensor(t, arrays, name)
	return video.Clip{T: 1, H: x.Shape[0], W: x.Shape[1], C: x.Shape[2], Pix: x.Data}
}

func TestCropCandidatesEqualOfficialOnes(t *testing.T) {
	c, _ := reference(t)
	for _, want := range c.Candidates {
		sizes := CropSizes(want.W, want.H, want.Input, want.Input)
		if len(sizes) != len(want.Pairs) {
			t.Fatalf("%d sizes, want %d", len(sizes), len(want.Pairs))
		}
		for i, size := range sizes {
			if size.W != want.Pairs[i][0] || size.H != want.Pairs[i][1] {
				t.Errorf("%dx%d to %d: pair %d is %dx%d, want %v", want.W, want.H, want.Input, i, size.W, size.H, want.Pairs[i])
			}
			var offsets [][2]int
			for _, p := range CropPlaces(want.W, want.H, size.W, size.H) {
				offsets = append(offsets, [2]int{p.X, p.Y})
			}
			if !slices.Equal(offsets, want.Offsets[i]) {
				t.Errorf("%dx%d to %d: offsets of pair %d are %v, want %v", want.W, want.H, want.Input, i, offsets, want.Offsets[i])
			}
		}
	}
}

func TestCropResizeEqualsPillow(t *testing.T) {
	c, arrays := reference(t)
	for _, want := range c.Crops {
		src := picture(t, arrays, "image_"+want.Image)
		size := CropSizes(src.W, src.H, want.Input, want.Input)[want.Pair]
		box := CropPlaces(src.W, src.H, size.W, size.H)[want.Offset]
		if got := [4]int{box.X, box.Y, box.W, box.H}; got != want.Box {
			t.Errorf("%s: box %v, want %v", want.Key, got, want.Box)
		}
		dst := video.NewClip(1, want.Input, want.Input, 3)
		if err := CropResize(dst, src, box); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(dst.Pix, picture(t, arrays, want.Key).Pix) {
			t.Errorf("%s: pixels differ from Pillow's", want.Key)
		}
	}
}

func TestPretrainChainEqualsOfficialOne(t *testing.T) {
	c, arrays := reference(t)
	big := picture(t, arrays, "image_big")
	src := video.NewClip(2, big.H, big.W, 3) // the picture, and the same upside down
	row := big.W * 3
	for y := range big.H {
		copy(src.Frame(0)[y*row:], big.Pix[y*row:][:row])
		copy(src.Frame(1)[y*row:], big.Pix[(big.H-1-y)*row:][:row])
	}
	size := CropSizes(src.W, src.H, c.Chain.Input, c.Chain.Input)[c.Chain.Pair]
	small := video.NewClip(2, c.Chain.Input, c.Chain.Input, 3)
	if err := CropResize(small, src, CropPlaces(src.W, src.H, size.W, size.H)[c.Chain.Place]); err != nil {
		t.Fatal(err)
	}
	got := normalise(small.Pix)
	want, err := tensor(t, arrays, c.Chain.Key).Float32s() // channels first
	if err != nil {
		t.Fatal(err)
	}
	plane := len(want) / 3
	for i := range plane {
		for ch := range 3 {
			if d := math.Abs(float64(got[i*3+ch] - want[ch*plane+i])); d > 2e-5 {
				t.Fatalf("pixel %d, channel %d: %v, want %v", i, ch, got[i*3+ch], want[ch*plane+i])
			}
		}
	}
}

// normalise is (v/255 - mean) / deviation for the bytes of RGB pixels.
func normalise(pix []uint8) []float32 {
	mean, std := PixelStats(3)
	values := make([]float32, len(pix))
	for i, v := range pix {
		values[i] = (float32(v)/255 - mean[i%3]) / std[i%3]
	}
	return values
}
