package chain

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"videomae/frames"
	"videomae/frames/internal/drawtest"
	"videomae/internal/given"
	"videomae/video"
	"videomae/weights"
)

func decode(t *testing.T, into any, name string) {
	t.Helper()
	data, err := os.ReadFile(given.Golden(t, "pipeline", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

type arrays struct {
	t    *testing.T
	file *weights.File
}

func open(t *testing.T, name string) arrays {
	t.Helper()
	file, err := weights.Open(given.Golden(t, "pipeline", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return arrays{t, file}
}

func (a arrays) tensor(key string) weights.Tensor {
	a.t.Helper()
	x, err := a.file.Tensor(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return x
}

// clip is an array of bytes, H x W x C or T x H x W x C.
func (a arrays) clip(key string) video.Clip {
	x := a.tensor(key)
	if len(x.Shape) == 3 {
		x.Shape = append([]int{1}, x.Shape...)
	}
	return video.Clip{T: x.Shape[0], H: x.Shape[1], W: x.Shape[2], C: x.Shape[3], Pix: x.Data}
}

// floats is an array of four axes; the first is the channel (or the second, with timeFirst).
func (a arrays) floats(key string, timeFirst bool) frames.Floats {
	a.t.Helper()
	x := a.tensor(key)
	values, err := x.Float32s()
	if err != nil {
		a.t.Fatal(err)
	}
	c, t := x.Shape[0], x.Shape[1]
	if timeFirst {
		c, t = t, c
	}
	clip := frames.NewFloats(t, x.Shape[2], x.Shape[3], c)
	plane := clip.H * clip.W
	for i, v := range values {
		frame, channel := i/plane%t, i/plane/t
		if timeFirst {
			frame, channel = i/plane/c, i/plane%c
		}
		clip.Pix[(frame*plane+i%plane)*c+channel] = v
	}
	return clip
}

func compare(t *testing.T, what string, got, want frames.Floats, limit float64) {
	t.Helper()
	if len(got.Pix) != len(want.Pix) {
		t.Fatalf("%s: clip %v, want %v", what, got, want)
	}
	worst, equal := 0.0, 0
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
}

// tolerance is how far values may be from the reference. Source: its README.
const tolerance = 2e-5

func TestTrainingEqualsOfficialAugmentation(t *testing.T) {
	var c struct {
		Chains []struct {
			In, Out string
			Noise   []string
			DataSet string `json:"data_set"`
			Reprob  float64
			Crop    int
			Draws   []struct {
				Src, Fn string
				Index   []float64
				Value   float64
			} `json:"draws_in_order"`
		} `json:"finetune_chain"`
	}
	decode(t, &c, "transforms.json")
	if len(c.Chains) == 0 {
		t.Fatal("no cases")
	}
	array := open(t, "transforms.safetensors")
	scratch := new(Scratch)
	for _, want := range c.Chains {
		train, err := OfficialTrain(want.DataSet != "SSV2")
		if err != nil {
			t.Fatal(err)
		}
		train.Erase.Probability = want.Reprob
		draws, before := &drawtest.Recorded{T: t}, ""
		for _, d := range want.Draws {
			switch {
			case d.Fn == "choice":
				draws.Values = append(draws.Values, d.Index...)
			case d.Src == "numpy.random" && before == "video_transforms.random.uniform":
				// for an exchange of width and height that is never made
			default:
				draws.Values = append(draws.Values, d.Value)
			}
			before = d.Src + "." + d.Fn
		}
		src := array.clip(want.In)
		d := train.Draw(draws, src.W, src.H, want.Crop, want.Crop)
		draws.Done()
		noise := &drawtest.Recorded{T: t}
		for _, key := range want.Noise {
			noise.Values = append(noise.Values, pixels(array, key)...)
		}
		got := frames.NewFloats(src.T, want.Crop, want.Crop, 3)
		if err := train.Apply(got, src, d, noise, scratch); err != nil {
			t.Fatal(err)
		}
		noise.Done()
		compare(t, want.Out, got, array.floats(want.Out, false), tolerance)
	}
}

// pixels gives a C x H x W array with the channels of a pixel together.
func pixels(a arrays, key string) []float64 {
	x := a.tensor(key)
	values, err := x.Float32s()
	if err != nil {
		a.t.Fatal(err)
	}
	plane := x.Shape[1] * x.Shape[2]
	out := make([]float64, len(values))
	for i, v := range values {
		out[i%plane*x.Shape[0]+i/plane] = float64(v)
	}
	return out
}

func TestValidationEqualsOfficialOne(t *testing.T) {
	var c struct {
		Chain struct {
			Key, Image string
			ShortSide  int `json:"short_side"`
		} `json:"val_chain"`
	}
	decode(t, &c, "transforms.json")
	array := open(t, "transforms.safetensors")
	src := array.clip("image_" + c.Chain.Image)
	got := frames.NewFloats(1, c.Chain.ShortSide, c.Chain.ShortSide, 3)
	if err := OfficialTest(c.Chain.ShortSide, 1).Apply(got, src, 0, new(Scratch)); err != nil {
		t.Fatal(err)
	}
	compare(t, c.Chain.Key, got, array.floats(c.Chain.Key, false), tolerance)
}

func TestProcessorEqualsHF(t *testing.T) {
	var c struct {
		Cases []struct {
			Key, Src, Backend string
			ShortSide         int `json:"shortest_edge"`
			Crop              int
			Mean, Std         []float32
			Frames            int `json:"frames_stored"`
		}
	}
	decode(t, &c, "hf_processor.json")
	if len(c.Cases) == 0 {
		t.Fatal("no cases")
	}
	array := open(t, "hf_processor.safetensors")
	for _, want := range c.Cases {
		table, err := frames.NewTable(want.Mean, want.Std, 255)
		if err != nil {
			t.Fatal(err)
		}
		src := array.clip(want.Src)
		src.T, src.Pix = want.Frames, src.Pix[:want.Frames*src.H*src.W*src.C]
		chain := HFTest(want.ShortSide, table)
		got := frames.NewFloats(src.T, want.Crop, want.Crop, 3)
		if err := chain.Apply(got, src, 0, new(Scratch)); err != nil {
			t.Fatal(err)
		}
		limit := tolerance // its other backend rounds pixels otherwise: one step of a byte
		if want.Backend != "pil" {
			for _, s := range want.Std {
				limit = max(limit, 1.01/255/float64(s))
			}
			limit *= 1.01
		}
		compare(t, want.Key, got, array.floats(want.Key, true), limit)
	}
}
