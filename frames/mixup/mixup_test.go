package mixup

import (
	"math"
	"slices"
	"testing"

	"videomae/frames"
	"videomae/frames/draw"
	"videomae/seed"
)

// Whatever is drawn, a clip's target sums up to one, boxes stay inside, and a box's share is that of its pixels.
func TestDrawsAreConsistent(t *testing.T) {
	cuts, clips := 0, 0
	for _, mode := range []Mode{Batch, Pair, Each} {
		mixer := Official()
		mixer.Mode = mode
		for i := range uint64(200) {
			mixes, err := mixer.Draw(draw.From(seed.Rand(1, "mix", i)), 6, 20, 12)
			if err != nil {
				t.Fatal(err)
			}
			for k, m := range mixes {
				clips++
				if mode != Each && m != mixes[len(mixes)-1-k] {
					t.Fatal("partners are mixed differently")
				}
				if m.Cut {
					cuts++
					if share := 1 - float64(m.Box.W*m.Box.H)/(20*12); math.Abs(share-m.Share) > 1e-12 {
						t.Fatalf("mix %+v", m)
					}
				}
			}
			if err := Apply(frames.NewFloats(6, 12, 20, 3), mixes); err != nil {
				t.Fatal(err)
			}
			targets, err := Targets([]int{0, 1, 2, 2, 1, 4}, mixes, 5, .1)
			if err != nil {
				t.Fatal(err)
			}
			for row := range slices.Chunk(targets, 5) {
				sum := 0.0
				for _, v := range row {
					sum += float64(v)
				}
				if math.Abs(sum-1) > 1e-6 {
					t.Fatalf("target %v sums up to %v", row, sum)
				}
			}
		}
	}
	if share := float64(cuts) / float64(clips); share < .4 || share > .6 {
		t.Errorf("%v of clips are cut, expected half", share)
	}
}

func TestEachClipIsMixedFromWhatBothWere(t *testing.T) {
	batch := frames.NewFloats(4, 1, 2, 1) // two clips of two frames
	copy(batch.Pix, []float32{1, 2, 3, 4, 10, 20, 30, 40})
	if err := Apply(batch, []Mix{{Share: .75}, {Share: .5, Cut: true, Box: frames.Box{X: 1, W: 1, H: 1}}}); err != nil {
		t.Fatal(err)
	}
	if want := []float32{3.25, 6.5, 9.75, 13, 10, 2, 30, 4}; !slices.Equal(batch.Pix, want) {
		t.Errorf("got %v, want %v", batch.Pix, want)
	}
}

func TestNoMixing(t *testing.T) {
	for _, mixer := range []Mixer{{}, {Mixup: .8, Cutmix: 1}} {
		mixes, err := mixer.Draw(draw.From(seed.Rand(1, "mix")), 2, 4, 4)
		if err != nil || mixes[0] != (Mix{Share: 1}) {
			t.Errorf("%+v: %v, %v", mixer, mixes, err)
		}
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	source := draw.From(seed.Rand(1, "mix"))
	if _, err := Official().Draw(source, 3, 4, 4); err == nil {
		t.Error("an odd batch is no error")
	}
	if err := Apply(frames.NewFloats(3, 2, 2, 1), make([]Mix, 2)); err == nil {
		t.Error("frames that do not divide are no error")
	}
	if err := Apply(frames.NewFloats(2, 2, 2, 1), []Mix{{Cut: true, Box: frames.Box{W: 3, H: 1}}, {}}); err == nil {
		t.Error("a box outside is no error")
	}
	if _, err := Targets([]int{0, 7}, make([]Mix, 2), 5, 0); err == nil {
		t.Error("an unknown label is no error")
	}
	if _, err := Targets([]int{0}, make([]Mix, 2), 5, 0); err == nil {
		t.Error("too few labels are no error")
	}
}
