package randaugment

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"videomae/frames/draw"
	"videomae/seed"
	"videomae/video"
)

func noisy(t, w, h int) video.Clip {
	clip := video.NewClip(t, h, w, 3)
	rng := seed.Rand(1, "noise", uint64(w), uint64(h))
	for i := range clip.Pix {
		clip.Pix[i] = uint8(rng.Uint32())
	}
	return clip
}

// Frames of any size, a single pixel too; the source stays as it is.
func TestEveryOperationTakesEverySize(t *testing.T) {
	scratch := new(Scratch)
	for op := range ops {
		for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {2, 2}, {5, 4}, {33, 21}} {
			for _, level := range []float64{0, 4.4, MaxMagnitude} {
				for _, resample := range []Resample{Bicubic, Bilinear} {
					src := noisy(2, size[0], size[1])
					was := slices.Clone(src.Pix)
					dst := video.NewClip(2, src.H, src.W, 3)
					steps := []Step{{Op: op, Level: level, Negate: true}, {Op: op, Level: level}}
					if err := Apply(dst, src, steps, resample, scratch); err != nil {
						t.Fatalf("%v: %v", op, err)
					}
					if !bytes.Equal(src.Pix, was) {
						t.Fatalf("%v changes its source", op)
					}
					inPlace := video.Clip{T: 2, H: src.H, W: src.W, C: 3, Pix: was}
					if err := Apply(inPlace, inPlace, steps, resample, scratch); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(inPlace.Pix, dst.Pix) {
						t.Fatalf("%v, %v: in place differs", op, size)
					}
				}
			}
		}
	}
}

func TestMovesByNothingChangeNothing(t *testing.T) {
	src := noisy(1, 37, 23)
	dst := video.NewClip(1, 23, 37, 3)
	for _, op := range []Op{Rotate, ShearX, ShearY, TranslateX, TranslateY, TranslateXRel, TranslateYRel} {
		for _, resample := range []Resample{Bicubic, Bilinear} {
			if err := Apply(dst, src, []Step{{Op: op}}, resample, new(Scratch)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(dst.Pix, src.Pix) {
				t.Errorf("%v by nothing changes the frame", op)
			}
		}
	}
}

func TestWholeTurnsOfSquaresOnlyMovePixels(t *testing.T) {
	p := picture{noisy(1, 8, 8).Pix, 8, 8}
	quarter, half, dst := make([]uint8, len(p.pix)), make([]uint8, len(p.pix)), make([]uint8, len(p.pix))
	p.move(quarter, Rotate, 90, Bicubic)
	p.move(half, Rotate, 180, Bicubic)
	picture{quarter, 8, 8}.move(dst, Rotate, -270, Bicubic)
	if !bytes.Equal(dst, half) {
		t.Error("two quarter turns are no half turn")
	}
	picture{half, 8, 8}.move(dst, Rotate, 180, Bicubic)
	if !bytes.Equal(dst, p.pix) {
		t.Error("two half turns do not come back")
	}
	if !bytes.Equal(quarter[:3], p.pix[7*3:][:3]) { // counter-clockwise: the right upper corner goes left
		t.Error("a quarter turn goes the wrong way")
	}
}

func TestDrawsFollowThePolicy(t *testing.T) {
	policy, err := Parse("rand-m7-n4-mstd0.5-w0")
	if err != nil {
		t.Fatal(err)
	}
	const clips = 4000
	count, sum, sumSquares, n := map[Op]float64{}, 0.0, 0.0, 0.0
	for i := range uint64(clips) {
		for _, s := range policy.Draw(draw.From(seed.Rand(3, "augment", i))) {
			count[s.Op]++
			n++
			sum += s.Level
			sumSquares += s.Level * s.Level
		}
	}
	if expected := float64(clips * policy.Layers / 2); math.Abs(n-expected) > 5*math.Sqrt(expected/2) {
		t.Errorf("%v operations in %d clips, expected %v", n, clips, expected)
	}
	for i, op := range policy.Ops {
		if expected := policy.Weights[i] * n; math.Abs(count[op]-expected) > 5*math.Sqrt(expected+1) {
			t.Errorf("%v was drawn %v times, expected %v", op, count[op], expected)
		}
	}
	mean := sum / n
	if deviation := math.Sqrt(sumSquares/n - mean*mean); math.Abs(mean-7) > .05 || math.Abs(deviation-.5) > .05 {
		t.Errorf("levels have mean %v and deviation %v", mean, deviation)
	}
}

func TestOperationsAllocateNothingOnceWarm(t *testing.T) {
	src, scratch := noisy(1, 40, 30), new(Scratch)
	for op := range ops {
		steps := []Step{{Op: op, Level: 7}}
		use := func() {
			if _, err := scratch.Frame(src, steps, Bicubic); err != nil {
				t.Fatal(err)
			}
		}
		use()
		if n := testing.AllocsPerRun(10, use); n > 0 && op != Rotate { // which rounds its matrix by way of text, a few bytes
			t.Errorf("%v: %v allocations for a frame", op, n)
		}
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	for _, text := range []string{"", "augmix-m3", "rand-m", "rand-7", "rand-x3", "rand-m11", "rand-n0", "rand-n1.5", "rand-w3", "rand-m-3", "rand-m1..2", "rand--n2"} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), "rand") {
			t.Errorf("%q: error %v", text, err)
		}
	}
	step := []Step{{Op: Invert}}
	for name, err := range map[string]error{
		"shapes":   Apply(noisy(1, 4, 4), noisy(1, 4, 5), step, Bicubic, new(Scratch)),
		"channels": Apply(video.NewClip(1, 4, 4, 1), video.NewClip(1, 4, 4, 1), step, Bicubic, new(Scratch)),
		"op":       Apply(noisy(1, 4, 4), noisy(1, 4, 4), []Step{{Op: ops}}, Bicubic, new(Scratch)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NamedResample("nearest"); err == nil {
		t.Error("an unknown interpolation is no error")
	}
	if _, err := Named("Cutout"); err == nil {
		t.Error("an unknown operation is no error")
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{Official, "rand-m9-n2-w0", "rand-mstd1", "rand-inc0-m0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err == nil && (p.Layers < 1 || !(p.Magnitude >= 0 && p.Magnitude <= MaxMagnitude) || !(p.Deviation >= 0) || len(p.Ops) == 0) {
			t.Errorf("%q: %+v", text, p)
		}
	})
}
