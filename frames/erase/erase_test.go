package erase

import (
	"math"
	"slices"
	"testing"

	"videomae/frames"
	"videomae/frames/draw"
	"videomae/seed"
)

func TestBoxesStayInsideAndHaveTheAreaAsked(t *testing.T) {
	e := Official(.25)
	erased := 0
	for i := range uint64(4000) {
		boxes := e.Draw(draw.From(seed.Rand(1, "erase", i)), 224, 160)
		for _, b := range boxes {
			erased++
			if b.X < 0 || b.Y < 0 || b.X+b.W > 224 || b.Y+b.H > 160 {
				t.Fatalf("box %+v leaves the frame", b)
			}
			if share := float64(b.W*b.H) / (224 * 160); share < .018 || share > .34 {
				t.Fatalf("box %+v covers %v", b, share)
			}
		}
	}
	if erased < 900 || erased > 1100 {
		t.Errorf("%d of 4000 clips were erased, expected 1000", erased)
	}
	for _, side := range []int{1, 2, 3} { // no box is smaller than a pixel's frame
		for i := range uint64(200) {
			clip := frames.NewFloats(1, side, side, 3)
			if err := e.Apply(clip, Official(1).Draw(draw.From(seed.Rand(1, "erase", i)), side, side), draw.From(seed.Rand(1, "noise", i))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOnlyTheBoxIsFilled(t *testing.T) {
	box := frames.Box{X: 5, Y: 3, W: 20, H: 30}
	for _, mode := range []Mode{Pixel, Rand, Const} {
		e := Eraser{Mode: mode, Splits: 2}
		clip := frames.NewFloats(4, 40, 50, 3)
		for i := range clip.Pix {
			clip.Pix[i] = 9
		}
		if err := e.Apply(clip, []frames.Box{box}, draw.From(seed.Rand(1, "noise"))); err != nil {
			t.Fatal(err)
		}
		var inside []float64
		for i, v := range clip.Pix {
			frame, y, x := i/3/50/40, i/3/50%40, i/3%50
			if frame >= 2 && y >= box.Y && y < box.Y+box.H && x >= box.X && x < box.X+box.W {
				inside = append(inside, float64(v))
			} else if v != 9 {
				t.Fatalf("%v: frame %d, (%d, %d) was changed", mode, frame, x, y)
			}
		}
		mean, square := 0.0, 0.0
		for _, v := range inside {
			mean += v / float64(len(inside))
			square += v * v / float64(len(inside))
		}
		distinct := len(slices.Compact(slices.Sorted(slices.Values(inside))))
		switch mode {
		case Pixel:
			if math.Abs(mean) > .1 || math.Abs(square-1) > .1 || distinct < len(inside)*9/10 {
				t.Errorf("noise has mean %v, square %v, %d distinct values", mean, square, distinct)
			}
		case Rand:
			if distinct != 2*3 {
				t.Errorf("%d distinct values, want one for each channel of 2 frames", distinct)
			}
		case Const:
			if distinct != 1 || inside[0] != 0 {
				t.Errorf("%d distinct values, the first %v", distinct, inside[0])
			}
		}
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	if err := Official(1).Apply(frames.NewFloats(1, 4, 4, 3), []frames.Box{{X: 2, W: 3, H: 1}}, draw.From(seed.Rand(1, "noise"))); err == nil {
		t.Error("a box outside is no error")
	}
	if _, err := NamedMode("blur"); err == nil {
		t.Error("an unknown mode is no error")
	}
}
