// Settings of fine-tuning fit for the data at hand.

package recipe

import (
	"fmt"
	"regexp"
)

// Advice is a setting with the reason for its value.
type Advice struct{ Key, Value, Why string }

// String is one line: the setting, its value and why.
func (a Advice) String() string { return fmt.Sprintf("%s %s: %s", a.Key, a.Value, a.Why) }

// Holds tells whether the recipe, not resolved yet, still has the advised value: whether no flag or override has changed it.
func (a Advice) Holds(f Finetune) bool {
	value, err := Get(f, a.Key)
	return err == nil && value == a.Value
}

// What the advice rests on: rules of ours for one small machine, not the paper's.
const (
	wantedUpdates  = 2000 // updates after which a small model on few clips gains little more
	fewestEpochs   = 20
	mostEpochs     = 100
	fewPerClass    = 100 // labelled clips of a class up to which a run is too short to learn through strong augmentation
	plentyPerClass = 500 // from which the paper's augmentation pays: Kinetics-400 has 600
)

// mirrored finds the names of classes that a mirrored clip would contradict.
var mirrored = regexp.MustCompile(`(?i)(^|[^a-z])(left|right|leftwards?|rightwards?|(anti|counter)?-?clockwise)([^a-z]|$)`)

// Advise fits the recipe to a number of labelled clips of the named classes, and gives the reason for each setting that matters on small
// data. It reads Train.Init (whether there is something learned to keep) and the batch, and leaves data and model as they are; the rate stays
// open, so that it follows a batch that is chosen later.
func (f Finetune) Advise(clips int, classes []string) (Finetune, []Advice) {
	a := &adviser{f: f, clips: clips, classes: classes}
	a.course()
	a.rates()
	a.augmentation()
	a.mixing()
	a.say("model.drop_path", "the paper's for small and base models; blocks left out at random are a guard against learning by heart")
	return a.f, a.list
}

// adviser collects advice on one recipe.
type adviser struct {
	f       Finetune
	clips   int
	classes []string
	list    []Advice
}

// say records the present value of a setting with its reason.
func (a *adviser) say(key, format string, args ...any) {
	value, err := Get(a.f, key)
	if err != nil {
		value = "unknown" // only if the settings were renamed, which the tests would tell
	}
	a.list = append(a.list, Advice{key, value, fmt.Sprintf(format, args...)})
}

// perClass is the mean number of clips of a class.
func (a *adviser) perClass() int { return a.clips / max(1, len(a.classes)) }

// course sets batch, epochs, validation and warm-up.
func (a *adviser) course() {
	t := &a.f.Train
	if most := a.clips / t.Accumulate / 4; t.Batch > most {
		t.Batch = max(2, most-most%2)
		a.say("train.batch", "%d clips then give %d updates an epoch; even, so that clips can be mixed in pairs", a.clips, max(1, a.clips/t.ClipsPerStep()))
	} else {
		a.say("train.batch", "fits the memory of a laptop and gives %d updates an epoch", a.clips/t.ClipsPerStep())
	}
	perEpoch := max(1, a.clips/t.ClipsPerStep())
	t.Epochs = min(max((wantedUpdates+perEpoch-1)/perEpoch, fewestEpochs), mostEpochs)
	a.say("train.epochs", "%d updates; about %d are wanted, within %d to %d times through the data", t.Epochs*perEpoch, wantedUpdates, fewestEpochs, mostEpochs)
	a.f.Optim.WarmupEpochs, a.f.Optim.WarmupShare = nil, new(0.1)
	a.say("optim.warmup_share", "Adam's first estimates are poor, so the rate begins low; the paper's 5 epochs could be all of a short run")
	t.ValidateEpochs = 1
	a.say("train.validate_epochs", "on small data the best epoch need not be the last; best and last weights are both kept")
}

// rates sets what the optimiser does.
func (a *adviser) rates() {
	o := &a.f.Optim
	o.LR, o.BaseLR, o.MinLR, o.BaseMinLR = nil, nil, nil, nil
	if size, err := Size(a.f.Model.Size); err == nil {
		a.say("optim.lr", "left to size and batch: %s for 8 clips an update, growing with the root of their number, at most 1e-3", short(size.FinetuneLR))
	}
	if a.f.Train.Init == "" {
		o.LayerDecay = 1
		a.say("optim.layer_decay", "from random weights every layer has all to learn")
	} else {
		a.say("optim.layer_decay", "the paper's; pre-trained layers near the input are general and need to change least")
	}
	a.say("optim.weight_decay", "the paper's, for every run")
	a.say("optim.beta2", "the paper's for fine-tuning; pre-training has 0.95")
	a.say("optim.clip_grad", "a small batch now and then has an extreme gradient; the paper's large ones need no limit")
}

// augmentation sets what is done to single clips.
func (a *adviser) augmentation() {
	g := &a.f.Augment
	switch {
	case a.perClass() >= plentyPerClass:
		g.CropMin = 0.08
		a.say("augment.randaugment", "the paper's")
		a.say("augment.crop_min", "the paper's; %d clips of a class are enough to learn from small pieces of the picture", a.perClass())
	case a.perClass() > fewPerClass:
		g.CropMin = 0.5
		a.say("augment.randaugment", "the paper's; variety is what %d clips of a class lack", a.perClass())
		a.say("augment.crop_min", "the paper's 0.08 often cuts the action away; %d clips of a class are too few to average that out", a.perClass())
	default:
		g.RandAugment, g.Erase, g.CropMin = "", 0, 0.8
		a.say("augment.randaugment", "in a run this short strong augmentation keeps a model from learning at all: with 20 clips of each of 11 classes it stood near chance when a mild one was at 41 %% (docs/log.md)")
		a.say("augment.erase", "for the same reason")
		a.say("augment.crop_min", "for the same reason")
	}
	a.mirroring()
}

// mirroring forbids mirrored clips where a class is named after a side.
func (a *adviser) mirroring() {
	g := &a.f.Augment
	g.Flip = 0.5
	for _, name := range a.classes {
		if mirrored.MatchString(name) {
			g.Flip = 0
			a.say("augment.flip", "class %q would be wrong in a mirrored clip", name)
			return
		}
	}
	a.say("augment.flip", "no class is named after a side; set 0 if a mirrored clip may belong to another class")
}

// mixing sets what is done to pairs of clips and to labels.
func (a *adviser) mixing() {
	m := &a.f.Mix
	switch {
	case a.f.Train.Batch*a.f.Data.Repeats%2 != 0:
		m.Probability = 0
		a.say("mix.probability", "a batch of %d clips has no pairs", a.f.Train.Batch)
	case a.perClass() >= plentyPerClass:
		m.Probability = 1
		a.say("mix.probability", "the paper's, with %d clips of a class", a.perClass())
	case a.perClass() <= fewPerClass:
		m.Probability = 0
		a.say("mix.probability", "mixed labels are learned slowly, and this run is short")
	default:
		m.Probability = 0.5
		a.say("mix.probability", "the paper mixes every batch; mixed labels are learned slowly, and this run is short")
	}
	a.say("mix.smoothing", "the paper's; keeps a model that knows all labels by heart from growing ever surer")
}
