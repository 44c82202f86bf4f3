package frames

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"videomae/frames/internal/drawtest"
	"videomae/internal/given"
)

// decode reads a JSON file of the reference folder.
func decode(t *testing.T, into any, elem ...string) {
	t.Helper()
	data, err := os.ReadFile(given.Golden(t, append([]string{"pipeline"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", filepath.Join(elem...), err)
	}
}

func TestRandomCropsEqualOfficialOnes(t *testing.T) {
	var c struct {
		Crops []struct {
			H, W  int
			Draws [][2]json.RawMessage
			Box   [4]int `json:"box_ijhw"`
		} `json:"random_resized_crop_params"`
	}
	decode(t, &c, "transforms.json")
	if len(c.Crops) == 0 {
		t.Fatal("no cases")
	}
	for i, want := range c.Crops {
		draws := &drawtest.Recorded{T: t}
		for _, d := range want.Draws {
			var v float64
			if err := json.Unmarshal(d[1], &v); err != nil {
				t.Fatal(err)
			}
			draws.Values = append(draws.Values, v)
		}
		b := OfficialCrop().Draw(draws, want.W, want.H)
		draws.Done()
		if got := [4]int{b.Y, b.X, b.H, b.W}; got != want.Box {
			t.Errorf("case %d, %dx%d: box %v, want %v", i, want.W, want.H, got, want.Box)
		}
	}
}

func TestCentreCropsEqualOfficialOnes(t *testing.T) {
	var c struct {
		Centres []struct {
			Size, Crop int
			Offset     int `json:"offset_mod_256"`
		} `json:"center_crop_offsets"`
	}
	decode(t, &c, "transforms.json")
	for _, want := range c.Centres {
		if got := Centre(want.Size, want.Crop, want.Crop, want.Crop); got.X%256 != want.Offset || got.Y != 0 {
			t.Errorf("%d of %d: %+v, want offset %d", want.Crop, want.Size, got, want.Offset)
		}
	}
}

func TestViewsEqualOfficialOnes(t *testing.T) {
	var c struct {
		Views []struct {
			W, H      int
			ShortSide int    `json:"short_side"`
			Resized   [2]int `json:"resized_hw"`
			Axis      string
			Starts    []int
		} `json:"test_spatial"`
	}
	decode(t, &c, "sampling.json")
	if len(c.Views) == 0 {
		t.Fatal("no cases")
	}
	for _, want := range c.Views {
		for i, start := range want.Starts {
			s := ShortSideView(want.W, want.H, want.ShortSide, want.ShortSide, want.ShortSide, i, len(want.Starts))
			if s.W != want.Resized[1] || s.H != want.Resized[0] {
				t.Errorf("%dx%d to %d: %dx%d, want %v", want.W, want.H, want.ShortSide, s.W, s.H, want.Resized)
			}
			x, y := start, 0
			if want.Axis == "y" {
				x, y = 0, start
			}
			if s.Keep.X != x || s.Keep.Y != y {
				t.Errorf("%dx%d to %d, view %d of %d: %+v, want (%d, %d)", want.W, want.H, want.ShortSide, i, len(want.Starts), s.Keep, x, y)
			}
		}
	}
}
