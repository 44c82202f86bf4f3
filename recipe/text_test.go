package recipe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func set[R Recipe](t *testing.T, p *R, overrides ...string) {
	t.Helper()
	for _, o := range overrides {
		if err := Set(p, o); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSetParsesEveryType(t *testing.T) {
	p := Default()
	set(t, &p, "name=a=b", "data.path=/a b/c: d.csv", "model.frames=32", "mask.ratio=.75", "mask.kind=random",
		"train.seed=18446744073709551615", "train.gradient_checkpointing=true", "optim.base_lr=1.5e-4", "optim.warmup_epochs=0")
	want := Default()
	want.Name, want.Data.Path, want.Model.Frames, want.Mask.Ratio, want.Mask.Kind = "a=b", "/a b/c: d.csv", 32, .75, "random"
	want.Train.Seed, want.Train.GradientCheckpointing, want.Optim.BaseLR, want.Optim.WarmupEpochs = 1<<64-1, true, new(1.5e-4), new(0)
	if !cmp.Equal(p, want) {
		t.Error(cmp.Diff(want, p))
	}
}

// The last of two alternatives wins, so that a recipe's rule can be overridden.
func TestSetClearsTheAlternative(t *testing.T) {
	p := read(t, "k400-vit-b-800")
	set(t, &p, "optim.lr=1e-3", "optim.min_lr=0", "optim.warmup_share=0.05")
	s, err := p.Derive(10)
	if err != nil {
		t.Fatal(err)
	}
	if s.Peak != 1e-3 || s.Min != 0 || s.WarmupSteps != 400 {
		t.Errorf("%+v", s)
	}
	for a, b := range alternatives {
		if alternatives[b] != a {
			t.Errorf("%s and %s are not each other's alternative", a, b)
		}
		if _, err := settingsOf(&p).find(a); err != nil {
			t.Error(err)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for override, want := range map[string]string{
		"optim.lr":                         "key=value",
		"optim.lrr=1":                      "did you mean optim.lr?; keys of optim: lr, base_lr,",
		"lr=1":                             "did you mean optim.lr?",
		"optim.warmup_epoch=1":             "did you mean optim.warmup_epochs?",
		"train.mask_ratio=1":               "keys of train: epochs, steps,",
		"modle.size=base":                  "did you mean model.size?",
		"qqq=1":                            "keys and sections: name, about, model,",
		"model=tiny":                       "model is a section with the keys size, frames,",
		"=":                                "unknown key",
		"model.frames=16.5":                `model.frames: "16.5" is not a whole number`,
		"model.frames=1e1":                 "not a whole number",
		"model.frames=":                    "not a whole number",
		"train.seed=-1":                    "whole number from 0",
		"optim.lr=fast":                    `optim.lr: "fast" is not a number`,
		"optim.lr=nan":                     "not a number",
		"mask.ratio=inf":                   "not a number",
		"optim.warmup_epochs=half":         "not a whole number",
		"train.gradient_checkpointing=yes": "neither true nor false",
		"data.path=\xff":                   "UTF-8",
	} {
		p := Default()
		if err := Set(&p, override); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not contain %q", override, err, want)
		}
		if !cmp.Equal(p, Default()) {
			t.Errorf("%s: changed the recipe", override)
		}
	}
}

func TestFileErrorsNameLineAndColumn(t *testing.T) {
	for text, want := range map[string]string{
		"name: x\nmodel:\n  framez: 16\n":        ":3:3: unknown key model.framez; did you mean model.frames?",
		"name: x\nlr: 1\n":                       ":2:1: unknown key lr; did you mean optim.lr?",
		"model:\n  frames: sixteen\n":            ":2:11: model.frames: \"sixteen\" is not a whole number",
		"model:\n  frames: 16.5\n":               ":2:11: model.frames: \"16.5\" is not a whole number",
		"model:\n  frames: '16'\n":               ":2:11: model.frames: is quoted",
		"model:\n  frames: [16]\n":               ":2:11: model.frames: one value is wanted here, not sequence",
		"model:\n  frames:\n":                    ":2:11: model.frames: one value is wanted here, not null",
		"model:\n  frames: {a: 1}\n":             "model.frames: one value is wanted here",
		"train:\n  seed: &a 1\n":                 "train.seed: one value is wanted here, not anchor",
		"optim:\n  lr: .nan\n":                   ":2:7: optim.lr: \".nan\" is not a number",
		"train:\n  gradient_checkpointing: 1\n":  ":2:27: train.gradient_checkpointing: \"1\" is neither",
		"model: tiny\n":                          ":1:8: keys with values are wanted here",
		"- model\n":                              ":1:1: keys with values",
		"model:\n  frames: 16\n  frames: 8\n":    ":3:3: ",
		"model: {frames: 16\n":                   ":1:",
		"a: b: c\n":                              ":1:",
		"":                                       "exactly one YAML document",
		"name: a\n---\nname: b\n":                "exactly one YAML document",
		"name: \xff\n":                           "UTF-8",
		"about: " + strings.Repeat("x", maxFile): "at most",
	} {
		path := filepath.Join(t.TempDir(), "my.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v does not contain the file and %q", text, err, want)
		}
	}
}

func TestLoadOfWhatIsNotThere(t *testing.T) {
	if _, err := Load("k400"); err == nil || !strings.Contains(err.Error(), "k400-vit-b-1600") {
		t.Errorf("error %v does not list the recipes", err)
	}
	if _, err := Load("missing.yaml"); err == nil || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("error %v does not name the file", err)
	}
	if _, err := Load("../recipe"); err == nil {
		t.Error("a folder was taken for a recipe")
	}
}

// survives demands that the written recipe is read back as it was.
func survives[R Recipe](t *testing.T, want R, written []byte) {
	t.Helper()
	got, err := parse[R]("again", written)
	if err != nil || !cmp.Equal(got, want) {
		t.Fatalf("%v\n%s\n%s", err, written, cmp.Diff(want, got))
	}
}

// Any text survives being written into a file and read back.
func FuzzTextSurvives(f *testing.F) {
	for _, s := range []string{"", "tiny", "true", "null", "~", "1e3", "a: b", " x", "x ", "one\ntwo\n", "one\n\ntwo", "\nlead\n", "tab\tx", "'", "\"", "\\", "# c", "- a\n", "%\n", "a #b\n",
		"\x00", "é", "\r\n", "a\n  b\n", "---\n", "...\n", "\u0085", "\u2028", "\ufeff", "a:\n", "{x\n", "|\n", "\U0001f600"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 1000 {
			return
		}
		pretrain, finetune := Default(), DefaultFinetune()
		pretrain.About, pretrain.Data.Path = s, s
		finetune.About, finetune.Data.ValSplit = s, s
		survives(t, pretrain, pretrain.YAML())
		survives(t, finetune, finetune.YAML())
	})
}

// Whatever the bytes, reading ends without a panic, and what was read survives being written. No text is a recipe of both kinds.
func FuzzLoad(f *testing.F) {
	for _, kind := range Kinds {
		for _, name := range Names(kind) {
			text, _ := builtInText(kind, name)
			f.Add(text)
		}
	}
	for _, text := range []string{"model: {frames: 16}", "optim:\n  lr: 1e-3\n  <<: {lr: 2}", "? a\n: b", "a: *b", "!!map {}", "name: >\n  folded\n  text\n",
		"kind: finetune\naugment: {flip: 0}", "kind: pretrain", "kind: [finetune]", "kind: finetune\nkind: pretrain"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		pretrain, asPretrain := parse[Pretrain]("fuzz", text)
		if asPretrain == nil {
			survives(t, pretrain, pretrain.YAML())
			_, _ = pretrain.Derive(10)
		}
		finetune, asFinetune := parse[Finetune]("fuzz", text)
		if asFinetune == nil {
			survives(t, finetune, finetune.YAML())
			_, _ = finetune.Derive(10)
			_, _ = finetune.Advise(100, []string{"a", "b"})
		}
		if asPretrain == nil && asFinetune == nil {
			t.Fatalf("%q is a recipe of both kinds", text)
		}
	})
}
