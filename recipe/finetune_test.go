package recipe

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readFinetune(t *testing.T, name string) Finetune {
	t.Helper()
	f, err := LoadFinetune(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What is written is read back as the same settings, before and after completion.
func TestEveryFinetuneRecipeSurvivesWriting(t *testing.T) {
	if len(Names(KindFinetune)) < 20 {
		t.Errorf("only %d recipes are built in", len(Names(KindFinetune)))
	}
	for _, name := range Names(KindFinetune) {
		f := readFinetune(t, name)
		if f.Name != name || f.About == "" || Title(KindFinetune, name) == "" {
			t.Errorf("%s: is called %q and tells %q", name, f.Name, f.About)
		}
		resolved, err := f.Resolve()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again, err := resolved.Resolve(); err != nil || !cmp.Equal(again, resolved) {
			t.Errorf("%s: completing twice changes it (%v):\n%s", name, err, cmp.Diff(resolved, again))
		}
		survives(t, f, f.YAML())
		survives(t, resolved, resolved.YAML())
	}
}

// The table of the paper's runs: spec 6.3, with the clips of each list from spec 5.1.
func TestFinetuneRatesOfThePaper(t *testing.T) {
	const k400, ssv2, ucf, hmdb = 240436, 168913, 9500, 3500
	rows := []struct {
		names                string
		clips                int
		size, scheme         string
		batch, repeats       int
		base                 float64
		epochs               int
		decay, drop, out     float64
		baseMin              float64
		frames, side, stride int
		views                string
	}{
		{"k400-vit-s-1600", k400, "small", "dense", 384, 2, 5e-4, 150, .75, .1, 0, 1e-6, 16, 224, 4, "5x3"},
		{"k400-vit-b-800", k400, "base", "dense", 512, 1, 1e-3, 100, .75, .1, 0, 1e-6, 16, 224, 4, "5x3"},
		{"k400-vit-b-1600", k400, "base", "dense", 384, 2, 5e-4, 75, .75, .1, 0, 1e-6, 16, 224, 4, "5x3"},
		{"k400-vit-l-1600", k400, "large", "dense", 128, 2, 2e-3, 35, .75, .1, 0, 1e-6, 16, 224, 4, "5x3"},
		{"k400-vit-h-1600", k400, "huge", "dense", 512, 2, 1e-3, 50, .75, .2, .5, 1e-5, 16, 224, 4, "5x3"},
		{"k400-vit-l-1600-32x320", k400, "large", "dense", 128, 2, 2e-3, 35, .75, .1, 0, 1e-6, 32, 320, 4, "4x3"},
		{"k400-vit-h-1600-32x320", k400, "huge", "dense", 512, 2, 1e-3, 50, .75, .2, .5, 1e-5, 32, 320, 4, "4x3"},
		{"ssv2-vit-s-2400", ssv2, "small", "ssv2", 384, 2, 1e-3, 40, .7, .1, 0, 1e-6, 16, 224, 2, "2x3"},
		{"ssv2-vit-b-800", ssv2, "base", "ssv2", 512, 1, 5e-4, 50, .75, .1, 0, 1e-6, 16, 224, 2, "2x3"},
		{"ssv2-vit-b-2400 k400-to-ssv2-vit-b-1600", ssv2, "base", "ssv2", 384, 2, 5e-4, 30, .75, .1, 0, 1e-6, 16, 224, 2, "2x3"},
		{"ssv2-vit-l-2400 k400-to-ssv2-vit-l-1600", ssv2, "large", "ssv2", 512, 2, 5e-4, 30, .75, .2, .5, 1e-6, 16, 224, 2, "2x3"},
		{"ssv2-vit-l-2400-32", ssv2, "large", "ssv2", 512, 2, 5e-4, 30, .75, .2, .5, 1e-6, 32, 224, 2, "1x3"},
		{"ucf101-vit-b-3200 k400-to-ucf101-vit-b-1600", ucf, "base", "dense", 128, 2, 5e-4, 100, .7, .2, .5, 1e-5, 16, 224, 4, "5x3"},
		{"hmdb51-vit-b-4800 k400-to-hmdb51-vit-b-1600", hmdb, "base", "dense", 128, 2, 1e-3, 50, .7, .2, .5, 1e-5, 16, 224, 2, "10x3"},
	}
	var seen []string
	for _, c := range rows {
		for _, name := range strings.Fields(c.names) {
			seen = append(seen, name)
			f, err := readFinetune(t, name).Resolve()
			if err != nil {
				t.Fatal(err)
			}
			perEpoch := c.clips / c.batch
			s, err := f.Derive(c.clips / f.Train.ClipsPerStep())
			if err != nil {
				t.Fatal(err)
			}
			scale := float64(c.batch) / 256
			if math.Abs(s.Peak/(c.base*scale)-1) > 1e-12 || math.Abs(s.Min/(c.baseMin*scale)-1) > 1e-12 {
				t.Errorf("%s: rates %v to %v, want %v to %v", name, s.Peak, s.Min, c.base*scale, c.baseMin*scale)
			}
			if s.TotalSteps != c.epochs*perEpoch || s.WarmupSteps != 5*perEpoch {
				t.Errorf("%s: %d steps, %d of warm-up", name, s.TotalSteps, s.WarmupSteps)
			}
			m, o := f.Model, f.Optim
			if m.Size != c.size || m.Frames != c.frames || m.Height != c.side || m.Width != c.side || m.DropPath != c.drop || m.HeadDropout != c.out || m.InitScale != .001 || m.Pooling != "mean" {
				t.Errorf("%s: the model differs from the table: %+v", name, m)
			}
			if f.Data.Scheme != c.scheme || f.Data.Stride != c.stride || f.Data.Repeats != c.repeats {
				t.Errorf("%s: the data differ from the table: %+v", name, f.Data)
			}
			if o.LayerDecay != c.decay || o.Beta1 != .9 || o.Beta2 != .999 || o.WeightDecay != .05 || o.Eps != 1e-8 || o.ClipGrad != 0 || f.Train.EMADecay != 0 {
				t.Errorf("%s: the optimiser differs from the table: %+v", name, o)
			}
			if want := (Mix{.8, 1, 1, .5, .1}); f.Mix != want {
				t.Errorf("%s: mixes %+v, want %+v", name, f.Mix, want)
			}
			flip := .5
			if c.scheme == "ssv2" {
				flip = 0
			}
			if want := (Augment{"rand-m7-n4-mstd0.5-inc1", .08, 1, flip, .25}); f.Augment != want {
				t.Errorf("%s: augments %+v, want %+v", name, f.Augment, want)
			}
			if !strings.Contains(f.About, "--views "+c.views) || !strings.Contains(f.About, "Expected: ") || !strings.Contains(f.About, "Row: ") {
				t.Errorf("%s: row, expectation or the views %s are not in %q", name, c.views, f.About)
			}
		}
	}
	ours := regexp.MustCompile(`^(demo$|laptop-|lab-)`)
	for _, name := range Names(KindFinetune) {
		if !slices.Contains(seen, name) && !ours.MatchString(name) {
			t.Errorf("%s is in no row", name)
		}
	}
}

func TestFinetuneDerivationIsToldInWords(t *testing.T) {
	f := readFinetune(t, "k400-vit-b-1600")
	f.Train.Freeze = 3
	s, err := f.Derive(626)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"46950 steps = 75 epochs x 626 steps of 384 clips",
		"peak rate 0.00075 = base 0.0005 x batch 384 / 256 (batch 6 x accumulate 64)",
		"rate x 0.02376 for the cube embedding, x 0.03168 for the first block, x 0.75 for the last, x 1 for the head = 0.75 for each layer below it",
		"the cube embedding and 2 of 12 blocks stay as they are",
	} {
		if !slices.Contains(s.Derivation, line) {
			t.Errorf("derivation lacks %q: %q", line, s.Derivation)
		}
	}
}

// A rate that is left open follows the size and the root of the batch.
func TestOpenFinetuneRate(t *testing.T) {
	for overrides, want := range map[string]float64{
		"train.batch=8": 5e-4, "train.batch=2": 2.5e-4, "train.batch=8 train.accumulate=4": 1e-3, "train.batch=512": 1e-3,
		"model.size=base": 2.5e-4, "model.size=large train.batch=32": 2e-4, "data.repeats=2": 5e-4,
	} {
		f := DefaultFinetune()
		set(t, &f, strings.Fields(overrides)...)
		s, err := f.Derive(10)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(s.Peak/want-1) > 1e-9 || math.Abs(s.Min/want*100-1) > 1e-9 {
			t.Errorf("%s: rates %v to %v, want %v", overrides, s.Peak, s.Min, want)
		}
	}
}

func TestSharedSettingsHaveTheSameKeys(t *testing.T) {
	pretrain, finetune := Keys[Pretrain](), Keys[Finetune]()
	only := func(of, others []string) []string {
		return slices.DeleteFunc(slices.Clone(of), func(k string) bool { return slices.Contains(others, k) })
	}
	wantPretrain := []string{"model.decoder_width", "model.decoder_depth", "model.decoder_heads", "model.target", "model.loss", "mask.kind", "mask.ratio", "train.reconstruct_steps"}
	if got := only(pretrain, finetune); !slices.Equal(got, wantPretrain) {
		t.Errorf("pre-training alone has %q", got)
	}
	wantFinetune := []string{"model.head_dropout", "model.init_scale", "model.pooling", "model.positions", "data.scheme", "data.val_split", "data.repeats", "data.per_class", "data.shuffle_labels",
		"augment.randaugment", "augment.crop_min", "augment.crop_max", "augment.flip", "augment.erase",
		"mix.mixup", "mix.cutmix", "mix.probability", "mix.switch", "mix.smoothing", "optim.layer_decay",
		"train.ema_decay", "train.freeze", "train.validate_epochs", "train.patience"}
	if got := only(finetune, pretrain); !slices.Equal(got, wantFinetune) {
		t.Errorf("fine-tuning alone has %q", got)
	}
}

func TestEveryFinetuneRangeIsChecked(t *testing.T) {
	for _, c := range []struct{ override, key string }{
		{"model.frames=15", "model.frames"}, {"data.stride=0", "data.stride"}, {"optim.beta2=1", "optim.beta2"}, {"train.keep=0", "train.keep"}, {"decoder=", "decoder"},
		{"model.size=giant", "model.size"}, {"model.drop_path=1", "model.drop_path"}, {"model.head_dropout=1", "model.head_dropout"}, {"model.init_scale=0", "model.init_scale"},
		{"model.pooling=max", "model.pooling"}, {"model.positions=learned", "model.positions"},
		{"data.scheme=pretrain", "data.scheme"}, {"data.val_split=", "data.val_split"}, {"data.repeats=0", "data.repeats"}, {"data.per_class=-1", "data.per_class"},
		{"augment.randaugment=rand-m70", "augment.randaugment"}, {"augment.crop_min=0", "augment.crop_min"}, {"augment.crop_min=1.1", "augment.crop_min"},
		{"augment.crop_max=1.5", "augment.crop_max"}, {"augment.flip=2", "augment.flip"}, {"augment.erase=-1", "augment.erase"},
		{"mix.mixup=-1", "mix.mixup"}, {"mix.cutmix=-1", "mix.cutmix"}, {"mix.probability=2", "mix.probability"}, {"mix.switch=-1", "mix.switch"}, {"mix.smoothing=1", "mix.smoothing"},
		{"optim.layer_decay=0", "optim.layer_decay"}, {"optim.layer_decay=1.1", "optim.layer_decay"},
		{"train.ema_decay=1", "train.ema_decay"}, {"train.freeze=14", "train.freeze"}, {"train.freeze=-1", "train.freeze"},
		{"train.validate_epochs=0", "train.validate_epochs"}, {"train.patience=-1", "train.patience"}, {"train.batch=7", "train.batch"},
	} {
		f := DefaultFinetune()
		set(t, &f, c.override)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), c.key+":") {
			t.Errorf("%s: error %v does not name %s", c.override, err, c.key)
		}
	}
	for _, allowed := range []string{"augment.randaugment=", "train.freeze=13", "data.repeats=2 train.batch=7", "mix.probability=0 train.batch=7", "mix.mixup=0 mix.cutmix=0 train.batch=7"} {
		f := DefaultFinetune()
		set(t, &f, strings.Fields(allowed)...)
		if err := f.Validate(); err != nil {
			t.Errorf("%s: %v", allowed, err)
		}
	}
}

