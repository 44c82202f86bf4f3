package erase

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"videomae/frames"
	"videomae/frames/internal/drawtest"
	"videomae/internal/given"
	"videomae/weights"
)

// reference is what these tests read of the reference file.
type reference struct {
	Params []struct {
		H, W        int
		Probability float64
		MinArea     float64 `json:"min_area"`
		MaxArea     float64 `json:"max_area"`
		MinAspect   float64 `json:"min_aspect"`
		MaxAspect   float64 `json:"max_aspect"`
		Recount     int
		Splits      int `json:"num_splits"`
		FirstOfFour int `json:"first_erased_frame_of_4"`
		Draws       []drawn
		Boxes       [][4]int `json:"boxes_top_left_h_w"`
	} `json:"erasing_params"`
	Clips []struct {
		In, Out, Mode string
		Recount       int
		Draws         []drawn
		Noise         []string
	} `json:"erasing_clips"`
}

// drawn is a recorded draw: function, arguments, value. Numbers of boxes are drawn from 1 on, not from 0.
type drawn [3]json.RawMessage

func recorded(t *testing.T, draws []drawn) *drawtest.Recorded {
	r := &drawtest.Recorded{T: t}
	for _, d := range draws {
		var name string
		var bounds []float64
		var value float64
		for i, into := range []any{&name, &bounds, &value} {
			if err := json.Unmarshal(d[i], into); err != nil {
				t.Fatal(err)
			}
		}
		if name == "randint" {
			value -= bounds[0]
		}
		r.Values = append(r.Values, value)
	}
	return r
}

func open(t *testing.T) (r reference, array func(key string) weights.Tensor) {
	t.Helper()
	folder := given.Golden(t, "pipeline")
	text, err := os.ReadFile(filepath.Join(folder, "erasing_mixup.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	arrays, err := weights.Open(filepath.Join(folder, "erasing_mixup.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = arrays.Close() })
	if len(r.Params) == 0 || len(r.Clips) == 0 {
		t.Fatal("erasing_mixup.json lacks cases")
	}
	return r, func(key string) weights.Tensor {
		x, err := arrays.Tensor(key)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

// channelsLast is a T x C x H x W array as a clip.
func channelsLast(t *testing.T, x weights.Tensor) frames.Floats {
	values, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	for len(x.Shape) < 4 {
		x.Shape = append([]int{1}, x.Shape...)
	}
	clip := frames.NewFloats(x.Shape[0], x.Shape[2], x.Shape[3], x.Shape[1])
	plane := clip.H * clip.W
	for i, v := range values {
		frame, c, at := i/plane/clip.C, i/plane%clip.C, i%plane
		clip.Pix[(frame*plane+at)*clip.C+c] = v
	}
	return clip
}

func doubles(values []float32) []float64 {
	var out []float64
	for _, v := range values {
		out = append(out, float64(v))
	}
	return out
}

func TestBoxesEqualOfficialOnes(t *testing.T) {
	r, _ := open(t)
	for i, c := range r.Params {
		e := Eraser{Probability: c.Probability, Area: [2]float64{c.MinArea, c.MaxArea}, Aspect: [2]float64{c.MinAspect, c.MaxAspect},
			Count: [2]int{1, c.Recount}, Splits: c.Splits}
		draws := recorded(t, c.Draws)
		var got [][4]int
		for _, b := range e.Draw(draws, c.W, c.H) {
			got = append(got, [4]int{b.Y, b.X, b.H, b.W})
		}
		draws.Done()
		if !slices.Equal(got, c.Boxes) {
			t.Errorf("case %d: boxes %v, want %v", i, got, c.Boxes)
		}
		if got := e.From(4); got != c.FirstOfFour {
			t.Errorf("case %d: erases from frame %d of 4 on, want %d", i, got, c.FirstOfFour)
		}
	}
}

func TestClipsEqualOfficialOnes(t *testing.T) {
	r, array := open(t)
	for _, c := range r.Clips {
		mode, err := NamedMode(c.Mode)
		if err != nil {
			t.Fatal(err)
		}
		e := Official(1)
		e.Mode, e.Count[1], e.Splits = mode, c.Recount, c.Recount
		got := channelsLast(t, array(c.In))
		draws := recorded(t, c.Draws)
		boxes := e.Draw(draws, got.W, got.H)
		draws.Done()
		noise := &drawtest.Recorded{T: t} // recorded for each box, for each frame; a constant is no draw
		for _, key := range c.Noise {
			if mode != Const {
				noise.Values = append(noise.Values, doubles(channelsLast(t, array(key)).Pix)...)
			}
		}
		if err := e.Apply(got, boxes, noise); err != nil {
			t.Fatal(err)
		}
		noise.Done()
		want := channelsLast(t, array(c.Out))
		for i, v := range want.Pix {
			if math.Abs(float64(got.Pix[i]-v)) > 1e-6 {
				t.Fatalf("%s, %s: value %d is %v, want %v", c.Out, c.Mode, i, got.Pix[i], v)
			}
		}
	}
}
