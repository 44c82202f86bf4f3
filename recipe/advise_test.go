package recipe

import (
	"strings"
	"testing"
)

func advise(t *testing.T, clips int, classes []string, overrides ...string) (Finetune, map[string]Advice) {
	t.Helper()
	f := DefaultFinetune()
	set(t, &f, overrides...)
	f, list := f.Advise(clips, classes)
	byKey := map[string]Advice{}
	for _, a := range list {
		if value, err := Get(f, a.Key); err != nil || value != a.Value || !a.Holds(f) {
			t.Errorf("advice %q, but the recipe has %s (%v)", a, value, err)
		}
		if a.Why == "" || !strings.HasPrefix(a.String(), a.Key+" "+a.Value+": ") {
			t.Errorf("advice %q has no reason", a)
		}
		byKey[a.Key] = a
	}
	if err := f.Validate(); err != nil {
		t.Errorf("%d clips: the advice is no recipe: %v", clips, err)
	}
	return f, byKey
}

func TestAdviceFollowsTheNumberOfClips(t *testing.T) {
	classes := []string{"cut", "pour", "stir", "open"}
	few, _ := advise(t, 160, classes)
	more, _ := advise(t, 1600, classes)
	many, why := advise(t, 4000, classes)
	if !(few.Train.Epochs > more.Train.Epochs && more.Train.Epochs > many.Train.Epochs-1) {
		t.Errorf("epochs %d, %d, %d do not fall with the number of clips", few.Train.Epochs, more.Train.Epochs, many.Train.Epochs)
	}
	if few.Augment.RandAugment != "" || few.Augment.CropMin != .8 || few.Mix.Mixes() {
		t.Errorf("augmentation of few clips %+v %+v", few.Augment, few.Mix)
	}
	if more.Augment.RandAugment == "" || more.Augment.CropMin != .5 || more.Mix.Probability != .5 || many.Augment.CropMin != .08 || many.Mix.Probability != 1 {
		t.Errorf("augmentation of more clips %+v %+v, of many %+v %+v", more.Augment, more.Mix, many.Augment, many.Mix)
	}
	if !strings.Contains(why["mix.probability"].Why, "1000 clips of a class") {
		t.Errorf("the reason for mixing is %q", why["mix.probability"].Why)
	}
	if f := few; f.Train.Epochs*160/8 < 1900 || f.Augment.Flip != .5 {
		t.Errorf("%d epochs of 20 steps, flip %v", f.Train.Epochs, f.Augment.Flip)
	}
}

// However little there is, the settings are valid, and a batch that is mixed is even.
func TestAdviceForHardlyAnyClips(t *testing.T) {
	for clips := range 40 {
		for _, classes := range [][]string{nil, {"one"}, {"a", "b", "c"}} {
			f, _ := advise(t, clips, classes)
			if f.Train.Batch > 2 && f.Train.Batch > clips/4 {
				t.Errorf("batch %d of %d clips", f.Train.Batch, clips)
			}
		}
	}
	if f, why := advise(t, 100, []string{"a", "b"}, "train.batch=5"); f.Mix.Mixes() || !strings.Contains(why["mix.probability"].Why, "no pairs") {
		t.Errorf("a batch of 5 is mixed: %v", why["mix.probability"])
	}
}

func TestSidesInNamesForbidMirroring(t *testing.T) {
	for name, flips := range map[string]bool{
		"left": false, "Pushing something from Right to left": false, "move_right": false, "turn-clockwise": false, "counterclockwise": false, "anti-clockwise": false,
		"pour": true, "copyright": true, "leftover food": true, "bright": true, "upright": true,
	} {
		if f, why := advise(t, 100, []string{"cut", name}); (f.Augment.Flip > 0) != flips {
			t.Errorf("%s: flip %v: %s", name, f.Augment.Flip, why["augment.flip"])
		}
	}
}

func TestFromScratchAllLayersLearnAlike(t *testing.T) {
	scratch, _ := advise(t, 200, []string{"a", "b"})
	tuned, _ := advise(t, 200, []string{"a", "b"}, "train.init=runs/one")
	if scratch.Optim.LayerDecay != 1 || tuned.Optim.LayerDecay != .75 {
		t.Errorf("layer decay %v from scratch, %v after pre-training", scratch.Optim.LayerDecay, tuned.Optim.LayerDecay)
	}
}

func TestAdviceThatWasOverriddenDoesNotHold(t *testing.T) {
	f, why := advise(t, 200, []string{"a", "b"})
	set(t, &f, "train.epochs=3")
	if why["train.epochs"].Holds(f) || !why["mix.smoothing"].Holds(f) {
		t.Error("advice does not tell what was overridden")
	}
}