func TestKindsAreToldApart(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "my.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for text, want := range map[string]string{
		"name: x\n":                                   "my.yaml: this recipe is for pre-training, and one for fine-tuning is wanted, which says \"kind: finetune\"",
		"kind: pretrain\n":                            ":1:7: this recipe is for pre-training",
		"kind: train\n":                               ":1:7: kind: \"train\" is neither pretrain nor finetune",
		"kind: [finetune]\n":                          ":1:7: kind: one value is wanted here",
		"kind: finetune\nmask:\n  ratio: 0.9\n":       ":2:1: unknown key mask",
		"kind: finetune\naugmnt:\n  flip: 0\n":        ":2:1: unknown key augmnt; did you mean augment?",
		"kind: finetune\noptim:\n  layerdecay: 0.7\n": ":3:3: unknown key optim.layerdecay; did you mean optim.layer_decay?",
	} {
		if _, err := LoadFinetune(file(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not contain %q", text, err, want)
		}
	}
	finetune, pretrain := file("name: x\nkind: finetune\n"), file("kind: pretrain\nname: x\n")
	if _, err := Load(finetune); err == nil || !strings.Contains(err.Error(), finetune+":2:7: this recipe is for fine-tuning") {
		t.Errorf("error %v does not tell the kind", err)
	}
	if p, err := Load(pretrain); err != nil || p.Name != "x" {
		t.Errorf("a recipe that states its kind: %v", err)
	}
	for path, want := range map[string][]Kind{
		finetune: {KindFinetune}, pretrain: {KindPretrain}, "demo": {KindPretrain, KindFinetune}, "k400-to-ucf101-vit-b-1600": {KindFinetune},
	} {
		if got, err := KindsOf(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: kinds %v (%v), want %v", path, got, err, want)
		}
	}
	for _, path := range []string{"nothing", "nothing.yaml", file("kind: train\n"), file("- a\n")} {
		if got, err := KindsOf(path); err == nil {
			t.Errorf("%s is of the kinds %v", path, got)
		}
	}
	if _, err := Load("k400-to-ucf101-vit-b-1600"); err == nil || !strings.Contains(err.Error(), "is a recipe for fine-tuning, not for pre-training") {
		t.Errorf("error %v does not tell that the name is one of fine-tuning", err)
	}
	if _, err := LoadFinetune("k400"); err == nil || !strings.Contains(err.Error(), "no recipe for fine-tuning is called \"k400\"") {
		t.Errorf("error %v", err)
	}
}

func TestDifferencesOfFinetuning(t *testing.T) {
	was := DefaultFinetune()
	is := was
	set(t, &is, "augment.flip=0", "optim.lr=1e-3")
	want := []Difference{{"augment.flip", "0.5", "0"}, {"optim.lr", "unset", "0.001"}}
	if got := Differences(was, is); !slices.Equal(got, want) {
		t.Errorf("differences %+v, want %+v", got, want)
	}
}
