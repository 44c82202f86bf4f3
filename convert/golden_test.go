package convert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/engine"
	"videomae/internal/given"
	"videomae/masking"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// golden is what the list of reference checkpoints says of each, and the arrays that were computed from them.
type golden struct {
	folder string
	Config struct {
		Heads        int `json:"heads"`
		DecoderHeads int `json:"decoder_heads"`
		Image        int `json:"image"`
		Frames       int `json:"frames"`
	} `json:"config"`
	Files map[string]struct {
		Kind     string   `json:"kind"`
		Expected []string `json:"expected"`
		Missing  []string `json:"missing"`
	} `json:"files"`

	arrays *weights.File
}

func readGolden(t *testing.T) golden {
	t.Helper()
	g := golden{folder: given.Golden(t, "pipeline", "checkpoints")}
	text, err := os.ReadFile(filepath.Join(g.folder, "checkpoints.json"))
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err == nil {
		g.arrays, err = weights.Open(filepath.Join(g.folder, "expected.safetensors"))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.arrays.Close() })
	if len(g.Files) == 0 {
		t.Error("the list names no files")
	}
	return g
}

func (g golden) options() checkpoint.Options {
	c := g.Config
	return checkpoint.Options{Heads: c.Heads, DecoderHeads: c.DecoderHeads, Frames: c.Frames, Height: c.Image, Width: c.Image}
}

func (g golden) floats(t *testing.T, name string) []float32 {
	t.Helper()
	tensor, err := g.arrays.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// clip gives the pixels of one of the reference clips, normalised, and its mask.
func (g golden) clip(t *testing.T, i int) ([]float32, masking.Mask) {
	t.Helper()
	clips, err := g.arrays.Tensor("clip_u8_BTHWC")
	if err != nil {
		t.Fatal(err)
	}
	mask, err := g.arrays.Tensor("mask")
	if err != nil {
		t.Fatal(err)
	}
	b := clips.Shape[0]
	size, tokens := len(clips.Data)/b, len(mask.Data)/b
	mean, std := ours(3)
	var out []float32
	for k, v := range clips.Data[i*size : (i+1)*size] {
		out = append(out, float32((float64(v)/255-mean[k%3])/std[k%3]))
	}
	var m masking.Mask
	for _, v := range mask.Data[i*tokens : (i+1)*tokens] {
		m = append(m, v != 0)
	}
	return out, m
}

// The outputs of every reference checkpoint are those that the official code, or transformers, computed.
func TestOutputsOfReferenceCheckpoints(t *testing.T) {
	g := readGolden(t)
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	for file, f := range g.Files {
		if len(f.Expected) == 0 {
			t.Errorf("%s: nothing to compare with", file)
		}
		for _, expected := range f.Expected {
			name, _, _ := strings.Cut(expected, " ")
			o := g.options()
			switch {
			case f.Kind == "vit2d":
				o.As, o.Allow = checkpoint.Classifier, f.Missing
			case strings.Contains(name, "features"):
				o.As = checkpoint.Encoder
			}
			c, err := Open(filepath.Join(g.folder, file), o)
			if err != nil {
				t.Fatal(err)
			}
			source, err := c.Complete(FirstValues)
			if err != nil {
				t.Fatal(err)
			}
			want := g.floats(t, name)
			var got []float32
			for i := 0; len(got) < len(want); i++ {
				clip, mask := g.clip(t, i)
				out, err := Outputs(backend, c.Model, source, clip, mask)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				got = append(got, out...)
			}
			if d := largestDifference(got, want); d > 1e-4 {
				t.Errorf("%s: %s differs by %g", file, name, d)
			} else {
				t.Logf("%s: %s differs by %.2g", file, name, d)
			}
			_ = c.Close()
		}
	}
}

func largestDifference(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	largest := 0.0
	for i := range a {
		if d := math.Abs(float64(a[i]) - float64(b[i])); !(d <= largest) {
			largest = d
		}
	}
	return largest
}

// Official names, then ours, then the hub's, then official names again: the file is the same, byte for byte.
func TestRoundTripsOfReferenceCheckpoints(t *testing.T) {
	g := readGolden(t)
	hubs := 0
	for file, f := range g.Files {
		o := g.options()
		if f.Kind == "vit2d" {
			o.As, o.Allow = checkpoint.Classifier, f.Missing
		}
		dir := t.TempDir()
		steps := 0
		step := func(in string, to Format, o checkpoint.Options) (string, error) {
			steps++
			out := filepath.Join(dir, fmt.Sprint(steps, to))
			if to == Official {
				out += ".safetensors"
			}
			_, err := Run(context.Background(), Options{In: in, Out: out, To: to, Open: o})
			return out, err
		}
		first, err := step(filepath.Join(g.folder, file), Official, o)
		if err != nil {
			t.Fatal(err)
		}
		path, err := step(first, Native, checkpoint.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if hub, err := step(path, Hub, checkpoint.Options{}); err == nil {
			hubs++
			path = hub
		} else if !strings.Contains(err.Error(), "fc_norm") {
			t.Error(err)
		}
		last, err := step(path, Official, checkpoint.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, errA := os.ReadFile(first)
		b, errB := os.ReadFile(last)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: the file changed on its way (%v, %v)", file, errA, errB)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if hubs < 2 {
		t.Errorf("only %d checkpoints went through the hub's names", hubs)
	}
}

// What is converted computes the same, whatever it is converted to.
func TestVerify(t *testing.T) {
	g := readGolden(t)
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	for file, f := range g.Files {
		if !slices.Contains([]string{"pretrain", "hf_classification"}, f.Kind) {
			continue
		}
		for _, d := range []weights.DType{"", weights.BF16} {
			o := Options{In: filepath.Join(g.folder, file), Out: filepath.Join(t.TempDir(), "out"), To: Native, Open: g.options(), DType: d}
			r, err := Run(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Verify(backend, o, r)
			if err != nil || v.Outputs == 0 || d == "" && v.Difference != 0 || d != "" && v.Difference == 0 {
				t.Errorf("%s as %q: %+v, %v", file, d, v, err)
			}
		}
	}
}
