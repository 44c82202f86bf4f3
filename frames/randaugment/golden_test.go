package randaugment

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"videomae/frames/internal/drawtest"
	"videomae/internal/given"
	"videomae/video"
	"videomae/weights"
)

// reference is what these tests read of the reference file.
type reference struct {
	Levels struct {
		Ops map[string][][3]json.RawMessage `json:"ops"`
	} `json:"level_to_arg"`
	Policies []struct {
		String      string
		Layers      int       `json:"num_layers"`
		Weights     []float64 `json:"choice_weights"`
		Magnitude   float64
		Deviation   float64 `json:"magnitude_std"`
		Probability float64 `json:"op_prob"`
		Ops         []string
		Fill        []int `json:"fillcolor"`
		Resample    int
	}
	Ops []struct {
		Key, Op, Src, Resample string
		Level                  *float64
		Sign                   int
		Args                   []float64
	} `json:"op_cases"`
	Interpolations map[string]int `json:"interpolation_names"`
	EndToEnd       []struct {
		Key   string
		Draws []drawn `json:"draws_in_order"`
		Ops   []string
	} `json:"end_to_end"`
}

// drawn is a recorded draw.
type drawn struct {
	Fn    string
	Index []float64
	Value float64
}

func recorded(t *testing.T, draws []drawn) *drawtest.Recorded {
	r := &drawtest.Recorded{T: t}
	for _, d := range draws {
		if d.Fn == "choice" {
			r.Values = append(r.Values, d.Index...)
		} else {
			r.Values = append(r.Values, d.Value)
		}
	}
	return r
}

func open(t *testing.T) (r reference, picture func(key string) video.Clip) {
	t.Helper()
	folder := given.Golden(t, "pipeline")
	text, err := os.ReadFile(filepath.Join(folder, "randaugment.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	arrays, err := weights.Open(filepath.Join(folder, "randaugment.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = arrays.Close() })
	return r, func(key string) video.Clip {
		x, err := arrays.Tensor(key)
		if err != nil {
			t.Fatal(err)
		}
		n := len(x.Shape)
		clip := video.Clip{T: 1, H: x.Shape[n-3], W: x.Shape[n-2], C: x.Shape[n-1], Pix: x.Data}
		if n == 4 {
			clip.T = x.Shape[0]
		}
		return clip
	}
}

// furthest is the largest difference of two clips, and how many values differ.
func furthest(a, b video.Clip) (most, differ int) {
	for i, v := range a.Pix {
		if d := max(int(v)-int(b.Pix[i]), int(b.Pix[i])-int(v)); d > 0 {
			most, differ = max(most, d), differ+1
		}
	}
	return most, differ
}

func TestArgumentsEqualOfficialOnes(t *testing.T) {
	r, _ := open(t)
	compared := 0
	for name, rows := range r.Levels.Ops {
		op, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			var level float64
			if err := json.Unmarshal(row[0], &level); err != nil {
				t.Fatal(err)
			}
			for i, negate := range []bool{false, true} {
				var want []float64
				if err := json.Unmarshal(row[1+i], &want); err != nil {
					t.Fatal(err)
				}
				if got := op.Arg(level, negate && op.Signed()); math.Abs(got-want[0]) > 1e-12 {
					t.Errorf("%s at %v, negated %v: %v, want %v", name, level, negate, got, want[0])
				}
				compared++
			}
		}
	}
	if compared == 0 {
		t.Error("no arguments in the reference file")
	}
}

func TestPoliciesEqualOfficialOnes(t *testing.T) {
	r, _ := open(t)
	for _, want := range r.Policies {
		got, err := Parse(want.String)
		if err != nil {
			t.Fatal(err)
		}
		if got.Layers != want.Layers || got.Magnitude != want.Magnitude || got.Deviation != want.Deviation || got.Probability != want.Probability {
			t.Errorf("%s: %+v, want %+v", want.String, got, want)
		}
		if r.Interpolations["bicubic"] != want.Resample || got.Resample != Bicubic || want.Fill[0] != fill {
			t.Errorf("%s: interpolation %d and fill %v", want.String, want.Resample, want.Fill)
		}
		for i, name := range want.Ops {
			if got.Ops[i].String() != name {
				t.Errorf("%s: operation %d is %v, want %s", want.String, i, got.Ops[i], name)
			}
		}
		if len(got.Weights) != len(want.Weights) {
			t.Fatalf("%s: weights %v, want %v", want.String, got.Weights, want.Weights)
		}
		for i, w := range want.Weights {
			if math.Abs(got.Weights[i]-w) > 1e-12 {
				t.Errorf("%s: weight %d is %v, want %v", want.String, i, got.Weights[i], w)
			}
		}
	}
}

func TestOperationsEqualPillow(t *testing.T) {
	r, array := open(t)
	exact := 0
	for _, c := range r.Ops {
		op, err := Named(c.Op)
		if err != nil {
			t.Fatal(err)
		}
		resample, err := NamedResample(c.Resample)
		if err != nil {
			t.Fatal(err)
		}
		arg := 0.0
		if len(c.Args) > 0 {
			arg = c.Args[0]
		}
		if c.Level != nil {
			if got := op.Arg(*c.Level, c.Sign < 0 && op.Signed()); math.Abs(got-arg) > 1e-12 {
				t.Errorf("%s: %v of %v is %v, want %v", c.Key, op, *c.Level, got, arg)
			}
		}
		src := array(c.Src)
		scratch := Scratch{b: make([]uint8, len(src.Pix))}
		if err := (picture{src.Pix, src.W, src.H}).do(op, arg, resample, &scratch); err != nil {
			t.Fatal(err)
		}
		got := src
		got.Pix = scratch.b
		most, differ := furthest(got, array(c.Key))
		if differ > 0 {
			t.Errorf("%s, %v by %v, %s: %d values differ, by up to %d", c.Key, op, arg, c.Resample, differ, most)
		} else {
			exact++
		}
	}
	t.Logf("%d of %d operations are equal to the bit", exact, len(r.Ops))
}

func TestPolicyOnAClipEqualsOfficialOne(t *testing.T) {
	r, array := open(t)
	policy, err := Parse(Official)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.EndToEnd {
		draws := recorded(t, c.Draws)
		steps := policy.Draw(draws)
		draws.Done()
		src := upsideDown(array("image"))
		got := video.NewClip(src.T, src.H, src.W, src.C)
		if err := Apply(got, src, steps, policy.Resample, new(Scratch)); err != nil {
			t.Fatal(err)
		}
		if most, differ := furthest(got, array(c.Key)); differ > 0 {
			t.Errorf("%s (%v): %d values differ, by up to %d", c.Key, steps, differ, most)
		}
	}
}

// upsideDown is a clip of a picture and the same with its rows reversed.
func upsideDown(picture video.Clip) video.Clip {
	clip := video.NewClip(2, picture.H, picture.W, picture.C)
	row := picture.W * picture.C
	for y := range picture.H {
		copy(clip.Frame(0)[y*row:], picture.Pix[y*row:][:row])
		copy(clip.Frame(1)[y*row:], picture.Pix[(picture.H-1-y)*row:][:row])
	}
	return clip
}
