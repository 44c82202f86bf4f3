package chain

import (
	"slices"
	"testing"

	"videomae/frames"
	"videomae/frames/draw"
	"videomae/frames/randaugment"
	"videomae/seed"
)

// A chain is what its steps are, one after the other, and used memory leaves no trace.
func TestTrainingIsItsSteps(t *testing.T) {
	train, err := OfficialTrain(true)
	if err != nil {
		t.Fatal(err)
	}
	train.Erase.Probability = .5
	scratch := new(Scratch)
	for i := range uint64(40) {
		source := draw.From(seed.Rand(1, "train", i))
		src := noisy(2, 20+source.Below(30), 20+source.Below(30))
		was := slices.Clone(src.Pix)
		d := train.Draw(source, src.W, src.H, 16, 24)
		got, want := frames.NewFloats(2, 24, 16, 3), frames.NewFloats(2, 24, 16, 3)
		if err := train.Apply(got, src, d, draw.From(seed.Rand(1, "noise", i)), scratch); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(src.Pix, was) {
			t.Fatal("the source has changed")
		}
		if err := randaugment.Apply(src, src, d.Steps, train.Augment.Resample, new(randaugment.Scratch)); err != nil {
			t.Fatal(err)
		}
		normalised := frames.NewFloats(2, src.H, src.W, 3)
		if err := train.Table.Normalise(normalised, src); err != nil {
			t.Fatal(err)
		}
		if err := new(frames.Resizer).Interpolate(want, normalised, frames.Fill(d.Box, 16, 24), false); err != nil {
			t.Fatal(err)
		}
		if d.Flip {
			frames.FlipFloats(want)
		}
		if err := train.Erase.Apply(want, d.Erased, draw.From(seed.Rand(1, "noise", i))); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Pix, want.Pix) {
			t.Fatalf("clip %d, %+v: values differ", i, d)
		}
	}
}

func TestSmallestFrames(t *testing.T) {
	train, err := OfficialTrain(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{1, 1}, {1, 40}, {40, 1}} {
		src, dst := noisy(1, size[0], size[1]), frames.NewFloats(1, 16, 16, 3)
		for i := range uint64(50) {
			source := draw.From(seed.Rand(1, "train", i))
			if err := train.Apply(dst, src, train.Draw(source, src.W, src.H, 16, 16), source, new(Scratch)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 3 {
			if err := OfficialTest(16, 3).Apply(dst, src, i, new(Scratch)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	src, s := noisy(2, 20, 20), new(Scratch)
	if err := OfficialTest(16, 3).Apply(frames.NewFloats(2, 16, 16, 3), src, 3, s); err == nil {
		t.Error("a view that does not exist is no error")
	}
	if err := OfficialTest(16, 1).Apply(frames.NewFloats(2, 17, 17, 3), src, 0, s); err == nil {
		t.Error("a view larger than the frame is no error")
	}
	if err := OfficialTest(16, 1).Apply(frames.NewFloats(1, 16, 16, 3), src, 0, s); err == nil {
		t.Error("another number of frames is no error")
	}
	train, err := OfficialTrain(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := train.Apply(frames.NewFloats(1, 16, 16, 3), src, TrainDraw{Box: frames.Whole(20, 20)}, draw.From(seed.Rand(1, "noise")), s); err == nil {
		t.Error("another number of frames to train on is no error")
	}
}

func TestAllViewsAtOnceAreEachAlone(t *testing.T) {
	for _, method := range []frames.Method{frames.OpenCVBilinear, frames.PillowBilinear} {
		for _, size := range [][2]int{{40, 30}, {30, 40}, {24, 24}, {16, 48}, {33, 17}, {64, 96}} {
			for _, views := range []int{0, 1, 2, 3, 5} {
				c := Test{Method: method, ShortSide: 18, Views: views, Table: frames.ImageNet(3)}
				src := noisy(2, size[0], size[1])
				all := make([]frames.Floats, max(1, views))
				for i := range all {
					all[i] = frames.NewFloats(2, 16, 12, 3)
				}
				var scratch Scratch
				if err := c.ApplyAll(all, src, &scratch); err != nil {
					t.Fatal(err)
				}
				for i := range all {
					alone := frames.NewFloats(2, 16, 12, 3)
					if err := c.Apply(alone, src, i, &scratch); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(all[i].Pix, alone.Pix) {
						t.Errorf("%v, frames of %v: view %d of %d differs", method, size, i, views)
					}
				}
			}
		}
	}
	for name, dst := range map[string][]frames.Floats{
		"too few":     {frames.NewFloats(2, 8, 8, 3)},
		"other shape": {frames.NewFloats(2, 8, 8, 3), frames.NewFloats(2, 8, 9, 3)},
		"other times": {frames.NewFloats(1, 8, 8, 3), frames.NewFloats(1, 8, 8, 3)},
		"no pixels":   {{T: 2, H: 8, W: 8, C: 3}, {T: 2, H: 8, W: 8, C: 3}},
	} {
		c := Test{Method: frames.OpenCVBilinear, ShortSide: 8, Views: 2, Table: frames.ImageNet(3)}
		if err := c.ApplyAll(dst, noisy(2, 12, 10), new(Scratch)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
